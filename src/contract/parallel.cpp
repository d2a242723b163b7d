// SPDX-License-Identifier: Apache-2.0
#include "contract/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "headway/base/error.hpp"

namespace headway {

/// The workers sleep until a job is posted; caller and workers then draw task numbers from one counter.
struct Threads::Pool {
    struct Job {
        const std::function<void(std::int64_t)>& task;
        std::int64_t n;
        std::atomic<std::int64_t> next{0};
        std::exception_ptr error{};
    };

    /// With fewer workers where the system gives no more: the results are the same.
    explicit Pool(int workers) {
        threads.reserve(static_cast<std::size_t>(workers));
        try {
            for (int i = 0; i < workers; ++i) threads.emplace_back([this] { work(); });
        } catch (const std::system_error&) {  // no more threads
        } catch (const std::bad_alloc&) {     // no memory for one more
        }
    }

    ~Pool() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
        }
        posted.notify_all();
        for (std::thread& thread : threads) thread.join();
    }

    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    void draw(Job& current) {
        for (std::int64_t i = current.next++; i < current.n; i = current.next++) {
            try {
                current.task(i);
            } catch (...) {
                const std::lock_guard lock(mutex);
                if (!current.error) current.error = std::current_exception();
            }
        }
    }

    void work() {
        std::uint64_t seen = 0;
        std::unique_lock lock(mutex);
        while (true) {
            posted.wait(lock, [&] { return stopping || (job != nullptr && generation != seen); });
            if (stopping) return;
            seen = generation;
            Job& current = *job;
            ++active;
            lock.unlock();
            draw(current);
            lock.lock();
            if (--active == 0) finished.notify_one();
        }
    }

    void run(Job& current) {
        {
            const std::lock_guard lock(mutex);
            job = &current;
            ++generation;
        }
        posted.notify_all();
        draw(current);
        std::unique_lock lock(mutex);
        job = nullptr;  // no worker joins any more
        finished.wait(lock, [&] { return active == 0; });
    }

    std::mutex mutex;
    std::condition_variable posted;
    std::condition_variable finished;
    std::vector<std::thread> threads;
    Job* job = nullptr;
    std::uint64_t generation = 0;
    int active = 0;  ///< workers inside the job
    bool stopping = false;
    std::atomic<bool> busy{false};
};

Threads::Threads(int count) : count_(count) {
    require(count >= 1, ErrorKind::Usage, "threads: expected at least 1, got {}", count);
    if (count > 1) pool_ = std::make_unique<Pool>(count - 1);
}

Threads::~Threads() = default;

void Threads::run(std::int64_t n, const std::function<void(std::int64_t)>& task) {
    if (n <= 1 || !pool_ || pool_->busy.exchange(true)) {
        for (std::int64_t i = 0; i < n; ++i) task(i);
        return;
    }
    Pool::Job job{task, n};
    pool_->run(job);
    pool_->busy = false;
    if (job.error) std::rethrow_exception(job.error);
}

void for_blocks(Threads& threads, std::int64_t n, std::int64_t grain,
                const std::function<void(std::int64_t, std::int64_t)>& body) {
    invariant(grain >= 1, "for_blocks: a grain of at least 1");
    threads.run((n + grain - 1) / grain,
                [&](std::int64_t i) { body(i * grain, std::min(n, (i + 1) * grain)); });
}

}  // namespace headway

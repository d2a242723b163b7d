// Threads of our own, outside of BLAS. Work is cut by the problem and never by the number of threads, and a
// task writes what no other task writes: so results are the same bits for any number of threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace headway {

/// A pool of `count` threads, the caller among them.
class Threads {
public:
    /// Requires: count >= 1 (otherwise Error(Usage)).
    explicit Threads(int count);
    ~Threads();
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

    int count() const { return count_; }

    /// Runs task(0) ... task(n - 1) in any order and returns when all are done. The first exception of a task
    /// is thrown here, after the others. A call from inside a task, or while another call runs, is served by
    /// its own thread alone.
    void run(std::int64_t n, const std::function<void(std::int64_t)>& task);

private:
    struct Pool;
    int count_;
    std::unique_ptr<Pool> pool_;  ///< null for one thread
};

/// Calls body(begin, end) on consecutive pieces of 0 ... n of `grain` elements (the last may be shorter), in
/// parallel.
void for_blocks(Threads& threads, std::int64_t n, std::int64_t grain,
                const std::function<void(std::int64_t, std::int64_t)>& body);

}  // namespace headway

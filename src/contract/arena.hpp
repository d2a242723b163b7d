// The memory of an evaluation: every array and every scratch buffer is taken here, counted against one
// budget, and recycled, since fresh pages cost as much as a small GEMM.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <memory>
#include <mutex>

namespace headway {

/// Metered, recycling allocator of 64-byte aligned buffers. Safe to use from several threads.
class Arena : public std::enable_shared_from_this<Arena> {
public:
    static constexpr std::size_t alignment = 64;
    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

    explicit Arena(std::size_t budget) : budget_(budget) {}
    ~Arena();
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    /// At least `bytes` of uninitialised memory, which goes back to the arena when the last owner drops it.
    /// Throws Error(Limit) when the bytes in use would pass the budget, or the machine has no more.
    std::shared_ptr<void> take(std::size_t bytes);

    std::size_t budget() const { return budget_; }  ///< bytes
    std::size_t in_use() const;                     ///< bytes handed out now
    std::size_t peak() const;                       ///< most bytes ever held: handed out and kept for reuse

private:
    void* take_idle(std::size_t& bytes);
    void make_room(std::size_t bytes);
    void give_back(void* buffer, std::size_t bytes) noexcept;

    const std::size_t budget_;
    mutable std::mutex mutex_;
    std::multimap<std::size_t, void*> idle_;  ///< by size
    std::size_t in_use_ = 0;
    std::size_t idle_bytes_ = 0;
    std::size_t peak_ = 0;
};

}  // namespace headway

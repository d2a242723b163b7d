// How far a long computation is: counters that its threads add to, and that someone else reads now and then.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace headway {

/// Both counters only grow. A total grows too when more is found to be done; 0: not known.
struct Progress {
    std::atomic<std::uint64_t> bytes{0};  ///< read
    std::atomic<std::uint64_t> all_bytes{0};
    std::atomic<std::uint64_t> work{0};  ///< done, in units that take about the same time
    std::atomic<std::uint64_t> all_work{0};
};

/// Adds to a counter of `progress`, or to nothing when nobody asked.
inline void advance(Progress* progress, std::atomic<std::uint64_t> Progress::*counter, std::uint64_t by) {
    if (progress != nullptr) (progress->*counter).fetch_add(by, std::memory_order_relaxed);
}

}  // namespace headway

// What a program holds in memory while it runs, step by step, from shapes alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "contract/program.hpp"

#include <vector>

namespace headway {

struct MemoryUse {
    std::vector<double> peaks;  ///< bytes beyond the weights while each item runs
    double peak = 0;            ///< the largest of them
    std::vector<double> bytes;  ///< of each value as the program holds it; 0: it is a view, or never whole
    std::vector<std::size_t> made,
        last;  ///< of each value: the item that makes it, the last one that it lives in
};

/// Bytes of a number.
struct NumberSizes {
    double element = 4;
    /// Of an output in the hands of whom it is for, while the program makes it; 0: that is counted elsewhere.
    double taken = 8;
};

/// Results and what is packed or summed on the way.
MemoryUse memory_use(const Program& program, const NumberSizes& bytes);

}  // namespace headway

// Seeded random numbers, the same on every machine.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "expand/field.hpp"

#include <vector>

namespace headway {

class Random {
public:
    explicit Random(std::uint64_t seed) : seed_(seed) {}
    std::uint64_t word() { return FieldHash(seed_).add(std::string_view("random")).add(count_++).word(); }
    /// In low..high, both included. Requires: low <= high.
    int between(int low, int high) {
        return low + static_cast<int>(word() % static_cast<std::uint64_t>(high - low + 1));
    }
    /// True once in `n` times.
    bool one_in(int n) { return between(1, n) == 1; }
    template <class T>
    const T& pick(const std::vector<T>& list) {
        return list[static_cast<std::size_t>(between(0, static_cast<int>(list.size()) - 1))];
    }
    template <class T>
    void shuffle(std::vector<T>& list) {
        for (std::size_t i = list.size(); i > 1; --i)
            std::swap(list[i - 1], list[static_cast<std::size_t>(between(0, static_cast<int>(i) - 1))]);
    }

private:
    std::uint64_t seed_;
    std::uint64_t count_ = 0;
};

}  // namespace headway

// The names that formulas give to indices, `W_OV[d, d1]` as code writes it: `using namespace indices;` in a file that
// writes networks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/index.hpp"

namespace headway::indices {

inline constexpr Index q{Space::Position, 0}, k{Space::Position, 1};
inline constexpr Index d{Space::Residual, 0}, d1{Space::Residual, 1}, d2{Space::Residual, 2},
    d3{Space::Residual, 3};
inline constexpr Index e{Space::HeadInner, 0}, e1{Space::HeadInner, 1}, e2{Space::HeadInner, 2};
inline constexpr Index h{Space::Head, 0}, r{Space::Member, 0};
inline constexpr Index m{Space::Neuron, 0}, v{Space::Vocab, 0}, c{Space::Channel, 0};

}  // namespace headway::indices

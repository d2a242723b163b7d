// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/channels.hpp"

#include <vector>

namespace headway::test {

/// Every pair of heads of different layers, by every kind.
inline std::vector<ChannelPair> all_pairs(const Config& config) {
    std::vector<ChannelPair> pairs;
    for (const Composition kind : {Composition::Q, Composition::K, Composition::V})
        for (int reader = 1; reader < config.n_layers; ++reader)
            for (int writer = 0; writer < reader; ++writer)
                for (int a = 0; a < config.n_heads; ++a)
                    for (int b = 0; b < config.n_heads; ++b)
                        pairs.push_back({{writer, a}, {reader, b}, kind});
    return pairs;
}

}  // namespace headway::test

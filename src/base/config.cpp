// SPDX-License-Identifier: Apache-2.0
#include "headway/base/config.hpp"

#include <cmath>

namespace headway {

double Config::score_scale(int layer) const {
    const double scale =
        attention_scale != 0.0 ? attention_scale : 1.0 / std::sqrt(static_cast<double>(d_head));
    return scale_by_inverse_layer ? scale / (layer + 1) : scale;
}

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "headway/base/config.hpp"

#include <cmath>
#include <numbers>

namespace headway {

double Rotary::frequency(int pair) const {
    const double plain = std::pow(theta, -2.0 * pair / dims);
    if (scaling == RotaryScaling::None) return plain;
    if (scaling == RotaryScaling::Linear) return plain / factor;
    const double wavelength = 2.0 * std::numbers::pi / plain;
    if (wavelength < original_ctx / high_factor) return plain;
    if (wavelength > original_ctx / low_factor) return plain / factor;
    const double smooth = (original_ctx / wavelength - low_factor) / (high_factor - low_factor);
    return (1.0 - smooth) * plain / factor + smooth * plain;
}

double Config::score_scale(int layer) const {
    const double scale =
        attention_scale != 0.0 ? attention_scale : 1.0 / std::sqrt(static_cast<double>(d_head));
    return scale_by_inverse_layer ? scale / (layer + 1) : scale;
}

Rotary Config::rotary_of(int layer) const {
    if (positions != Positions::Rotary) return {};
    return layer_attention.empty() ? rotary : layer_attention[static_cast<std::size_t>(layer)].rotary;
}

int Config::window_of(int layer) const {
    return layer_attention.empty() ? 0 : layer_attention[static_cast<std::size_t>(layer)].window;
}

}  // namespace headway

// The kinds of a Config as words.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"

namespace headway {

constexpr const char* word(Positions positions) {
    switch (positions) {
        case Positions::None:
            return "none";
        case Positions::Learned:
            return "learned";
        case Positions::Shortformer:
            return "shortformer";
        case Positions::Rotary:
            return "rotary";
    }
    return "";
}

constexpr const char* word(Norm norm) {
    switch (norm) {
        case Norm::None:
            return "none";
        case Norm::LayerNorm:
            return "layernorm";
        case Norm::RmsNorm:
            return "rmsnorm";
    }
    return "";
}

constexpr const char* word(Activation activation) {
    switch (activation) {
        case Activation::Relu:
            return "relu";
        case Activation::Gelu:
            return "gelu";
        case Activation::GeluNew:
            return "gelu_new";
        case Activation::Silu:
            return "silu";
    }
    return "";
}

}  // namespace headway

// The names of functions in the text form.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/expression.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace headway {

inline constexpr std::array<std::pair<std::string_view, Function>, 7> function_names{
    {{"softmax", Function::Softmax},
     {"rstd", Function::Rstd},
     {"relu", Function::Relu},
     {"gelu_new", Function::GeluNew},
     {"gelu", Function::Gelu},
     {"silu", Function::Silu},
     {"softcap", Function::SoftCap}}};

constexpr std::string_view function_name(Function function) {
    for (const auto& [name, value] : function_names)
        if (value == function) return name;
    return {};
}

}  // namespace headway

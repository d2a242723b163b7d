// SPDX-License-Identifier: Apache-2.0
#include "io/gguf_types.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace headway {
namespace {

struct Row {
    std::uint32_t number;
    DType dtype;
    std::string_view unknown_name = {};
};

// Unknown: types that are for computing only, that are younger than this reader, or that the format has given
// up.
constexpr std::array rows = {
    Row{0, DType::F32},
    Row{1, DType::F16},
    Row{2, DType::Q4_0},
    Row{3, DType::Q4_1},
    Row{6, DType::Q5_0},
    Row{7, DType::Q5_1},
    Row{8, DType::Q8_0},
    Row{10, DType::Q2_K},
    Row{11, DType::Q3_K},
    Row{12, DType::Q4_K},
    Row{13, DType::Q5_K},
    Row{14, DType::Q6_K},
    Row{16, DType::IQ2_XXS},
    Row{17, DType::IQ2_XS},
    Row{18, DType::IQ3_XXS},
    Row{19, DType::IQ1_S},
    Row{20, DType::IQ4_NL},
    Row{21, DType::IQ3_S},
    Row{22, DType::IQ2_S},
    Row{23, DType::IQ4_XS},
    Row{24, DType::I8},
    Row{25, DType::I16},
    Row{26, DType::I32},
    Row{27, DType::I64},
    Row{28, DType::F64},
    Row{29, DType::IQ1_M},
    Row{30, DType::BF16},
    Row{34, DType::TQ1_0},
    Row{35, DType::TQ2_0},
    Row{39, DType::MXFP4},
    Row{40, DType::NVFP4},
    Row{4, DType::Unknown, "Q4_2 (given up)"},
    Row{5, DType::Unknown, "Q4_3 (given up)"},
    Row{9, DType::Unknown, "Q8_1"},
    Row{15, DType::Unknown, "Q8_K"},
    Row{31, DType::Unknown, "Q4_0_4_4 (given up)"},
    Row{32, DType::Unknown, "Q4_0_4_8 (given up)"},
    Row{33, DType::Unknown, "Q4_0_8_8 (given up)"},
    Row{36, DType::Unknown, "IQ4_NL_4_4 (given up)"},
    Row{37, DType::Unknown, "IQ4_NL_4_8 (given up)"},
    Row{38, DType::Unknown, "IQ4_NL_8_8 (given up)"},
    Row{41, DType::Unknown, "Q1_0"},
};

}  // namespace

GgufType gguf_type(std::uint32_t number) {
    const auto* row = std::ranges::find(rows, number, &Row::number);
    if (row == rows.end()) return {DType::Unknown, fmt::format("type {}", number)};
    return {row->dtype, std::string(row->unknown_name)};
}

}  // namespace headway

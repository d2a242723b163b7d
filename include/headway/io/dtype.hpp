// The element types of weight files: plain numbers, and numbers quantised in blocks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace headway {

/// Element types by name: those of safetensors by increasing alignment, then the block types of GGUF;
/// Unknown is any other.
// clang-format off
enum class DType {
    Bool, F4, F6_E2M3, F6_E3M2, U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ,
    I16, U16, F16, BF16, I32, U32, F32, C64, F64, I64, U64,
    Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ2_XXS, IQ2_XS, IQ3_XXS, IQ1_S, IQ4_NL,
    IQ3_S, IQ2_S, IQ4_XS, IQ1_M, TQ1_0, TQ2_0, MXFP4, NVFP4, Unknown
};
// clang-format on

/// The name in a file: `F8_E4M3`. Unknown has none: see StoredTensor::dtype_name.
std::string_view dtype_name(DType dtype);

/// How elements lie in a file: so many of them in so many bytes. A plain number is a block of one.
struct BlockSize {
    int elements = 1;
    int bytes = 0;  ///< 0 for Unknown
};
BlockSize block_size(DType dtype);

/// Whether WeightFiles::read converts it: floating-point numbers, integers, truth values.
bool is_readable(DType dtype);
/// Whether it is readable and can be a weight: floating-point numbers, also in blocks.
bool is_readable_float(DType dtype);

}  // namespace headway

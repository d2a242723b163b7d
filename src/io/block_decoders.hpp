// One block of each quantised type turned into floats, by the multiplications of the reference dequantiser in
// their order. A block comes as its bytes in little-endian order, of any alignment.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace headway {

/// Writes the elements of the block at `block`, as many as its type has, to `out`. The two do not overlap.
using DecodeBlock = void(const std::uint8_t* block, float* out);

// 32 elements, one scale (and in the `_1` types one minimum).
DecodeBlock decode_q4_0, decode_q4_1, decode_q5_0, decode_q5_1, decode_q8_0, decode_iq4_nl, decode_mxfp4;
// 64 elements, four scales.
DecodeBlock decode_nvfp4;
// 256 elements, scales of the scales.
DecodeBlock decode_q2_k, decode_q3_k, decode_q4_k, decode_q5_k, decode_q6_k, decode_iq4_xs;
// 256 elements, each -1, 0 or 1 times one scale.
DecodeBlock decode_tq1_0, decode_tq2_0;
// 256 elements in groups of eight or four from a codebook.
DecodeBlock decode_iq1_s, decode_iq1_m, decode_iq2_xxs, decode_iq2_xs, decode_iq2_s, decode_iq3_xxs,
    decode_iq3_s;

}  // namespace headway

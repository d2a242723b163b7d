// The codebooks of the IQ block types: each code stands for eight (or four) small integers that lie together
// in a row.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace headway {

/// `codebook[code][i]`: element i of the group that `code` stands for.
template <std::size_t codes, std::size_t elements>
using Codebook = std::array<std::array<std::int8_t, elements>, codes>;

extern const Codebook<256, 8> codebook_iq2_xxs;  ///< 8, 25 and 43, signs apart
extern const Codebook<512, 8> codebook_iq2_xs;
extern const Codebook<1024, 8> codebook_iq2_s;
extern const Codebook<2048, 8> codebook_iq1;     ///< -1, 0 and 1; IQ1_S and IQ1_M share it
extern const Codebook<256, 4> codebook_iq3_xxs;  ///< 4, 12, ... 52 and 62, signs apart
extern const Codebook<512, 4> codebook_iq3_s;    ///< 1, 3, ... 15, signs apart

/// The 16 values of a four-bit code in IQ4_NL and IQ4_XS.
inline constexpr std::array<std::int8_t, 16> values_iq4 = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                           1,    13,   25,  38,  53,  69,  89,  113};
/// The 16 values of an E2M1 code, doubled so that they are whole; MXFP4 and NVFP4 halve their scales for it.
inline constexpr std::array<std::int8_t, 16> values_e2m1 = {0, 1,  2,  3,  4,  6,  8,  12,
                                                            0, -1, -2, -3, -4, -6, -8, -12};

}  // namespace headway

// The einsum string of one product as a caption: `qk,kl,lv,vd,de,ef,fw -> qw`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/expression.hpp"

#include <string>

namespace headway {

/// Letters by space (q k l for positions, v w for the vocabulary, d e f for features), each used once.
std::string einsum_text(const Expr& expression);

}  // namespace headway

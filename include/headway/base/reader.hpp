// What reads the residual stream, everywhere: an input of a head, an MLP, the unembedding; and composition, which is
// that a head reads by one of its three inputs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace headway {

enum class Reader { Q, K, V, Mlp, Unembed };
/// `Q`, `K`, `V`, `mlp`, `unembed`.
const char* name(Reader reader);

/// By which input of a later head: Q-, K-, V-composition.
enum class Composition { Q, K, V };

/// `q`, `k`, `v`.
char letter(Composition kind);
/// `Q`, `K`, `V`: the input as paths and edges name it.
char input_letter(Composition kind);
/// That of `Q`, `K` or `V`.
std::optional<Composition> by_input_letter(std::string_view text);

/// The input that a composition is by.
Reader reader_of(Composition kind);
/// Nothing for an MLP and the unembedding.
std::optional<Composition> composition_of(Reader reader);

}  // namespace headway

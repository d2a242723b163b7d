// The network behind a number, by the number's name: what `network --score` writes down and `diagram` draws.
//   ov:L1H4  qk:L0H3>L1H4.K  qk-pos:L1H4  direct   circuits over the vocabulary: see head_circuit.hpp
//   direct-above-mean                              the direct path less the mean of each row: a bigram
//   copying:L1H4  copying-ov:L1H4  matching:L1H4  matching:L0H3>L1H4.K  matching-pos:L0H3>L1H4.Q
//                                                  whose eigenvalues are the score's
//   size-ov:L1H4  size-qk:L1H4                     whose eigenvalues are squares of singular values
//   q:L0H3>L1H4  k:L0H3>L1H4  v:L0H3>L1H4          the numerator of a composition score, squared
//   edge:embed>L0H3.K  edge:L0H3>mlp1  edge:mlp0>unembed       the same of any edge of the circuit graph
//   channel:L0H3:5>L1H4.K                          component 5 of the writer's OV, squared
//   channel:L0H3>L1H4.K:2  channel:L0H3:5>L1H4.K:2 component 2 of what the reader reads with; of both
//   direction:V_OV[L0H3]:5                         a singular direction over the vocabulary
//   neuron:mlp0.17  neuron-key:mlp0.17  neuron-gate:mlp0.17    a neuron over the vocabulary
//   trigram:L0H3                                   the score of skip-trigrams, by the tokens of a run
//   previous:L0H3  duplicate:L0H3  induction:L1H4  first:L0H3   a probe's sum of attention entries
//   positions:L0H3  kernel:L0H3                    attention and score by position alone
//   bias-value:L0H3  bias-query:L0H3  bias-key:L0H3
// Rotary models: qk, q, k, edge, channel and trigram at an offset of query and key, @3; all but qk and trigram
// over several, @0-64.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/network/text.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// A network with names for what it is made of, and how the number is read off its value, a sentence.
struct Quantity {
    Network network;
    std::string about;
};

/// Whether the text is written as a quantity is: with a colon, or `direct` and `direct-above-mean`.
bool names_quantity(std::string_view text);

/// The quantity of that name. `probe_length`: T of a probe. Throws Error(Usage): no such name, no such head;
/// Error(Unsupported) where the model has no such network; and as parse_head_circuit.
Quantity quantity(const Config& config, std::string_view text, int probe_length = 50);

/// `copying:HEAD`, ...: the forms, for help.
std::vector<std::string> quantity_forms();

}  // namespace headway

// An edited model: the rewritten network and the numbers that it needs beyond the model's own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/contract/evaluate.hpp"
#include "headway/expand/edit.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace headway {

/// An attention pattern that is given to a head: row-major [query, key], of the length of the runs.
struct GivenPattern {
    Head head;
    std::int64_t length = 0;
    std::vector<double> values = {};
};

/// Evaluated and probed as a model is: `run_network(edited.model, edited.network, tokens)`.
struct EditedModel {
    Model model;                          ///< with the leaves that the network asks for
    Network network;                      ///< transformer(config) with the edits
    std::vector<std::string> notes = {};  ///< what was done: for captions
};

/// The patterns are of `edits.given_patterns`. Throws as check_edits; Error(Usage): a head without a pattern
/// or a pattern without a head, patterns of one layer of different lengths, rows that are not attention.
EditedModel edited(const Model& model, const Edits& edits, const std::vector<GivenPattern>& patterns = {});

/// The model with an edit of weights carried out: W_O of the edited heads is another, and nothing else; other
/// heads keep their bits. Its own network is that of `edited`. `directions` is the model whose singular
/// components are edited: the folded one where `model` is not folded, with the same heads. Throws as
/// check_edits for both models, and Error(Unsupported) for edits that are none of weights: an edge closed or
/// scaled is an operation on a run.
Model with_edited_weights(const Model& model, const Edits& edits, const Model& directions);
Model with_edited_weights(const Model& model, const Edits& edits);

}  // namespace headway

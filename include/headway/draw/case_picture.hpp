// A case of an ablation as a circuit: which edges were closed or scaled in the run, what the heads still did in it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/draw/circuit_diagram.hpp"
#include "headway/measure/ablation.hpp"

#include <cstddef>
#include <vector>

namespace headway {

/// The picture of the case `rows[which]`: of `whole` the edges into the inputs that any case edits edges
/// into, those that default_selection() keeps and the edited ones: closed ones are crossed out, scaled ones
/// have their factor. Heads are called by
/// what they did in the run of the case: `previous token` or `induction` from an attention of 0.3 on. The
/// caption names the case, and gives the induction of `heads` and both losses. All pictures of one ablation
/// have the same heads, but for those that only its own edges join.
CircuitPicture case_picture(const Circuit& whole, const std::vector<AblationRow>& rows, std::size_t which,
                            const std::vector<Head>& heads);

}  // namespace headway

// Everything that is measured of heads, together: what `headway heads` shows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/measure/edited_model.hpp"
#include "headway/measure/embedding.hpp"
#include "headway/measure/heads.hpp"
#include "headway/measure/positional.hpp"
#include "headway/measure/probe.hpp"
#include "headway/measure/spectra.hpp"

#include <optional>
#include <vector>

namespace headway {

/// What was measured of a model's heads; each list by layer and index, or empty when it was not.
struct HeadMeasures {
    std::vector<HeadSpectra> spectra = {};
    std::vector<HeadFacts> facts = {};
    std::vector<PositionalPreference> positional = {};
    std::vector<HeadPartners> partners = {};
    std::optional<Probe> probe = std::nullopt;
    Embedding embedding = Embedding::Raw;  ///< that copying and matching are of
    double composition_baseline = 0;       ///< that of the partners' scores
};

/// What is to be measured.
struct HeadMeasureOptions {
    EvaluateOptions evaluate{};  ///< sizes are evaluated in double whatever the precision
    bool spectra = true;
    Embedding embedding = Embedding::Raw;  ///< of the spectra
    bool facts = true;
    bool positional = true;
    bool partners = true;
    std::vector<std::vector<int>> probe_rows = {};  ///< rows `[b, r, r]`; none: no probe
};

/// From the weights of `model`, and the probe of `probed`: the model's own network, or an edited one. Throws
/// as the measures do.
HeadMeasures measure_heads(const Model& model, const EditedModel& probed,
                           const HeadMeasureOptions& options = {});
/// Of a model as it is.
HeadMeasures measure_heads(const Model& model, const HeadMeasureOptions& options = {});

}  // namespace headway

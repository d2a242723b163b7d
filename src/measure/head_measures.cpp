// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/head_measures.hpp"

#include "headway/network/transformer.hpp"

namespace headway {

HeadMeasures measure_heads(const Model& model, const EditedModel& probed, const HeadMeasureOptions& options) {
    HeadMeasures measures;
    if (!options.probe_rows.empty())
        measures.probe = probe(probed.model, probed.network, options.probe_rows, options.evaluate);
    measures.embedding = options.embedding;
    if (options.spectra)
        measures.spectra = head_spectra(embed_through(model, options.embedding, options.evaluate),
                                        {.evaluate = options.evaluate});
    if (options.facts) {
        EvaluateOptions in_double = options.evaluate;
        in_double.precision = Precision::Double;
        in_double.keep_weights = false;  // the other measures need them as they are
        measures.facts = head_facts(model, in_double);
    }
    if (options.positional) measures.positional = positional_preference(model, options.evaluate);
    if (options.partners) {
        const CompositionTable scores =
            composition(model, {Composition::Q, Composition::K, Composition::V}, options.evaluate);
        measures.partners = best_partners(scores, model.config());
        measures.composition_baseline = scores.baseline;
    }
    return measures;
}

HeadMeasures measure_heads(const Model& model, const HeadMeasureOptions& options) {
    return measure_heads(model, {.model = model, .network = transformer(model.config())}, options);
}

}  // namespace headway

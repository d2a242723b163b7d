// Gemma 2: Gemma with norms in front of the branches and behind them, soft caps, and local attention in every
// second layer, the first among them.
// SPDX-License-Identifier: Apache-2.0
#include "model/gemma.hpp"

namespace headway::architectures::gemma2 {

namespace {

bool even(const Json&, int layer) { return layer % 2 == 0; }

ConfigReading config(const Json& json, const FileTensors& file) {
    Config c = read_gemma_like(json, file);
    c.rotary = read_rotary(json, c);
    c.score_cap = json.positive("attn_logit_softcapping", 0.0);
    c.logit_cap = json.positive("final_logit_softcapping", 0.0);
    set_windows(c, read_local_layers(json, c, even), json.count("sliding_window", 4096));
    return {c};
}

}  // namespace

extern const Architecture architecture{
    .name = "gemma2",
    .other_names = "Gemma2ForCausalLM Gemma2Model",
    .tensors = gemma_tensors,
    .ignored = rotary_tables,
    .config = config,
    .features = "rope_scaling attention_bias sliding_window attn_logit_softcapping final_logit_softcapping"};

}  // namespace headway::architectures::gemma2

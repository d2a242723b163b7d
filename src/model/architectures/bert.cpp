// BERT: norms on the stream itself, every position sees every other, and a head that undoes the mask. Only
// sentence A is represented: token type 0 is a bias of the embedding.
// SPDX-License-Identifier: Apache-2.0
#include "model/features.hpp"
#include "model/hugging_face.hpp"

#include "headway/base/text.hpp"

namespace headway::architectures::bert {

namespace {

constexpr std::array tensors{
    TensorRule{"W_E", "[bert.]embeddings.word_embeddings.weight", "v d"},
    TensorRule{"W_pos", "[bert.]embeddings.position_embeddings.weight", "p d"},
    TensorRule{"b_E", "[bert.]embeddings.token_type_embeddings.weight", "* d", 0},
    TensorRule{"ln_embed.w", "[bert.]embeddings.LayerNorm.weight", "d"},
    TensorRule{"ln_embed.w", "[bert.]embeddings.LayerNorm.gamma", "d"},
    TensorRule{"ln_embed.b", "[bert.]embeddings.LayerNorm.bias", "d"},
    TensorRule{"ln_embed.b", "[bert.]embeddings.LayerNorm.beta", "d"},
    TensorRule{"W_Q", "[bert.]encoder.layer.{}.attention.self.query.weight", "(h e) d"},
    TensorRule{"W_K", "[bert.]encoder.layer.{}.attention.self.key.weight", "(g e) d"},
    TensorRule{"W_V", "[bert.]encoder.layer.{}.attention.self.value.weight", "(g e) d"},
    TensorRule{"b_Q", "[bert.]encoder.layer.{}.attention.self.query.bias", "(h e)"},
    TensorRule{"b_K", "[bert.]encoder.layer.{}.attention.self.key.bias", "(g e)"},
    TensorRule{"b_V", "[bert.]encoder.layer.{}.attention.self.value.bias", "(g e)"},
    TensorRule{"W_O", "[bert.]encoder.layer.{}.attention.output.dense.weight", "d (h e)"},
    TensorRule{"b_O", "[bert.]encoder.layer.{}.attention.output.dense.bias", "d"},
    TensorRule{"ln1.w", "[bert.]encoder.layer.{}.attention.output.LayerNorm.weight", "d"},
    TensorRule{"ln1.w", "[bert.]encoder.layer.{}.attention.output.LayerNorm.gamma", "d"},
    TensorRule{"ln1.b", "[bert.]encoder.layer.{}.attention.output.LayerNorm.bias", "d"},
    TensorRule{"ln1.b", "[bert.]encoder.layer.{}.attention.output.LayerNorm.beta", "d"},
    TensorRule{"W_in", "[bert.]encoder.layer.{}.intermediate.dense.weight", "m d"},
    TensorRule{"b_in", "[bert.]encoder.layer.{}.intermediate.dense.bias", "m"},
    TensorRule{"W_out", "[bert.]encoder.layer.{}.output.dense.weight", "d m"},
    TensorRule{"b_out", "[bert.]encoder.layer.{}.output.dense.bias", "d"},
    TensorRule{"ln2.w", "[bert.]encoder.layer.{}.output.LayerNorm.weight", "d"},
    TensorRule{"ln2.w", "[bert.]encoder.layer.{}.output.LayerNorm.gamma", "d"},
    TensorRule{"ln2.b", "[bert.]encoder.layer.{}.output.LayerNorm.bias", "d"},
    TensorRule{"ln2.b", "[bert.]encoder.layer.{}.output.LayerNorm.beta", "d"},
    TensorRule{"W_head", "cls.predictions.transform.dense.weight", "D d"},
    TensorRule{"b_head", "cls.predictions.transform.dense.bias", "d"},
    TensorRule{"ln_final.w", "cls.predictions.transform.LayerNorm.weight", "d"},
    TensorRule{"ln_final.w", "cls.predictions.transform.LayerNorm.gamma", "d"},
    TensorRule{"ln_final.b", "cls.predictions.transform.LayerNorm.bias", "d"},
    TensorRule{"ln_final.b", "cls.predictions.transform.LayerNorm.beta", "d"},
    TensorRule{"W_U", "cls.predictions.decoder.weight", "v d"},
    TensorRule{"b_U", "cls.predictions.bias", "v"},
    TensorRule{"b_U", "cls.predictions.decoder.bias", "v"},
};

constexpr std::array<std::string_view, 4> others{"[bert.]pooler.*", "[bert.]embeddings.position_ids",
                                                 "cls.seq_relationship.*", "cls.predictions.decoder.bias"};

ConfigReading config(const Json& json, const FileTensors& file) {
    refuse(json, "is_decoder", "a BERT that generates is not supported");
    const std::string positions = json.text("position_embedding_type", "absolute");
    require(positions == "absolute", ErrorKind::Unsupported, "{} is {}, expected absolute",
            where(json, "position_embedding_type"), quote(positions));
    Config c = read_sizes(json, file);
    c.positions = Positions::Learned;
    c.norm = Norm::LayerNorm;
    c.norm_placement = NormPlacement::Stream;
    c.norm_eps = json.positive("layer_norm_eps", 1e-12);
    c.embed_norm = true;
    c.causal = false;
    c.activation = read_activation(json, "hidden_act");
    c.biases = {.query_key_value = true, .attention_out = true, .mlp = true, .norm = true, .embed = true};
    c.tied_unembed = json.boolean("tie_word_embeddings", true);
    c.masked_head = c.final_norm = c.biases.unembed = file.has("cls.predictions.transform.dense.weight");
    ConfigReading reading{c};
    reading.notes.emplace_back("only the first sentence of a pair (token type 0) is represented");
    if (!c.masked_head) {
        reading.notes.emplace_back(
            "the file has no masked-language head: logits are the last residual stream times the embeddings");
    }
    return reading;
}

}  // namespace

extern const Architecture architecture{.name = "bert",
                                       .other_names = "BertForMaskedLM BertModel BertForPreTraining",
                                       .tensors = tensors,
                                       .ignored = others,
                                       .config = config};

}  // namespace headway::architectures::bert

// SPDX-License-Identifier: Apache-2.0
#include "expand/frozen_leaves.hpp"
#include "expand/sources.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/freeze.hpp"
#include "headway/network/leaves.hpp"
#include "headway/network/transformer.hpp"

#include <string_view>
#include <unordered_map>

namespace headway {

namespace {

class Collector {
public:
    explicit Collector(FrozenModel::Leaves& model) : model_(model), config_(model.config) {
        for (const Definition& definition : model_.frozen.definitions)
            named_.emplace(definition.name, definition.node);
    }

    void run() {
        model_.token = structure({Relation::Token, 0, {}});
        model_.ones = copy(Space::Position, 1);
        embedding();
        for (int layer = 0; layer < config_.n_layers; ++layer) {
            model_.layers.push_back(of_layer(layer));
            if (config_.norms_stream()) stream_norms(layer);
        }
        if (config_.linear_head()) head();
    }

private:
    const Expr& named(const std::string& name) const {
        const auto found = named_.find(name);
        invariant(found != named_.end(), "the network of a model lacks one of its named values");
        return found->second;
    }

    void embedding() {
        model_.embed = leaf("W_E");
        if (config_.embed_scale != 1.0) model_.embed_scale = leaf("embed_scale");
        if (config_.positions == Positions::Learned) model_.pos = leaf("W_pos");
        if (config_.biases.embed) model_.embed_bias = leaf("b_E");
        if (!config_.embed_norm || config_.norm == Norm::None) return;
        model_.embed_norm = own_norm("ln_embed", "rstd_embed", -1);
        if (config_.norm_bias()) model_.embed_norm.bias = leaf("ln_embed.b");
        if (centred_stream()) model_.embed_norm.centre_behind = structure({Relation::Centre, 0, {}});
    }

    void head() {
        model_.unembed = leaf("W_U");
        if (config_.biases.unembed) model_.unembed_bias = leaf("b_U");
        const std::string logits = config_.logit_cap > 0 ? "logits_linear" : "logits";
        model_.linear_logits = named(logits);
        model_.untouched_linear_logits = model_.untouched.at(logits);
        if (!config_.final_norm) return;
        model_.final_norm = read_norm("ln_final", "rstd_final", -1);
        if (config_.norm_bias() && config_.folding.gains) model_.final_norm_bias = leaf("ln_final.b.U");
    }

    // The writers are centred, and no norm on the stream scatters that.
    bool centred_stream() const {
        return config_.norm == Norm::LayerNorm && config_.folding.centring && !config_.norms_stream();
    }

    // A norm with a gain of its own, whatever is folded elsewhere.
    NormLeaves own_norm(const std::string& symbol, const std::string& scale, int layer) const {
        NormLeaves norm;
        norm.scale = named(scale);
        norm.gain = leaf(symbol + ".w", layer);
        if (config_.norm == Norm::LayerNorm) norm.centre = structure({Relation::Centre, 0, {}});
        return norm;
    }

    // A norm in front of readers, which its gain and bias may be folded into.
    NormLeaves read_norm(const std::string& symbol, const std::string& scale, int layer) const {
        if (config_.norm == Norm::None) return {};
        NormLeaves norm = own_norm(symbol, scale, layer);
        if (config_.folding.gains)
            norm.gain = nullptr;
        else if (config_.norm_bias())
            norm.bias = leaf(symbol + ".b", layer);
        if (centred_stream()) norm.centre = nullptr;
        return norm;
    }

    void stream_norms(int layer) {
        const auto add = [&](const char* symbol, const char* scale) {
            NormLeaves norm = own_norm(symbol, fmt::format("{}[L{}]", scale, layer), layer);
            if (config_.norm_bias()) norm.bias = leaf(std::string(symbol) + ".b", layer);
            model_.stream_norms.push_back(std::move(norm));
        };
        add("ln1", "rstd1");
        if (config_.has_mlp())
            add("ln2", "rstd2");
        else
            model_.stream_norms.emplace_back();
    }

    // `make` gives the weight of a symbol: of one head or of all.
    template <class Make>
    AttentionLeaves attention(Expr pattern, Make make) const {
        AttentionLeaves leaves{std::move(pattern), make("W_V"), make("W_O"), nullptr, nullptr};
        if (config_.biases.query_key_value && !config_.folding.value_bias) leaves.value_bias = make("b_V");
        if (config_.norms_before() && config_.norm_bias() && config_.folding.gains)
            leaves.norm_bias = make("ln1.b.V");
        return leaves;
    }

    LayerLeaves of_layer(int layer) const {
        const int group_size = config_.group_size();
        const Expr& pattern = named(fmt::format("A[L{}]", layer));
        const auto* value = pattern->as<Frozen>();
        invariant(value != nullptr, "the attention pattern of a frozen model is not frozen");
        LayerLeaves leaves;
        leaves.all = attention(pattern, [&](const char* symbol) { return leaf(symbol, layer, group_size); });
        for (int index = 0; index < config_.n_heads; ++index) {
            const Head head{layer, index};
            leaves.head.push_back(
                attention(frozen_head(value->symbol, head, value->link),
                          [&](const char* symbol) { return head_leaf(symbol, head, group_size); }));
        }
        if (config_.norms_before()) leaves.norm = read_norm("ln1", fmt::format("rstd1[L{}]", layer), layer);
        if (config_.norms_after())
            leaves.post = own_norm("ln1_post", fmt::format("rstd1_post[L{}]", layer), layer);
        if (config_.biases.attention_out) leaves.out_bias = leaf("b_O", layer);
        if (config_.has_mlp()) leaves.mlp = named(fmt::format("mlp[L{}]", layer));
        return leaves;
    }

    FrozenModel::Leaves& model_;
    const Config& config_;
    std::unordered_map<std::string_view, Expr> named_;
};

}  // namespace

FrozenModel::FrozenModel(const Config& config) {
    auto leaves = std::make_shared<Leaves>();
    leaves->config = config;
    leaves->untouched = transformer(config);
    leaves->frozen = freeze(leaves->untouched);
    Collector(*leaves).run();
    leaves_ = std::move(leaves);
}

const Config& FrozenModel::config() const { return leaves_->config; }
const Network& FrozenModel::untouched() const { return leaves_->untouched; }
const Network& FrozenModel::frozen() const { return leaves_->frozen; }

const Expr& FrozenModel::linear_logits() const {
    require_paths(config());
    return leaves_->linear_logits;
}

const Expr& FrozenModel::untouched_linear_logits() const {
    require_paths(config());
    return leaves_->untouched_linear_logits;
}

}  // namespace headway

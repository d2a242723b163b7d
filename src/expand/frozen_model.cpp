// SPDX-License-Identifier: Apache-2.0
#include "expand/frozen_leaves.hpp"
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
        norm_bias_ = config_.norm == Norm::LayerNorm && config_.biases.norm;
    }

    void run() {
        model_.token = structure({Relation::Token, 0, {}});
        model_.embed = leaf("W_E");
        model_.unembed = leaf("W_U");
        model_.ones = copy(Space::Position, 1);
        if (config_.positions == Positions::Learned) model_.pos = leaf("W_pos");
        if (config_.biases.unembed) model_.unembed_bias = leaf("b_U");
        if (config_.final_norm) {
            model_.final_norm = norm("ln_final", "rstd_final", -1);
            if (norm_bias_ && config_.folding.gains) model_.final_norm_bias = leaf("ln_final.b.U");
        }
        for (int layer = 0; layer < config_.n_layers; ++layer) model_.layers.push_back(of_layer(layer));
    }

private:
    const Expr& named(const std::string& name) const {
        const auto found = named_.find(name);
        invariant(found != named_.end(), "the network of a model lacks one of its named values");
        return found->second;
    }

    NormLeaves norm(const char* symbol, const std::string& scale, int layer) const {
        if (config_.norm == Norm::None) return {};
        NormLeaves norm;
        norm.scale = named(scale);
        if (!config_.folding.gains) {
            norm.gain = leaf(std::string(symbol) + ".w", layer);
            if (norm_bias_) norm.bias = leaf(std::string(symbol) + ".b", layer);
        }
        if (config_.norm == Norm::LayerNorm && !config_.folding.centring)
            norm.centre = structure({Relation::Centre, 0, {}});
        return norm;
    }

    // `make` gives the weight of a symbol: of one head or of all.
    template <class Make>
    AttentionLeaves attention(Expr pattern, Make make) const {
        AttentionLeaves leaves{std::move(pattern), make("W_V"), make("W_O"), nullptr, nullptr};
        if (config_.biases.query_key_value && !config_.folding.value_bias) leaves.value_bias = make("b_V");
        if (norm_bias_ && config_.folding.gains) leaves.norm_bias = make("ln1.b.V");
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
        leaves.norm = norm("ln1", fmt::format("rstd1[L{}]", layer), layer);
        if (config_.biases.attention_out) leaves.out_bias = leaf("b_O", layer);
        if (config_.has_mlp()) leaves.mlp = named(fmt::format("mlp[L{}]", layer));
        return leaves;
    }

    FrozenModel::Leaves& model_;
    const Config& config_;
    std::unordered_map<std::string_view, Expr> named_;
    bool norm_bias_ = false;
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

}  // namespace headway

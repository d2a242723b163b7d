// SPDX-License-Identifier: Apache-2.0
#include "headway/network/transformer.hpp"

#include "headway/base/error.hpp"
#include "headway/network/leaves.hpp"

namespace headway {

namespace {

constexpr Index q{Space::Position, 0}, k{Space::Position, 1};
constexpr Index d{Space::Residual, 0}, d1{Space::Residual, 1};
constexpr Index e{Space::HeadInner, 0}, e1{Space::HeadInner, 1};
constexpr Index h{Space::Head, 0}, r{Space::Member, 0};
constexpr Index m{Space::Neuron, 0}, v{Space::Vocab, 0};

using Indices = std::vector<Index>;

Indices operator+(Indices left, const Indices& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

class Writer {
public:
    explicit Writer(const Config& config) : config_(config), groups_(config.group_size()) {
        if (groups_ > 1) query_heads_ = {h, r};
    }

    Network run() {
        std::vector<WiredTerm> embedding{
            {1,
             {product({{structure({Relation::Token, 0, {}}), {q, v}}, {leaf("W_E"), {v, d}}}, {q, d}),
              {q, d}}}};
        if (config_.positions == Positions::Learned) embedding.push_back({1, {leaf("W_pos"), {q, d}}});
        Expr x = named("x0", sum(embedding, {q, d}));
        for (int layer = 0; layer < config_.n_layers; ++layer) x = block(x, layer);
        network_.output = named("logits", unembed(x));
        return std::move(network_);
    }

private:
    Expr named(const std::string& name, const Expr& node) {
        network_.definitions.push_back({name, node});
        return node;
    }

    static std::string tagged(const std::string& name, int layer) {
        return layer < 0 ? name : fmt::format("{}[L{}]", name, layer);
    }

    // A bias on the ports `indices` of a value with a position.
    static WiredTerm bias(const Expr& vector, const Indices& own, const Indices& ports) {
        return {1, {product({{copy(Space::Position, 1), {q}}, {vector, own}}, ports), ports}};
    }

    // The normalised stream, without a bias that is folded into the readers: ports [position, residual].
    Expr normalised(const Expr& x, const std::string& symbol, const std::string& scale_name, int layer) {
        if (config_.norm == Norm::None) return x;
        Expr centred = x;
        if (config_.norm == Norm::LayerNorm && !config_.folding.centring)
            centred = product({{x, {q, d1}}, {structure({Relation::Centre, 0, {}}), {d1, d}}}, {q, d});
        const Expr scale = named(tagged(scale_name, layer), rstd(centred, config_.norm_eps));
        std::vector<Wired> factors{{centred, {q, d}}, {scale, {q}}};
        if (!config_.folding.gains) factors.push_back({leaf(symbol + ".w", layer), {d}});
        std::vector<WiredTerm> terms{{1, {product(factors, {q, d}), {q, d}}}};
        if (norm_bias() && !config_.folding.gains)
            terms.push_back(bias(leaf(symbol + ".b", layer), {d}, {q, d}));
        return sum(terms, {q, d});
    }

    bool norm_bias() const { return config_.norm == Norm::LayerNorm && config_.biases.norm; }

    // A reader of the normalised stream: n W + b, and the image of the norm's bias where that is folded.
    Expr read(const Expr& n, const std::string& weight, const Indices& own, const Indices& inner,
              const std::string& bias_name, const std::string& norm_image, int layer) {
        const Indices ports = own + Indices{q} + inner;
        std::vector<WiredTerm> terms{
            {1,
             {product({{n, {q, d}}, {leaf(weight, layer, groups_), own + Indices{d} + inner}}, ports),
              ports}}};
        if (!bias_name.empty()) terms.push_back(bias(leaf(bias_name, layer, groups_), own + inner, ports));
        if (norm_bias() && config_.folding.gains)
            terms.push_back(bias(leaf(norm_image, layer, groups_), own + inner, ports));
        return sum(terms, ports);
    }

    Expr rotated(const Expr& side, const Indices& heads) {
        if (config_.positions != Positions::Rotary) return side;
        const Expr rope = structure({Relation::Rope, 0, config_.rotary});
        return product({{side, heads + Indices{q, e1}}, {rope, {q, e1, e}}}, heads + Indices{q, e});
    }

    Expr attention(const Expr& n, const Expr& n_qk, int layer) {
        const bool biased = config_.biases.query_key_value;
        const auto side = [&](const Expr& input, const char* letter, const Indices& heads, bool has_bias) {
            const std::string name(letter);
            return read(input, "W_" + name, heads, {e}, has_bias ? "b_" + name : "", "ln1.b." + name, layer);
        };
        const Expr query =
            named(tagged("Q", layer), rotated(side(n_qk, "Q", query_heads_, biased), query_heads_));
        const Expr key = named(tagged("K", layer), rotated(side(n_qk, "K", {h}, biased), {h}));
        const Expr value =
            named(tagged("V", layer), side(n, "V", {h}, biased && !config_.folding.value_bias));
        const Indices pattern = query_heads_ + Indices{q, k};
        const Expr score = named(
            tagged("S", layer),
            product({{query, query_heads_ + Indices{q, e}}, {key, {h, k, e}}, {leaf("scale", layer), {}}},
                    pattern));
        const int axis = static_cast<int>(query_heads_.size());
        const Expr weights = named(
            tagged("A", layer),
            config_.causal ? softmax(score, axis + 1, structure({Relation::Causal, 0, {}}), {axis, axis + 1})
                           : softmax(score, axis + 1));
        return named(tagged("attn", layer),
                     product({{weights, pattern},
                              {value, {h, k, e}},
                              {leaf("W_O", layer, groups_), query_heads_ + Indices{e, d}}},
                             {q, d}));
    }

    Expr mlp(const Expr& n, int layer) {
        const auto reader = [&](const char* weight, const char* bias_name, const char* image) {
            return read(n, weight, {}, {m}, bias_name, image, layer);
        };
        const Expr inner = reader("W_in", config_.biases.mlp ? "b_in" : "", "ln2.b.in");
        std::vector<Wired> factors;
        if (config_.gated_mlp) {
            factors = {
                {pointwise(activation(), reader("W_gate", config_.biases.gate ? "b_gate" : "", "ln2.b.gate")),
                 {q, m}},
                {inner, {q, m}}};
        } else {
            factors = {{pointwise(activation(), inner), {q, m}}};
        }
        factors.push_back({leaf("W_out", layer), {m, d}});
        std::vector<WiredTerm> terms{{1, {product(factors, {q, d}), {q, d}}}};
        if (config_.biases.mlp) terms.push_back(bias(leaf("b_out", layer), {d}, {q, d}));
        return named(tagged("mlp", layer), sum(terms, {q, d}));
    }

    Function activation() const {
        switch (config_.activation) {
            case Activation::Relu:
                return Function::Relu;
            case Activation::Gelu:
                return Function::Gelu;
            case Activation::GeluNew:
                return Function::GeluNew;
            case Activation::Silu:
                return Function::Silu;
        }
        return Function::Relu;
    }

    Expr block(const Expr& x, int layer) {
        const Expr n = named(tagged("n1", layer), normalised(x, "ln1", "rstd1", layer));
        Expr n_qk = n;
        // Shortformer: positions enter behind the norm, and queries and keys only.
        if (config_.positions == Positions::Shortformer)
            n_qk =
                named(tagged("n1.qk", layer), sum({{1, {n, {q, d}}}, {1, {leaf("W_pos"), {q, d}}}}, {q, d}));
        std::vector<WiredTerm> terms{{1, {x, {q, d}}}, {1, {attention(n, n_qk, layer), {q, d}}}};
        if (config_.biases.attention_out) terms.push_back(bias(leaf("b_O", layer), {d}, {q, d}));
        if (config_.has_mlp()) {
            Expr stream = x;
            if (!config_.parallel_block) {
                stream = named(tagged("mid", layer), sum(terms, {q, d}));
                terms = {{1, {stream, {q, d}}}};
            }
            const Expr input = config_.shared_norm
                                   ? n
                                   : named(tagged("n2", layer), normalised(stream, "ln2", "rstd2", layer));
            terms.push_back({1, {mlp(input, layer), {q, d}}});
        }
        return named(fmt::format("x{}", layer + 1), sum(terms, {q, d}));
    }

    Expr unembed(const Expr& x) {
        Expr n = x;
        const bool normed = config_.final_norm && config_.norm != Norm::None;
        if (normed) n = named("n_final", normalised(x, "ln_final", "rstd_final", -1));
        std::vector<WiredTerm> terms{{1, {product({{n, {q, d}}, {leaf("W_U"), {d, v}}}, {q, v}), {q, v}}}};
        if (config_.biases.unembed) terms.push_back(bias(leaf("b_U"), {v}, {q, v}));
        if (normed && norm_bias() && config_.folding.gains)
            terms.push_back(bias(leaf("ln_final.b.U"), {v}, {q, v}));
        return sum(terms, {q, v});
    }

    const Config& config_;
    int groups_;
    Indices query_heads_{h};
    Network network_;
};

}  // namespace

Network transformer(const Config& config) {
    require(config.n_layers >= 0 && config.n_heads > 0 && config.n_kv_heads > 0 &&
                config.n_heads % config.n_kv_heads == 0,
            ErrorKind::Unsupported,
            "a model with {} layers, {} heads and {} key-value heads cannot be written as a network",
            config.n_layers, config.n_heads, config.n_kv_heads);
    return Writer(config).run();
}

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "headway/network/transformer.hpp"

#include "headway/base/error.hpp"
#include "headway/network/indices.hpp"
#include "headway/network/leaves.hpp"

namespace headway {

namespace {

using namespace indices;

using Terms = std::vector<WiredTerm>;

// How a norm is written: a stream without mean needs no centring, and folded gains and biases are in the
// readers.
struct NormForm {
    bool centre = false;
    bool gain = true;
};

class Writer {
public:
    explicit Writer(const Config& config) : config_(config), groups_(config.group_size()) {
        if (groups_ > 1) query_heads_ = {h, r};
    }

    Network run() {
        Expr x = named("x0", embedding());
        for (int layer = 0; layer < config_.n_layers; ++layer) x = block(x, layer);
        network_.output = named("logits", logits(x));
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

    static Expr centred(const Expr& x) {
        return product({{x, {q, d1}}, {structure({Relation::Centre, 0, {}}), {d1, d}}}, {q, d});
    }

    bool layer_norm() const { return config_.norm == Norm::LayerNorm; }

    // Writers have no mean over d_model, so the stream has none: a norm on it would only scatter that.
    bool stream_is_centred() const { return config_.folding.centring && !config_.norms_stream(); }

    // A norm whose gain and bias can be in its readers, and one whose cannot.
    NormForm before_readers(bool input_is_centred) const {
        return {.centre = layer_norm() && !input_is_centred, .gain = !config_.folding.gains};
    }
    NormForm whole() const { return {.centre = layer_norm(), .gain = true}; }

    // The normalised stream, without a bias that is folded into the readers: ports [position, residual].
    Expr normalised(const Expr& x, const std::string& symbol, const std::string& scale_name, int layer,
                    NormForm form) {
        const Expr input = form.centre ? centred(x) : x;
        const Expr scale = named(tagged(scale_name, layer), rstd(input, config_.norm_eps));
        std::vector<Wired> factors{{input, {q, d}}, {scale, {q}}};
        if (form.gain) factors.push_back({leaf(symbol + ".w", layer), {d}});
        Terms terms{{1, {product(factors, {q, d}), {q, d}}}};
        if (form.gain && config_.norm_bias()) terms.push_back(bias(leaf(symbol + ".b", layer), {d}, {q, d}));
        return sum(terms, {q, d});
    }

    Expr embedding() {
        std::vector<Wired> token{{structure({Relation::Token, 0, {}}), {q, v}}, {leaf("W_E"), {v, d}}};
        if (config_.embed_scale != 1.0) token.push_back({leaf("embed_scale"), {}});
        Terms terms{{1, {product(token, {q, d}), {q, d}}}};
        if (config_.positions == Positions::Learned) terms.push_back({1, {leaf("W_pos"), {q, d}}});
        if (config_.biases.embed) terms.push_back(bias(leaf("b_E"), {d}, {q, d}));
        const Expr raw = sum(terms, {q, d});
        if (!config_.embed_norm || config_.norm == Norm::None) return raw;
        const Expr x = normalised(named("e0", raw), "ln_embed", "rstd_embed", -1, whole());
        return layer_norm() && stream_is_centred() ? centred(x) : x;
    }

    // What a branch of the block reads: the stream, behind the norm in front of the branch.
    Expr branch_input(const Expr& x, const char* norm, const char* scale_name, int layer) {
        return config_.norms_before()
                   ? normalised(x, norm, scale_name, layer, before_readers(stream_is_centred()))
                   : x;
    }

    // What branch 1 or 2 adds to the stream: its terms, or their sum behind the norm that follows the branch.
    Terms branch_output(Terms terms, int number, int layer) {
        if (!config_.norms_after()) return terms;
        const Expr branch = named(fmt::format("branch{}[L{}]", number, layer), sum(terms, {q, d}));
        return {{1,
                 {normalised(branch, fmt::format("ln{}_post", number), fmt::format("rstd{}_post", number),
                             layer, whole()),
                  {q, d}}}};
    }

    // The stream behind branch 1 or 2: a sum, and the norm that stands on it.
    Expr stream(const Terms& terms, int number, int layer) {
        const Expr x = sum(terms, {q, d});
        if (!config_.norms_stream()) return x;
        return normalised(named(fmt::format("sum{}[L{}]", number, layer), x), fmt::format("ln{}", number),
                          fmt::format("rstd{}", number), layer, whole());
    }

    // A reader of the normalised stream: n W + b, and the image of the norm's bias where that is folded.
    Expr read(const Expr& n, const std::string& weight, const Indices& own, const Indices& inner,
              const std::string& bias_name, const std::string& norm_image, int layer) {
        const Indices ports = own + Indices{q} + inner;
        Terms terms{{1,
                     {product({{n, {q, d}}, {leaf(weight, layer, groups_), own + Indices{d} + inner}}, ports),
                      ports}}};
        if (!bias_name.empty()) terms.push_back(bias(leaf(bias_name, layer, groups_), own + inner, ports));
        if (config_.norms_before() && config_.norm_bias() && config_.folding.gains)
            terms.push_back(bias(leaf(norm_image, layer, groups_), own + inner, ports));
        return sum(terms, ports);
    }

    Expr projected(const Expr& n, const std::string& letter, const Indices& heads, bool biased, int layer) {
        return read(n, "W_" + letter, heads, {e}, biased ? "b_" + letter : "", "ln1.b." + letter, layer);
    }

    // Queries or keys as the score takes them: projected, normalised, rotated.
    Expr query_or_key(const Expr& n, const std::string& letter, const Indices& heads, int layer) {
        Expr side = projected(n, letter, heads, config_.biases.query_key_value, layer);
        if (config_.query_key_norm != QueryKeyNorm::None) side = head_norm(side, letter, heads, layer);
        return named(tagged(letter, layer), rotated(side, heads, layer));
    }

    Expr head_norm(const Expr& side, const std::string& letter, const Indices& heads, int layer) {
        const std::string stem = letter == "Q" ? "q" : "k";
        const Indices ports = heads + Indices{q, e};
        named(tagged(letter + "_linear", layer), side);
        const bool each = config_.query_key_norm == QueryKeyNorm::Head;
        const Indices kept = each ? heads + Indices{q} : Indices{q};
        const Indices consumed = each ? Indices{e} : heads + Indices{e};
        const Expr argument = product({{side, ports}}, kept + consumed);
        const Expr scale = named(tagged("rstd_" + stem, layer),
                                 rstd(argument, config_.norm_eps, static_cast<int>(consumed.size())));
        const Expr gain = leaf(stem + "_norm.w", layer, groups_);
        return product({{side, ports}, {scale, kept}, {gain, heads + Indices{e}}}, ports);
    }

    Expr rotated(const Expr& side, const Indices& heads, int layer) {
        const Rotary rotary = config_.rotary_of(layer);
        if (rotary.dims == 0) return side;
        const Expr rope = structure({Relation::Rope, 0, rotary});
        return product({{side, heads + Indices{q, e1}}, {rope, {q, e1, e}}}, heads + Indices{q, e});
    }

    Expr score(const Expr& query, const Expr& key, int layer) {
        const Indices ports = query_heads_ + Indices{q, k};
        Terms terms{
            {1,
             {product({{query, query_heads_ + Indices{q, e}}, {key, {h, k, e}}, {leaf("scale", layer), {}}},
                      ports),
              ports}}};
        if (config_.positions == Positions::Alibi)
            terms.push_back({1,
                             {product({{leaf("slope", layer, groups_), query_heads_},
                                       {structure({Relation::Distance, 0, {}}), {q, k}}},
                                      ports),
                              ports}});
        return named(tagged("S", layer), sum(terms, ports));
    }

    Expr pattern(Expr score, int layer) {
        if (config_.score_cap != 0.0)
            score = named(tagged("S_capped", layer), soft_cap(score, config_.score_cap));
        const int queries = static_cast<int>(query_heads_.size()), keys = queries + 1;
        const Expr mask = structure({Relation::Causal, config_.window_of(layer), {}});
        return named(tagged("A", layer),
                     config_.causal ? softmax(score, keys, mask, {queries, keys}) : softmax(score, keys));
    }

    // What attention adds to the stream.
    Terms attention(const Expr& n, int layer) {
        Expr n_qk = n;
        // Shortformer: positions enter behind the norm, and queries and keys only.
        if (config_.positions == Positions::Shortformer)
            n_qk =
                named(tagged("n1.qk", layer), sum({{1, {n, {q, d}}}, {1, {leaf("W_pos"), {q, d}}}}, {q, d}));
        const Expr query = query_or_key(n_qk, "Q", query_heads_, layer);
        const Expr key = query_or_key(n_qk, "K", {h}, layer);
        const bool value_bias = config_.biases.query_key_value && !config_.folding.value_bias;
        const Expr value = named(tagged("V", layer), projected(n, "V", {h}, value_bias, layer));
        const Expr weights = pattern(score(query, key, layer), layer);
        const Expr heads = named(tagged("attn", layer),
                                 product({{weights, query_heads_ + Indices{q, k}},
                                          {value, {h, k, e}},
                                          {leaf("W_O", layer, groups_), query_heads_ + Indices{e, d}}},
                                         {q, d}));
        Terms terms{{1, {heads, {q, d}}}};
        if (config_.biases.attention_out) terms.push_back(bias(leaf("b_O", layer), {d}, {q, d}));
        return branch_output(std::move(terms), 1, layer);
    }

    // What the MLP adds to the stream.
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
        Terms terms{{1, {product(factors, {q, d}), {q, d}}}};
        if (config_.biases.mlp) terms.push_back(bias(leaf("b_out", layer), {d}, {q, d}));
        return named(tagged("mlp", layer), sum(branch_output(std::move(terms), 2, layer), {q, d}));
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
        const std::string next = fmt::format("x{}", layer + 1);
        const Expr n = named(tagged("n1", layer), branch_input(x, "ln1", "rstd1", layer));
        Terms terms = attention(n, layer);
        terms.push_back({1, {x, {q, d}}});
        if (!config_.has_mlp()) return named(next, stream(terms, 1, layer));
        Expr read = x;
        if (!config_.parallel_block) {
            read = named(tagged("mid", layer), stream(terms, 1, layer));
            terms = {{1, {read, {q, d}}}};
        }
        const Expr input =
            config_.shared_norm ? n : named(tagged("n2", layer), branch_input(read, "ln2", "rstd2", layer));
        terms.push_back({1, {mlp(input, layer), {q, d}}});
        return named(next, stream(terms, 2, layer));
    }

    // What the unembedding reads: the stream, or the transform that a masked language model has behind it.
    Expr unembedding_input(const Expr& x) {
        Expr input = x;
        if (config_.masked_head) {
            const Terms terms{{1, {product({{x, {q, d1}}, {leaf("W_head"), {d1, d}}}, {q, d}), {q, d}}},
                              bias(leaf("b_head"), {d}, {q, d})};
            input = named("head", pointwise(activation(), sum(terms, {q, d})));
        }
        if (!config_.final_norm || config_.norm == Norm::None) return input;
        const NormForm form = before_readers(stream_is_centred() && !config_.masked_head);
        return named("n_final", normalised(input, "ln_final", "rstd_final", -1, form));
    }

    Expr logits(const Expr& x) {
        const Expr n = unembedding_input(x);
        Terms terms{{1, {product({{n, {q, d}}, {leaf("W_U"), {d, v}}}, {q, v}), {q, v}}}};
        if (config_.biases.unembed) terms.push_back(bias(leaf("b_U"), {v}, {q, v}));
        if (config_.final_norm && config_.norm_bias() && config_.folding.gains)
            terms.push_back(bias(leaf("ln_final.b.U"), {v}, {q, v}));
        const Expr linear = sum(terms, {q, v});
        return config_.logit_cap == 0.0 ? linear
                                        : soft_cap(named("logits_linear", linear), config_.logit_cap);
    }

    const Config& config_;
    int groups_;
    Indices query_heads_{h};
    Network network_;
};

void check(const Config& config) {
    require(config.n_layers >= 0 && config.n_heads > 0 && config.n_kv_heads > 0 &&
                config.n_heads % config.n_kv_heads == 0,
            ErrorKind::Unsupported,
            "a model with {} layers, {} heads and {} key-value heads cannot be written as a network",
            config.n_layers, config.n_heads, config.n_kv_heads);
    require(!config.norms_after() || config.norm != Norm::LayerNorm, ErrorKind::Unsupported,
            "norms behind the branches of a block are read as RMSNorm, not as LayerNorm");
    require(!config.norms_stream() || !config.parallel_block, ErrorKind::Unsupported,
            "a parallel block has no place for norms on the residual stream");
    require(!config.shared_norm || config.parallel_block, ErrorKind::Unsupported,
            "only the branches of a parallel block can share a norm");
    require(config.layer_attention.empty() ||
                config.layer_attention.size() == static_cast<std::size_t>(config.n_layers),
            ErrorKind::Unsupported, "a model with {} layers says how {} layers attend", config.n_layers,
            config.layer_attention.size());
    for (int layer = 0; layer < config.n_layers; ++layer)
        require(config.window_of(layer) == 0 || config.causal, ErrorKind::Unsupported,
                "layer {}: a window of positions is read for causal attention only", layer);
}

}  // namespace

Network transformer(const Config& config) {
    check(config);
    return Writer(config).run();
}

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "expand/proof.hpp"
#include "expand/rewrite.hpp"
#include "headway/network/leaves.hpp"
#include "headway/network/transformer.hpp"

#include <algorithm>
#include <array>

namespace headway {

namespace {

struct Reader {
    std::string_view weight;
    std::string_view image;  // of the norm's bias
    const char* norm;
};
constexpr std::array readers{
    Reader{"W_Q", "ln1.b.Q", "ln1"},       Reader{"W_K", "ln1.b.K", "ln1"},
    Reader{"W_V", "ln1.b.V", "ln1"},       Reader{"W_in", "ln2.b.in", "ln2"},
    Reader{"W_gate", "ln2.b.gate", "ln2"}, Reader{"W_U", "ln_final.b.U", "ln_final"}};
// The first three write through the norm behind the embedding, where there is one: that is centred, not they.
constexpr std::array<std::string_view, 7> writers{"W_E", "W_pos", "b_E", "W_O", "b_O", "W_out", "b_out"};

// What the folded weights of a network are made of.
class Definitions {
public:
    explicit Definitions(const Config& config) : config_(config) {}

    /// The node with every folded leaf replaced by its definition.
    Expr unfold(const Expr& node) {
        if (const auto known = done_.find(node); known != done_.end()) return known->second;
        Expr result = rebuild(node, [this](const Expr& child) { return unfold(child); });
        if (const auto* leaf = node->as<Tensor>()) result = definition(node, *leaf);
        return done_.emplace(node, std::move(result)).first->second;
    }

private:
    Expr definition(const Expr& node, const Tensor& leaf) const {
        // A norm on the stream scatters what has no mean, and a head of its own reads something else.
        const bool centres =
            config_.folding.centring && config_.norm == Norm::LayerNorm && !config_.norms_stream();
        for (const Reader& reader : readers) {
            const bool head = reader.weight == "W_U";
            const bool reads =
                head ? config_.norm != Norm::None && config_.final_norm : config_.norms_before();
            if (reads && leaf.symbol == reader.weight)
                return read(node, norm_of(reader), leaf.layer, centres && !(head && config_.masked_head));
            if (leaf.symbol == reader.image) return image(node, reader, leaf.layer);
        }
        Expr result = node;
        if (leaf.symbol == "b_O" && config_.folding.value_bias) result = with_values(node, leaf.layer);
        const auto* const first = writers.begin() + (config_.embed_norm ? 3 : 0);
        const bool writes = std::find(first, writers.end(), leaf.symbol) != writers.end();
        return writes && centres ? centred(result) : result;
    }

    std::string norm_of(const Reader& reader) const {
        return config_.shared_norm && std::string_view(reader.norm) == "ln2" ? "ln1" : reader.norm;
    }

    static int residual_port(const Expr& node) {
        const std::vector<Space>& ports = node->ports();
        return static_cast<int>(std::find(ports.begin(), ports.end(), Space::Residual) - ports.begin());
    }

    // C W or W C: C is symmetric, so the only residual port of a weight is wired to it.
    static Expr centred(const Expr& node) {
        std::vector<int> labels = straight(node->ports().size());
        const int port = residual_port(node), bound = static_cast<int>(labels.size());
        labels[static_cast<std::size_t>(port)] = bound;
        const Expr centre = structure({Relation::Centre, 0, {}});
        return product({{node, labels}, {centre, {bound, port}}}, node->ports(),
                       std::vector<Space>{Space::Residual});
    }

    // C diag(gain) W
    Expr read(const Expr& node, const std::string& norm, int layer, bool centres) const {
        if (!config_.folding.gains) return centres ? centred(node) : node;
        const Expr scaled = product({{node, straight(node->ports().size())},
                                     {headway::leaf(norm + ".w", layer), {residual_port(node)}}},
                                    node->ports(), std::vector<Space>{});
        return centres ? centred(scaled) : scaled;
    }

    // bias W
    Expr image(const Expr& node, const Reader& reader, int layer) const {
        const Expr weight = headway::leaf(std::string(reader.weight), layer, config_.group_size());
        std::vector<int> labels;
        int port = 0;
        const int bound = static_cast<int>(node->ports().size());
        for (Space space : weight->ports()) labels.push_back(space == Space::Residual ? bound : port++);
        return product({{weight, labels}, {headway::leaf(norm_of(reader) + ".b", layer), {bound}}},
                       node->ports(), std::vector<Space>{Space::Residual});
    }

    // b_O + Σ_h b_V[h] W_O[h]: the rows of a pattern sum to 1.
    Expr with_values(const Expr& bias, int layer) const {
        const int group_size = config_.group_size();
        const Index h{Space::Head, 0}, r{Space::Member, 0}, e{Space::HeadInner, 0}, d{Space::Residual, 0};
        const std::vector<Index> head = group_size > 1 ? std::vector{h, r} : std::vector{h};
        std::vector<Index> out = head;
        out.insert(out.end(), {e, d});
        const Expr values = product({{headway::leaf("b_V", layer, group_size), {h, e}},
                                     {headway::leaf("W_O", layer, group_size), out}},
                                    {d});
        return sum({{1, {bias, {d}}}, {1, {values, {d}}}}, {d});
    }

    const Config& config_;
    std::unordered_map<Expr, Expr> done_;
};

// The network as the file has it. A value bias that is folded away needs an output bias to be added to.
Config without_folding(Config config) {
    config.folding = {};
    return config;
}

}  // namespace

Verification verify_folding(const Config& config, const VerifyOptions& options) {
    const Expr left = transformer(without_folding(config)).output;
    const Expr right = Definitions(config).unfold(transformer(config).output);
    Trials trials(options, [&](std::uint64_t seed) { return modular_model(config, seed); });
    Verification result = prove_equal(left, right, trials);
    result.not_proved = {
        "that the loader computes the folded weights by these definitions",
        "that folding leaves interventions as they are: a value bias that is moved into b_O is no "
        "longer a part of its head"};
    if (result.holds)
        result.proved.push_back(
            "the network of the folded weights has the logits of the network of the file's own weights, when "
            "every "
            "folded weight is what it is made of");
    return result;
}

}  // namespace headway

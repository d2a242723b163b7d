// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/embedding.hpp"

#include "expand/rewrite.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/model/given_leaves.hpp"
#include "headway/network/leaves.hpp"
#include "headway/network/transformer.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

namespace headway {

namespace {

constexpr std::pair<Embedding, std::string_view> names[] = {
    {Embedding::Raw, "raw"}, {Embedding::Mlp0, "mlp0"}, {Embedding::Layer0, "layer0"}};

// Nodes replaced by others with the same ports.
class Replaced {
public:
    explicit Replaced(std::map<Expr, Expr> replacements) : replacements_(std::move(replacements)) {}

    Expr operator()(const Expr& node) {
        if (const auto found = replacements_.find(node); found != replacements_.end())
            return (*this)(found->second);
        return memo_.at(node,
                        [&] { return rebuild(node, [&](const Expr& child) { return (*this)(child); }); });
    }

private:
    std::map<Expr, Expr> replacements_;
    Memo memo_;
};

// Every position attends to itself: the identity for all heads of a pattern.
Expr to_itself(const Expr& pattern) {
    std::vector<Index> ports;
    std::vector<Wired> factors;
    for (const Space space : pattern->ports()) {
        ports.push_back({space, static_cast<int>(ports.size())});
        if (space != Space::Position) factors.push_back({copy(space, 1), {ports.back()}});
    }
    factors.push_back({copy(Space::Position, 2), {ports[ports.size() - 2], ports.back()}});
    return product(factors, ports);
}

GivenLeaf ones(const Model& model, const char* symbol) {
    const Leaf& leaf = model.at(symbol);
    return {leaf, std::vector<double>(static_cast<std::size_t>(leaf.size()), 1.0)};
}

}  // namespace

Embedding parse_embedding(std::string_view text) {
    for (const auto& [embedding, name] : names)
        if (text == name) return embedding;
    throw Error(ErrorKind::Usage, fmt::format("{} is no embedding", quote(text)),
                "the embeddings are raw, mlp0 and layer0");
}

std::string_view name(Embedding embedding) {
    for (const auto& [each, text] : names)
        if (each == embedding) return text;
    return {};
}

std::string embedding_sentence(const Config& config, Embedding embedding) {
    if (embedding == Embedding::Raw)
        return config.folding.centring ? "Embedding raw: the rows of W_E, centred."
                                       : "Embedding raw: the rows of W_E.";
    return fmt::format(
        "Embedding {}: in the place of W_E {} of each token alone, without positions, biases "
        "included.",
        name(embedding), embedding == Embedding::Mlp0 ? "x0 + mlp0(x0)" : "the stream behind layer 0");
}

Expr token_embedding(const Config& config, Embedding embedding) {
    require(embedding == Embedding::Raw || config.n_layers > 0, ErrorKind::Usage,
            "--embed {}: the model has no layers", name(embedding));
    require(embedding != Embedding::Mlp0 || config.has_mlp(), ErrorKind::Usage,
            "--embed mlp0: the model has no feed-forward layers");
    const Network network = transformer(config);
    const Expr& x0 = network.at("x0");
    std::map<Expr, Expr> replacements;
    if (config.positions == Positions::Learned)
        replacements.emplace(leaf("W_pos"), zero({Space::Position, Space::Residual}));
    Expr value = x0;
    if (embedding == Embedding::Layer0) {
        const Expr& pattern = network.at("A[L0]");
        replacements.emplace(pattern, to_itself(pattern));
        value = network.at("x1");
    }
    if (embedding == Embedding::Mlp0) {
        if (!config.parallel_block) replacements.emplace(network.at("mid[L0]"), x0);
        const Index q{Space::Position, 0}, d{Space::Residual, 0};
        value = sum({{1, {x0, {q, d}}}, {1, {network.at("mlp[L0]"), {q, d}}}}, {q, d});
    }
    return normalise(Replaced(std::move(replacements))(value));
}

Model embed_through(const Model& model, Embedding embedding, const EvaluateOptions& options) {
    if (embedding == Embedding::Raw) return model;
    constexpr std::size_t chunk = 4096;
    const Expr value = token_embedding(model.config(), embedding);
    std::vector<int> tokens(static_cast<std::size_t>(model.config().d_vocab));
    std::iota(tokens.begin(), tokens.end(), 0);
    GivenLeaf rows{model.at("W_E"), {}};
    rows.values.reserve(static_cast<std::size_t>(rows.leaf.size()));
    for (std::size_t first = 0; first < tokens.size(); first += chunk) {
        const auto part = std::span(tokens).subspan(first, std::min(chunk, tokens.size() - first));
        const xt::xarray<double> made = evaluate(model, value, part, options);
        rows.values.insert(rows.values.end(), made.begin(), made.end());
    }
    std::vector<GivenLeaf> given{std::move(rows)};
    for (const char* symbol : {"embed_scale", "ln_embed.w"})
        if (model.has(symbol)) given.push_back(ones(model, symbol));
    return with_leaves(model, std::move(given));
}

}  // namespace headway

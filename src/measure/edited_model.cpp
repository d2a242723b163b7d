// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/edited_model.hpp"

#include "headway/base/error.hpp"
#include "headway/model/given_leaves.hpp"
#include "headway/network/leaves.hpp"
#include "headway/network/transformer.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace headway {

namespace {

// Leaves of factors, 1 where none is given.
class FactorLeaves {
public:
    double& at(const LeafName& name, std::string_view axes, const std::vector<std::int64_t>& shape,
               std::int64_t index) {
        const auto [place, fresh] = leaves_.try_emplace({name.symbol, name.layer});
        GivenLeaf& given = place->second;
        if (fresh) {
            given.leaf = {name, axes, shape};
            given.values.resize(static_cast<std::size_t>(given.leaf.size()), 1.0);
        }
        return given.values.at(static_cast<std::size_t>(index));
    }
    std::vector<GivenLeaf> all() const {
        std::vector<GivenLeaf> leaves;
        for (const auto& [name, leaf] : leaves_) leaves.push_back(leaf);
        return leaves;
    }

private:
    std::map<std::pair<std::string, int>, GivenLeaf> leaves_;
};

// Where the leaf of an edge has its factor: a number of the model, of each head, or of those that share keys.
double& factor_of(const Config& config, const ScaledEdge& edge, FactorLeaves& leaves) {
    const Expr node = edge_scale(config, edge);
    const auto* scale = node->as<Tensor>();
    const LeafName name{scale->symbol, scale->layer};
    if (edge.reader.index < 0) return leaves.at(name, "", {}, 0);
    if (edge.input == Reader::Q) return leaves.at(name, "h", {config.n_heads}, edge.reader.index);
    return leaves.at(name, "g", {config.n_kv_heads}, edge.reader.index / config.group_size());
}

// Those of the network, which has no leaf where a factor is 0.
std::vector<GivenLeaf> factor_leaves(const Config& config, const Edits& edits) {
    FactorLeaves leaves;
    for (const ScaledHead& each : edits.heads)
        if (each.factor != 0)
            leaves.at({"head_scale", each.head.layer}, "h", {config.n_heads}, each.head.index) = each.factor;
    for (const ScaledComponents& each : edits.components)
        for (const int component : each.components)
            if (each.factor != 0)
                leaves.at({"component_scale", each.head.layer}, "hc", {config.n_heads, config.d_head},
                          std::int64_t{each.head.index} * config.d_head + component) = each.factor;
    for (const ScaledEdge& each : edits.edges)
        if (each.factor != 0) factor_of(config, each, leaves) = each.factor;
    return leaves.all();
}

void check_pattern(const GivenPattern& pattern) {
    const auto n = static_cast<std::size_t>(pattern.length);
    require(pattern.length > 0 && pattern.values.size() == n * n, ErrorKind::Usage,
            "the pattern given to {} has {} numbers, expected [n, n]", label(pattern.head),
            pattern.values.size());
    for (std::size_t row = 0; row < n; ++row) {
        double sum = 0;
        bool attention = true;
        for (std::size_t key = 0; key < n; ++key) {
            const double value = pattern.values[row * n + key];
            attention = attention && value >= 0;  // not for NaN
            sum += value;
        }
        require(attention && std::abs(sum - 1) < 1e-3, ErrorKind::Usage,
                "the pattern given to {} is no attention: row {} has negative numbers or a sum of {}",
                label(pattern.head), row, sum);
    }
}

std::vector<GivenLeaf> pattern_leaves(const Config& config, const std::vector<GivenPattern>& patterns) {
    std::map<int, GivenLeaf> layers;
    for (const GivenPattern& pattern : patterns) {
        check_pattern(pattern);
        const std::size_t size = pattern.values.size();
        GivenLeaf& leaf =
            layers
                .try_emplace(pattern.head.layer,
                             GivenLeaf{{{"given_pattern", pattern.head.layer},
                                        "hpp",
                                        {config.n_heads, pattern.length, pattern.length}},
                                       std::vector<double>(size * static_cast<std::size_t>(config.n_heads))})
                .first->second;
        require(leaf.leaf.shape.back() == pattern.length, ErrorKind::Usage,
                "patterns of {} and {} positions are given to heads of layer {}", leaf.leaf.shape.back(),
                pattern.length, pattern.head.layer);
        std::copy(pattern.values.begin(), pattern.values.end(),
                  leaf.values.begin() +
                      static_cast<std::ptrdiff_t>(size * static_cast<std::size_t>(pattern.head.index)));
    }
    std::vector<GivenLeaf> leaves;
    for (auto& [layer, leaf] : layers) leaves.push_back(std::move(leaf));
    return leaves;
}

void match_patterns(const Edits& edits, const std::vector<GivenPattern>& patterns) {
    std::set<Head> wanted(edits.given_patterns.begin(), edits.given_patterns.end());
    for (const GivenPattern& pattern : patterns)
        require(wanted.erase(pattern.head) == 1, ErrorKind::Usage,
                "no head {} asks for the pattern given to it", label(pattern.head));
    require(wanted.empty(), ErrorKind::Usage, "no pattern is given to {}",
            wanted.empty() ? std::string() : label(*wanted.begin()));
}

Model with(const Model& model, std::vector<GivenLeaf> leaves) {
    return leaves.empty() ? model : with_leaves(model, std::move(leaves));
}

// Heads whose W_O is another, by layer.
std::map<int, std::set<int>> touched_heads(const Edits& edits) {
    std::map<int, std::set<int>> heads;
    for (const ScaledHead& each : edits.heads) heads[each.head.layer].insert(each.head.index);
    for (const ScaledComponents& each : edits.components) heads[each.head.layer].insert(each.head.index);
    return heads;
}

// The singular directions of the layers whose components are edited, as another model has them.
std::vector<GivenLeaf> directions_of(const Model& directions, const Edits& edits) {
    std::set<int> layers;
    for (const ScaledComponents& each : edits.components) layers.insert(each.head.layer);
    std::vector<GivenLeaf> leaves;
    for (const int layer : layers) {
        const WeightArray<double> values = directions.leaf<double>("V_OV", layer);
        leaves.push_back({directions.at("V_OV", layer), {values.values().begin(), values.values().end()}});
    }
    return leaves;
}

}  // namespace

EditedModel edited(const Model& model, const Edits& edits, const std::vector<GivenPattern>& patterns) {
    const Config& config = model.config();
    check_edits(config, edits);
    match_patterns(edits, patterns);
    std::vector<GivenLeaf> leaves = factor_leaves(config, edits);
    for (GivenLeaf& leaf : pattern_leaves(config, patterns)) leaves.push_back(std::move(leaf));
    return {with(model, std::move(leaves)), edit(transformer(config), config, edits),
            edit_notes(config, edits)};
}

Model with_edited_weights(const Model& model, const Edits& edits, const Model& directions) {
    const Config& config = model.config();
    check_edits(config, edits);
    check_edits(directions.config(), edits);
    require(edits.edges.empty(), ErrorKind::Unsupported,
            "an edge closed or scaled is an operation on a run, not a weight: no weights give one reader a "
            "stream of its own");
    require(edits.given_patterns.empty(), ErrorKind::Unsupported,
            "a given attention pattern is data of a run, not a weight");
    std::vector<GivenLeaf> needed = factor_leaves(config, edits);
    for (GivenLeaf& leaf : directions_of(directions, edits)) needed.push_back(std::move(leaf));
    const Model source = with(model, std::move(needed));
    std::vector<GivenLeaf> leaves;
    for (const auto& [layer, heads] : touched_heads(edits)) {
        const WeightArray<double> own = model.leaf<double>("W_O", layer);
        GivenLeaf leaf{model.at("W_O", layer), {own.values().begin(), own.values().end()}};
        const xt::xarray<double> weight = evaluate(source, edited_output_weight(config, layer, edits), {},
                                                   {.precision = Precision::Double});
        const std::size_t size = leaf.values.size() / static_cast<std::size_t>(config.n_heads);
        for (const int head : heads) {
            const auto begin = static_cast<std::ptrdiff_t>(size * static_cast<std::size_t>(head));
            std::copy_n(weight.data() + begin, size, leaf.values.begin() + begin);
        }
        leaves.push_back(std::move(leaf));
    }
    return with(model, std::move(leaves));
}

Model with_edited_weights(const Model& model, const Edits& edits) {
    return with_edited_weights(model, edits, model);
}

}  // namespace headway

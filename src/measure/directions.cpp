// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/directions.hpp"

#include "expand/head_factors.hpp"
#include "headway/base/error.hpp"
#include "headway/network/leaves.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

namespace headway {

namespace {

/// The ids of the `n` largest of `values`, in order.
std::vector<int> largest(const std::vector<double>& values, std::size_t n) {
    std::vector<int> ids(values.size());
    std::iota(ids.begin(), ids.end(), 0);
    const auto before = [&](int a, int b) {
        const double x = values[static_cast<std::size_t>(a)], y = values[static_cast<std::size_t>(b)];
        return x != y ? x > y : a < b;
    };
    const auto middle = ids.begin() + static_cast<std::ptrdiff_t>(std::min(n, ids.size()));
    std::partial_sort(ids.begin(), middle, ids.end(), before);
    ids.erase(middle, ids.end());
    return ids;
}

std::vector<double> picked(const std::vector<double>& values, const std::vector<int>& ids, double sign) {
    std::vector<double> result;
    for (const int id : ids) result.push_back(sign * values[static_cast<std::size_t>(id)]);
    return result;
}

DirectionTokens ends(std::vector<double> values, std::size_t n) {
    DirectionTokens tokens;
    tokens.plus = largest(values, n);
    tokens.plus_values = picked(values, tokens.plus, 1);
    for (double& value : values) value = -value;
    tokens.minus = largest(values, n);
    tokens.minus_values = picked(values, tokens.minus, -1);
    return tokens;
}

/// A column of `[vocab, channel]`.
std::vector<double> column(const xt::xarray<double>& table, int component) {
    std::vector<double> values;
    const std::size_t columns = table.shape(1);
    for (std::size_t row = 0; row < table.shape(0); ++row)
        values.push_back(table.data()[row * columns + static_cast<std::size_t>(component)]);
    return values;
}

}  // namespace

Expr directions_over_vocabulary(const Config& config, Head head, const std::string& symbol) {
    const Index v{Space::Vocab, 0}, d{Space::Residual, 0}, c{Space::Channel, 0};
    const Expr directions = head_leaf(symbol, head, config.group_size());
    const bool rows = directions->ports().front() == Space::Channel;
    const Wired factor{directions, rows ? std::vector<Index>{c, d} : std::vector<Index>{d, c}};
    if (symbol == "V_OV") {
        require(config.linear_head(), ErrorKind::Unsupported,
                "what heads write does not reach the logits by W_U alone: the model's head is not linear");
        return product({factor, {leaf("W_U"), {d, v}}}, {v, c});
    }
    return product({{behind_embedding_norm(config, leaf("W_E"), 1), {v, d}}, factor}, {v, c});
}

std::vector<DirectionTokens> direction_tokens(const Model& model, std::span<const HeadDirection> directions,
                                              std::size_t n, const EvaluateOptions& options) {
    std::map<std::pair<Head, std::string>, std::vector<std::size_t>> together;  // by matrix
    for (std::size_t i = 0; i < directions.size(); ++i)
        together[{directions[i].head, directions[i].symbol}].push_back(i);
    std::vector<Expr> tables;
    std::vector<const std::vector<std::size_t>*> members;
    for (const auto& [matrix, of_matrix] : together) {
        tables.push_back(directions_over_vocabulary(model.config(), matrix.first, matrix.second));
        members.push_back(&of_matrix);
    }
    std::vector<DirectionTokens> result(directions.size());
    evaluate_each(model, tables, {}, options, [&](std::size_t i, const xt::xarray<double>& table) {
        for (const std::size_t member : *members[i])
            result[member] = ends(column(table, directions[member].component), n);
    });
    return result;
}

}  // namespace headway

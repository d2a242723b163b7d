// SPDX-License-Identifier: Apache-2.0
#include "headway/report/run_table.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

namespace headway {

namespace {

// The `top` largest logits; equal ones by token.
std::vector<std::size_t> best(std::span<const double> logits, std::size_t top) {
    std::vector<std::size_t> order(logits.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const std::size_t n = std::min(top, order.size());
    std::partial_sort(
        order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n), order.end(),
        [&](std::size_t a, std::size_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });
    order.resize(n);
    return order;
}

double log_sum_exp(std::span<const double> logits) {
    const double most = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const double logit : logits) sum += std::exp(logit - most);
    return most + std::log(sum);
}

// The field of every run, which then gives its memory back.
template <class T, class Field>
std::vector<T> all_values(std::vector<Run>& runs, Field Run::*field) {
    std::vector<T> values;
    values.reserve(runs.size() * (runs.front().*field).size());
    for (Run& run : runs) {
        for (const double value : run.*field) values.push_back(static_cast<T>(value));
        run.*field = Field();
    }
    return values;
}

std::vector<std::int64_t> shape_of(const xt::xarray<double>& array) {
    return {array.shape().begin(), array.shape().end()};
}
std::vector<std::int64_t> shape_of(const std::vector<double>& array) {
    return {static_cast<std::int64_t>(array.size())};
}

template <class Field>
NpyArray stacked(const char* name, std::vector<Run>& runs, bool batched, Precision precision,
                 Field Run::*field) {
    std::vector<std::int64_t> shape = shape_of(runs.front().*field);
    if (batched) shape.insert(shape.begin(), static_cast<std::int64_t>(runs.size()));
    if (precision == Precision::Double) return {name, std::move(shape), all_values<double>(runs, field)};
    return {name, std::move(shape), all_values<float>(runs, field)};
}

/// What the tokens and the predictions say, behind their ids.
void add_texts(Table& table, const std::vector<int>& predicted, const TokenText& text) {
    const auto token = static_cast<std::ptrdiff_t>(table.column("token"));
    const auto prediction = static_cast<std::ptrdiff_t>(table.column("prediction"));
    const auto insert = [](auto& cells, std::ptrdiff_t behind, auto cell) {
        cells.insert(cells.begin() + behind + 1, std::move(cell));
    };
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
        std::vector<Cell>& row = table.rows[i];
        const auto id = static_cast<int>(std::get<std::int64_t>(row[static_cast<std::size_t>(token)]));
        insert(row, prediction, Cell(text.shown(predicted[i])));
        insert(row, token, Cell(text.shown(id)));
    }
    insert(table.columns, prediction, Column{.name = "predicted", .kind = ColumnKind::Text, .safe = true});
    insert(table.columns, token, Column{.name = "text", .kind = ColumnKind::Text, .safe = true});
}

}  // namespace

Table prediction_rows(const Run& run, std::size_t top, const TokenText& text) {
    Table table;
    table.columns = {{"position", ColumnKind::Integer},   {"token", ColumnKind::Integer},
                     {"loss", ColumnKind::Number},        {"rank", ColumnKind::Integer},
                     {"prediction", ColumnKind::Integer}, {"logit", ColumnKind::Number},
                     {"probability", ColumnKind::Number}};
    const std::size_t vocabulary = run.logits.shape(1);
    std::vector<int> predicted;
    for (std::size_t i = 0; i < run.tokens.size(); ++i) {
        const std::span<const double> logits{run.logits.data() + i * vocabulary, vocabulary};
        const double normaliser = log_sum_exp(logits);
        std::int64_t rank = 0;
        for (const std::size_t token : best(logits, top)) {
            Cell loss;
            if (i < run.loss.size()) loss = run.loss[i];
            table.rows.push_back({static_cast<std::int64_t>(i), std::int64_t{run.tokens[i]}, loss, ++rank,
                                  static_cast<std::int64_t>(token), logits[token],
                                  std::exp(logits[token] - normaliser)});
            predicted.push_back(static_cast<int>(token));
        }
    }
    if (!text.empty()) add_texts(table, predicted, text);
    const double mean = run.loss.empty() ? std::numeric_limits<double>::quiet_NaN()
                                         : std::accumulate(run.loss.begin(), run.loss.end(), 0.0) /
                                               static_cast<double>(run.loss.size());
    if (!run.loss.empty())
        table.caption.push_back(fmt::format(
            "Loss at a position: -log probability of the token that follows, in nats; mean {:.4f}.", mean));
    table.caption.push_back(fmt::format("Showing the {} likeliest of {} tokens at each of {} positions.",
                                        std::min(top, vocabulary), vocabulary, run.tokens.size()));
    return table;
}

NpyArray number_array(std::string name, std::vector<std::int64_t> shape, const std::vector<double>& values,
                      Precision precision) {
    if (precision == Precision::Double) return {std::move(name), std::move(shape), values};
    std::vector<float> narrow(values.size());
    std::transform(values.begin(), values.end(), narrow.begin(),
                   [](double x) { return static_cast<float>(x); });
    return {std::move(name), std::move(shape), std::move(narrow)};
}

std::vector<NpyArray> run_arrays(std::vector<Run> runs, bool batched, Precision precision) {
    std::vector<NpyArray> arrays;
    arrays.push_back(stacked("logits", runs, batched, precision, &Run::logits));
    arrays.push_back(stacked("attention", runs, batched, precision, &Run::attention));
    arrays.push_back(stacked("loss", runs, batched, precision, &Run::loss));
    return arrays;
}

TokenBatch read_tokens(const std::filesystem::path& file) {
    const NpyArray array = read_npy(file);
    const std::string where = escaped(file.native());
    require(array.is_integer(), ErrorKind::Unsupported, "{}: tokens are integers, but the array holds floats",
            where);
    require((array.shape.size() == 1 || array.shape.size() == 2) && array.size() > 0, ErrorKind::Unsupported,
            "{}: the array has shape {}, expected [n] or [batch, n] with n > 0", where,
            shape_text(array.shape));
    TokenBatch batch{.rows{}, .batched = array.shape.size() == 2};
    const std::size_t n = static_cast<std::size_t>(array.shape.back());
    const std::vector<std::int64_t>& values = array.integers();
    for (std::size_t i = 0; i < values.size(); ++i) {
        require(values[i] >= 0 && values[i] <= std::numeric_limits<int>::max(), ErrorKind::Usage,
                "{}: {} is no token", where, values[i]);
        if (i % n == 0) batch.rows.emplace_back();
        batch.rows.back().push_back(static_cast<int>(values[i]));
    }
    return batch;
}

}  // namespace headway

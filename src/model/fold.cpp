// SPDX-License-Identifier: Apache-2.0
#include "model/fold.hpp"

#include "headway/base/error.hpp"
#include "model/layout.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>
#include <utility>

namespace headway {

namespace {

/// A weight that reads the stream through a norm: `[.., d_model, columns]`.
struct NormReader {
    std::string_view symbol;
    std::string_view norm;    // without shared_norm
    std::string_view suffix;  // of the image of the norm's bias
};
constexpr std::array readers{
    NormReader{"W_Q", "ln1", "Q"},   NormReader{"W_K", "ln1", "K"},       NormReader{"W_V", "ln1", "V"},
    NormReader{"W_in", "ln2", "in"}, NormReader{"W_gate", "ln2", "gate"}, NormReader{"W_U", "ln_final", "U"},
};

/// Weights whose last axis is d_model and that write into the stream; a norm behind the embedding writes for
/// the first three.
constexpr std::array<std::string_view, 7> writers{"W_E", "W_pos", "b_E", "W_O", "b_O", "W_out", "b_out"};

bool is_writer(std::string_view symbol, const Config& config) {
    const auto* first = writers.begin() + (config.embed_norm ? 3 : 0);
    return std::find(first, writers.end(), symbol) != writers.end();
}

/// A stored leaf with its shape, found by symbol.
Leaf stored_leaf(const Config& stored, std::string_view symbol, int layer) {
    Config untied = stored;
    untied.tied_unembed = false;
    untied.n_layers = layer + 1;  // the shapes are the same in all layers
    for (Leaf& leaf : stored_leaves(untied)) {
        if (leaf.name.symbol == symbol && leaf.name.layer == layer) return std::move(leaf);
    }
    throw InvariantFailure("folding asks for a leaf that the model does not store");
}

/// One model's stored leaves in T.
template <class T>
struct Stored {
    const Config& config;
    const WeightSource& source;

    void read(std::string_view symbol, int layer, std::span<T> out) const {
        if (symbol == "W_U" && config.tied_unembed && !source.reads_tied_unembed) {
            const std::vector<T> embedding = values("W_E", -1);
            transpose<T>(embedding, config.d_vocab, config.d_model, out);
            return;
        }
        source.read(stored_leaf(config, symbol, layer), out);
    }
    std::vector<T> values(std::string_view symbol, int layer) const {
        std::vector<T> result(static_cast<std::size_t>(stored_leaf(config, symbol, layer).size()));
        read(symbol, layer, result);
        return result;
    }
};

std::string norm_of(const NormReader& reader, const Config& config) {
    return std::string(config.shared_norm && reader.norm == "ln2" ? "ln1" : reader.norm);
}

/// The weight reads through its norm: with norms behind the branches only the unembedding does.
bool reads_through_norm(const NormReader& reader, const Config& config) {
    return reader.norm == "ln_final" ? config.norm != Norm::None && config.final_norm : config.norms_before();
}

const NormReader* find_reader(std::string_view symbol) {
    const auto* found = std::ranges::find(readers, symbol, &NormReader::symbol);
    return found == readers.end() ? nullptr : found;
}

/// The reader whose image of a norm's bias this is: `ln1.b.Q` is that of W_Q.
const NormReader* find_image(std::string_view symbol) {
    const std::size_t dot = symbol.find(".b.");
    if (dot == std::string_view::npos) return nullptr;
    const auto* found = std::ranges::find(readers, symbol.substr(dot + 3), &NormReader::suffix);
    return found == readers.end() ? nullptr : found;
}

/// A weight seen as `[blocks, rows, columns]`.
template <class T>
struct Blocks {
    std::span<T> values;
    std::size_t rows;
    std::size_t columns;

    std::size_t count() const { return values.size() / (rows * columns); }
    std::span<T> row(std::size_t block, std::size_t index) const {
        return values.subspan((block * rows + index) * columns, columns);
    }
};

/// γ W and, where asked, C γ W: then the mean over the rows is taken from every column. A block at a time,
/// which fits a cache.
template <class T>
void fold_reader(const Blocks<T>& weight, std::span<const T> gains, bool centre) {
    std::vector<double> mean(weight.columns);
    for (std::size_t b = 0; b < weight.count(); ++b) {
        std::ranges::fill(mean, 0.0);
        for (std::size_t i = 0; i < weight.rows; ++i) {
            const std::span<T> row = weight.row(b, i);
            for (std::size_t j = 0; j < row.size(); ++j) {
                row[j] *= gains[i];
                mean[j] += static_cast<double>(row[j]);
            }
        }
        if (!centre) continue;
        for (double& value : mean) value /= static_cast<double>(weight.rows);
        for (std::size_t i = 0; i < weight.rows; ++i) {
            const std::span<T> row = weight.row(b, i);
            for (std::size_t j = 0; j < row.size(); ++j) row[j] -= static_cast<T>(mean[j]);
        }
    }
}

/// The mean in double. Several sums at once, since one alone waits for each addition.
template <class T>
double mean_of(std::span<const T> row) {
    std::array<double, 8> sums{};
    const std::size_t whole = row.size() / sums.size() * sums.size();
    for (std::size_t i = 0; i < whole; i += sums.size()) {
        for (std::size_t lane = 0; lane < sums.size(); ++lane)
            sums[lane] += static_cast<double>(row[i + lane]);
    }
    double sum = 0.0;
    for (const double part : sums) sum += part;
    for (const T value : row.subspan(whole)) sum += static_cast<double>(value);
    return sum / static_cast<double>(row.size());
}

/// `W C`: takes the mean over d_model, the last axis, from every row.
template <class T>
void centre_writer(std::span<T> values, std::size_t d_model) {
    for (std::size_t start = 0; start < values.size(); start += d_model) {
        const std::span<T> row = values.subspan(start, d_model);
        const T mean = static_cast<T>(mean_of<T>(row));
        for (T& value : row) value -= mean;
    }
}

/// `bias W`, block by block, with sums in double.
template <class T>
void image(std::span<const T> bias, const Blocks<T>& weight, std::span<T> out) {
    std::vector<double> sum(weight.columns);
    for (std::size_t b = 0; b < weight.count(); ++b) {
        std::ranges::fill(sum, 0.0);
        for (std::size_t i = 0; i < weight.rows; ++i) {
            const std::span<T> row = weight.row(b, i);
            for (std::size_t j = 0; j < row.size(); ++j) {
                sum[j] += static_cast<double>(bias[i]) * static_cast<double>(row[j]);
            }
        }
        std::ranges::transform(sum, out.begin() + static_cast<std::ptrdiff_t>(b * weight.columns),
                               [](double value) { return static_cast<T>(value); });
    }
}

/// b_O + Σ_h b_V[h / group] W_O[h]: patterns sum to 1, so a value's bias reaches every position whole.
template <class T>
void output_bias_with_values(int layer, const Stored<T>& stored, std::span<T> out) {
    const Config& c = stored.config;
    const std::vector<T> value_bias = stored.values("b_V", layer);
    std::vector<T> weight = stored.values("W_O", layer);
    std::vector<T> spread;  // [n_heads * d_head]
    for (int h = 0; h < c.n_heads; ++h) {
        const auto first = value_bias.begin() + static_cast<std::ptrdiff_t>(h / c.group_size()) * c.d_head;
        spread.insert(spread.end(), first, first + c.d_head);
    }
    std::ranges::fill(out, T{0});
    if (c.biases.attention_out) stored.read("b_O", layer, out);
    std::vector<T> added(out.size());
    image<T>(spread, {weight, spread.size(), out.size()}, added);
    std::ranges::transform(out, added, out.begin(), std::plus<>());
}

/// Slopes of ALiBi: 2^(-8/n), 2^(-16/n), .. for n heads, a power of two; for other counts those of the power
/// of two below, then every second of the power above. Reference: Press et al., Train Short, Test Long
/// (2022), and their code.
std::vector<double> alibi_slopes(int n_heads) {
    const auto below = static_cast<int>(std::bit_floor(static_cast<unsigned>(n_heads)));
    std::vector<double> slopes;
    for (int h = 0; h < below; ++h) slopes.push_back(std::exp2(-8.0 * (h + 1) / below));
    for (int h = 0; h < n_heads - below; ++h) slopes.push_back(std::exp2(-4.0 * (2 * h + 1) / below));
    return slopes;
}

std::size_t columns_of(const Leaf& leaf) { return static_cast<std::size_t>(leaf.shape.back()); }

/// The leaf before gains and centring: stored, an image of a norm's bias, or a bias that folding changes.
template <class T>
void unfolded(const LeafName& name, const Stored<T>& raw, const Folding& folding, std::span<T> out) {
    if (name.symbol == "scale") {
        out[0] = static_cast<T>(raw.config.score_scale(name.layer));
    } else if (name.symbol == "embed_scale") {
        out[0] = static_cast<T>(raw.config.embed_scale);
    } else if (name.symbol == "slope") {
        std::ranges::transform(alibi_slopes(raw.config.n_heads), out.begin(),
                               [](double slope) { return static_cast<T>(slope); });
    } else if (const NormReader* reader = find_image(name.symbol)) {
        const Leaf weight = stored_leaf(raw.config, reader->symbol, name.layer);
        const std::vector<T> bias = raw.values(norm_of(*reader, raw.config) + ".b", name.layer);
        std::vector<T> values = raw.values(reader->symbol, name.layer);
        image<T>(bias, {values, bias.size(), columns_of(weight)}, out);
    } else if (name.symbol == "b_V" && folding.value_bias) {
        std::ranges::fill(out, T{0});
    } else if (name.symbol == "b_O" && folding.value_bias) {
        output_bias_with_values(name.layer, raw, out);
    } else {
        raw.read(name.symbol, name.layer, out);
    }
}

}  // namespace

Folding folding_for(const Config& stored, const Folding& wanted) {
    Folding done;
    done.gains = wanted.gains && stored.norm != Norm::None && stored.positions != Positions::Shortformer &&
                 stored.norm_placement != NormPlacement::Stream;
    done.centring = wanted.centring && done.gains && stored.norm == Norm::LayerNorm && stored.final_norm &&
                    stored.norm_placement == NormPlacement::Before && !stored.masked_head;
    done.value_bias = wanted.value_bias && stored.biases.query_key_value;
    return done;
}

Config folded_config(const Config& stored, const Folding& wanted) {
    Config config = stored;
    config.folding = folding_for(stored, wanted);
    if (config.folding.value_bias) config.biases.attention_out = true;
    return config;
}

template <class T>
void make_leaf(const Leaf& leaf, const Config& stored, const Config& folded, const WeightSource& source,
               std::span<T> out) {
    const Stored<T> raw{stored, source};
    const Folding& folding = folded.folding;
    unfolded(leaf.name, raw, folding, out);
    const NormReader* reader = find_reader(leaf.name.symbol);
    if (folding.gains && reader != nullptr && reads_through_norm(*reader, stored)) {
        const std::vector<T> gains = raw.values(norm_of(*reader, stored) + ".w", leaf.name.layer);
        fold_reader<T>({out, gains.size(), columns_of(leaf)}, gains, folding.centring);
    }
    if (folding.centring && is_writer(leaf.name.symbol, stored)) {
        centre_writer(out, static_cast<std::size_t>(stored.d_model));
    }
}

template void make_leaf(const Leaf&, const Config&, const Config&, const WeightSource&, std::span<float>);
template void make_leaf(const Leaf&, const Config&, const Config&, const WeightSource&, std::span<double>);

}  // namespace headway

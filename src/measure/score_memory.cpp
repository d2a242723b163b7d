// SPDX-License-Identifier: Apache-2.0
#include "measure/score_memory.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"

#include <algorithm>

namespace headway {

namespace {

constexpr double usual = 3.0e9;       // bytes
constexpr double copies = 1.5;        // of results: BLAS and sums take some on the way
constexpr double kept_whole = 2.5e8;  // so much stays with the model, for the next evaluation

}  // namespace

ScoreMemory::ScoreMemory(const Config& config, const std::vector<EdgeKind>& kinds,
                         const EvaluateOptions& options)
    : n_layers_(config.n_layers), options_(options) {
    const double bytes = options.precision == Precision::Double ? sizeof(double) : sizeof(float);
    const double d = config.d_model, head = d * config.d_head;
    const double query = head * config.n_heads * bytes, key = head * config.n_kv_heads * bytes;
    const auto writes = [&](Writer writer) {
        return std::ranges::any_of(kinds, [&](const EdgeKind& kind) { return kind.writer == writer; });
    };
    const auto reads = [&](Reader reader) {
        return std::ranges::any_of(kinds, [&](const EdgeKind& kind) { return kind.reader == reader; });
    };
    if (writes(Writer::Heads)) layer_ += query;
    if (reads(Reader::Q)) layer_ += query;
    if (reads(Reader::K)) layer_ += key;
    if (reads(Reader::V)) layer_ += key;
    if (writes(Writer::Mlps)) layer_ += d * config.d_mlp * bytes;
    if (reads(Reader::Mlp)) layer_ += d * config.d_mlp * bytes;
    once_ = 2 * options.threads * query;
    if (writes(Writer::Embed)) once_ += d * config.d_vocab * bytes;
    if (writes(Writer::Position)) once_ += d * config.n_ctx * bytes;
    if (reads(Reader::Unembed)) once_ += d * config.d_vocab * bytes;
    all_ = held(n_layers_) + n_layers_ * 2 * (query + key);
}

int ScoreMemory::most_layers(const Peak& peak) const {
    const bool limited = options_.max_memory > 0;
    if (!limited && all_ < usual / 4) return n_layers_;
    const double budget = limited ? static_cast<double>(options_.max_memory) : usual;
    int last = 0;
    double least = 0;
    for (int blocks = 1; blocks <= n_layers_; ++blocks) {
        const int size = (n_layers_ + blocks - 1) / blocks;
        if (size == last) continue;
        last = size;
        least = held(size) + copies * peak(size, options(size));
        if (least <= budget) return size;
    }
    require(!limited, ErrorKind::Limit,
            "scores of this model need {} of memory, layer by layer; --max-memory is {}",
            bytes_text(static_cast<std::uint64_t>(least)), bytes_text(options_.max_memory));
    return 1;
}

EvaluateOptions ScoreMemory::options(int layers) const {
    EvaluateOptions result = options_;
    result.balance_heads = true;
    result.keep_weights = all_ < kept_whole;
    result.n_layers = layers;
    if (options_.max_memory > 0) {
        const double left = static_cast<double>(options_.max_memory) - held(layers);
        result.max_memory = left > 1 ? static_cast<std::size_t>(left) : 1;
    }
    return result;
}

}  // namespace headway

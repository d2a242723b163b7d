// SPDX-License-Identifier: Apache-2.0
#include "measure/pair_norms.hpp"

#include "measure/score_memory.hpp"

#include "headway/base/error.hpp"
#include "headway/contract/plan.hpp"

#include <algorithm>
#include <map>

namespace headway {

namespace {

using Values = xt::xarray<double>;

// What is evaluated of a kind at once: the components of some layers on both sides.
struct Job {
    std::size_t kind;
    ScoreEnds ends;
    bool writers, readers;  // their own norms too
};

bool has_layers(Writer writer) { return writer == Writer::Heads || writer == Writer::Mlps; }
bool has_layers(Reader reader) { return reader != Reader::Unembed; }

using Together = std::map<std::pair<int, int>, std::vector<Job>>;  // by first layers

// Ranges of `size` layers that cover all; the last one starts earlier where it would be too long.
std::vector<ScorePart> parts(const Config& config, bool layered, int size) {
    std::vector<ScorePart> result;
    for (int first = 0; layered && first < config.n_layers; first += size)
        result.push_back({.first = std::min(first, config.n_layers - size), .layers = size});
    return layered ? result : std::vector<ScorePart>{{}};
}

Together jobs_of(const Config& config, const std::vector<EdgeKind>& kinds, const ScoreOptions& score,
                 int size) {
    const bool on_stream = passes_stream_norms(config, score);
    Together jobs;
    for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
        const auto& [writer, reader] = kinds[kind];
        std::vector<int> seen_readers;
        for (const ScorePart& from : parts(config, has_layers(writer), size)) {
            bool writers = true;
            for (const ScorePart& to : parts(config, has_layers(reader), size)) {
                if (!reads_from(config, writer, from.first, reader, to.first + to.layers - 1)) continue;
                const bool fresh = std::ranges::find(seen_readers, to.first) == seen_readers.end();
                jobs[{from.first, to.first}].push_back(
                    {kind, {writer, reader, from, to}, writers || on_stream, fresh});
                if (fresh) seen_readers.push_back(to.first);
                writers = false;
            }
        }
    }
    return jobs;
}

std::vector<Expr> networks_of(const Config& config, const std::vector<Job>& jobs, const ScoreOptions& score) {
    std::vector<Expr> networks;
    for (const Job& job : jobs) {
        networks.push_back(pair_norm(config, job.ends, score));
        for (const ScoreEnd end : {ScoreEnd::Writer, ScoreEnd::Reader}) {
            if (!(end == ScoreEnd::Writer ? job.writers : job.readers)) continue;
            networks.push_back(end_norm(config, job.ends, end, score));
            networks.push_back(end_gram_norm(config, job.ends, end, score));
        }
    }
    return networks;
}

// How many layers of each side are evaluated at once: all, or as many as there is memory for.
int layers_at_once(const Config& config, const std::vector<EdgeKind>& kinds, const ScoreOptions& score,
                   const ScoreMemory& memory, std::int64_t n_tokens) {
    if (passes_stream_norms(config, score)) return 1;
    return memory.most_layers([&](int size, const EvaluateOptions& options) {
        const Together jobs = jobs_of(config, kinds, score, size);
        if (jobs.empty()) return 0.0;
        return plan(config, networks_of(config, jobs.begin()->second, score), n_tokens, options).peak_bytes;
    });
}

// Number of the first component of a part, and how many it has.
struct Range {
    std::size_t first, count;
};
Range range_of(const Config& config, const ScorePart& part, std::size_t all, bool layered) {
    if (!layered) return {0, all};
    const std::size_t each = all / static_cast<std::size_t>(config.n_layers);
    return {each * static_cast<std::size_t>(part.first), each * static_cast<std::size_t>(part.layers)};
}

PairNorms empty_norms(const Config& config, const EdgeKind& kind, const ScoreOptions& score) {
    const std::size_t n = count_of(config, kind.writer), m = count_of(config, kind.reader);
    const std::size_t spread = passes_stream_norms(config, score) && has_layers(kind.reader)
                                   ? static_cast<std::size_t>(config.n_layers)
                                   : 1;
    const std::vector<double> writers(n * spread), readers(m);
    return {std::vector<double>(n * m), writers, writers, readers, readers, m, spread};
}

// Puts the values of a job, in the order of `networks_of`, where they belong, and returns what follows them.
const Values* place(const Config& config, const Job& job, const Values* values, PairNorms& norms) {
    const Range from =
        range_of(config, job.ends.from, count_of(config, job.ends.writer), has_layers(job.ends.writer));
    const Range to = range_of(config, job.ends.to, norms.readers, has_layers(job.ends.reader));
    for (std::size_t a = 0; a < from.count; ++a)
        for (std::size_t b = 0; b < to.count; ++b)
            norms.pair[(from.first + a) * norms.readers + to.first + b] = values->data()[a * to.count + b];
    if (job.writers) {
        for (std::size_t a = 0; a < from.count; ++a) {
            norms.writer[norms.place(from.first + a, to.first)] = values[1].data()[a];
            norms.writer_gram[norms.place(from.first + a, to.first)] = values[2].data()[a];
        }
        values += 2;
    }
    if (!job.readers) return values + 1;
    std::copy_n(values[1].data(), to.count, norms.reader.begin() + static_cast<std::ptrdiff_t>(to.first));
    std::copy_n(values[2].data(), to.count,
                norms.reader_gram.begin() + static_cast<std::ptrdiff_t>(to.first));
    return values + 3;
}

// Positions that the networks have: those of W_pos, or the offsets of a rotation. Which tokens stand there is
// no matter.
std::vector<int> positions(const Config& config, const std::vector<EdgeKind>& kinds,
                           const ScoreOptions& score) {
    const bool placed =
        std::ranges::any_of(kinds, [](const EdgeKind& k) { return k.writer == Writer::Position; });
    return std::vector<int>(static_cast<std::size_t>(placed ? config.n_ctx : score.positions()));
}

// All pairs, `size` layers of each side at once.
std::vector<PairNorms> in_blocks(const Model& model, const std::vector<EdgeKind>& kinds,
                                 const ScoreOptions& score, int size, const EvaluateOptions& options) {
    const Config& config = model.config();
    const std::vector<int> tokens = positions(config, kinds, score);
    std::vector<PairNorms> norms;
    for (const EdgeKind& kind : kinds) norms.push_back(empty_norms(config, kind, score));
    for (const auto& [layers, jobs] : jobs_of(config, kinds, score, size)) {
        const std::vector<Expr> networks = networks_of(config, jobs, score);
        const std::vector<Values> values = evaluate(model, networks, tokens, options);
        const Values* next = values.data();
        for (const Job& job : jobs) next = place(config, job, next, norms[job.kind]);
    }
    return norms;
}

}  // namespace

std::vector<PairNorms> pair_norms(const Model& model, const std::vector<EdgeKind>& kinds,
                                  const ScoreOptions& score, const EvaluateOptions& options) {
    const Config& config = model.config();
    const auto n_tokens = static_cast<std::int64_t>(positions(config, kinds, score).size());
    const ScoreMemory memory(config, kinds, options);
    for (int size = layers_at_once(config, kinds, score, memory, n_tokens);; size = (size + 1) / 2) {
        try {
            return in_blocks(model, kinds, score, size, memory.options(size));
        } catch (const Error& error) {  // the estimate was too low
            if (error.kind() != ErrorKind::Limit || size == 1) throw;
        }
    }
}

std::vector<Expr> pair_norm_networks(const Config& config, const std::vector<EdgeKind>& kinds,
                                     const ScoreOptions& score) {
    std::vector<Expr> networks;
    const int size = passes_stream_norms(config, score) ? 1 : config.n_layers;
    for (const auto& [layers, jobs] : jobs_of(config, kinds, score, size))
        for (Expr& network : networks_of(config, jobs, score)) networks.push_back(std::move(network));
    return networks;
}

std::vector<double> squares_in_double(const Model& model, const std::vector<HeadPair>& pairs,
                                      const ScoreOptions& score, const EvaluateOptions& options) {
    EvaluateOptions in_double = options;
    in_double.precision = Precision::Double;
    in_double.balance_heads = true;
    in_double.keep_weights = false;
    const std::vector<int> tokens(static_cast<std::size_t>(score.positions()));
    std::map<std::pair<int, int>, std::vector<std::size_t>> together;  // by layers
    for (std::size_t i = 0; i < pairs.size(); ++i)
        together[{pairs[i].from.layer, pairs[i].to.layer}].push_back(i);
    std::vector<double> squares(pairs.size());
    for (const auto& [layers, members] : together) {
        std::vector<Expr> networks;
        for (const std::size_t i : members) {
            const ScoreEnds ends{Writer::Heads, pairs[i].reader, one_head(pairs[i].from),
                                 one_head(pairs[i].to)};
            networks.push_back(pair_norm(model.config(), ends, score));
            networks.push_back(end_norm(model.config(), ends, ScoreEnd::Writer, score));
            networks.push_back(end_norm(model.config(), ends, ScoreEnd::Reader, score));
        }
        const std::vector<Values> values = evaluate(model, networks, tokens, in_double);
        for (std::size_t m = 0; m < members.size(); ++m)
            squares[members[m]] =
                values[3 * m].data()[0] / (values[3 * m + 1].data()[0] * values[3 * m + 2].data()[0]);
    }
    return squares;
}

}  // namespace headway

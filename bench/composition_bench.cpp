// Composition scores of all pairs of heads, all three kinds, three ways on the same BLAS and threads in the
// same run:
//   usual     as the usual package computes them: factors reduced to d_head rows, then one small product for
// each pair,
//             possible or not, and its norm (the package's own copies of the operands and its SVDs are left
// out)
//   pairwise  the best pairwise order: factors reduced by QR, one large product for each pair of layers that
// can compose
//   composed  `composition()`: the networks, planned and evaluated by the library, scores and statistics
// included
// They are run in turn and measured in processor time, so that a busy machine is busy for all three. All are
// compared.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "all_pairs.hpp"
#include "headway/measure/composition.hpp"
#include "headway/model/load.hpp"

namespace {

using headway::Composition;
using headway::CompositionTable;
using headway::Config;
using headway::Model;
using headway::Threads;
using headway::bench::AllPairs;
using headway::bench::kinds;
using headway::bench::Squares;

struct Case {
    std::string shape;
    std::size_t max_memory;  ///< bytes beyond the weights
    int layer_step_usual;  ///< only every so many writer layers are run, and the time is multiplied; 0: not run
    int layer_step_pairwise;
};

double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double resident_megabytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

double median(std::vector<double> times) {
    std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
    return times[times.size() / 2];
}

void load_weights(const Model& model) {
    for (const headway::Leaf& leaf : model.leaves())
        for (const char* symbol : {"W_Q", "W_K", "W_V", "W_O"})
            if (leaf.name.symbol == symbol) (void)model.leaf<float>(symbol, leaf.name.layer);
}

double square_of(const Squares& squares, const headway::CompositionRow& row, const Config& config) {
    const auto number = [&](const headway::Head& head) {
        return static_cast<std::size_t>(head.layer * config.n_heads + head.index);
    };
    const std::size_t kind = row.kind == Composition::Q ? 0 : row.kind == Composition::K ? 1 : 2;
    const std::size_t a = number(row.writer), b = number(row.reader);
    const double pair = squares.pairs[kind][a * squares.heads + b];
    return pair / (squares.writers[a] * squares.readers[kind][b]);
}

/// The largest difference of a score from that of the pairs that were computed.
double difference(const CompositionTable& table, const Squares& squares, const Config& config) {
    double largest = 0;
    for (const headway::CompositionRow& row : table.rows) {
        const double square = square_of(squares, row, config);
        if (!std::isnan(square)) largest = std::max(largest, std::abs(std::sqrt(square) - row.score));
    }
    return largest;
}

void run(benchmark::State& state, const Case& what) {
    const Model model = headway::load_model("random:" + what.shape);
    const auto threads = static_cast<int>(state.range(0));
    load_weights(model);
    std::vector<double> usual, pairwise, composed;
    double apart = 0, memory = 0;
    for ([[maybe_unused]] auto _ : state) {
        const double before = resident_megabytes(), start = processor_seconds();
        const CompositionTable table =
            composition(model, kinds(), {.threads = threads, .max_memory = what.max_memory});
        composed.push_back(processor_seconds() - start);
        memory = std::max(memory, resident_megabytes() - before);
        Threads pool(threads);
        for (const bool best : {true, false}) {
            const int step = best ? what.layer_step_pairwise : what.layer_step_usual;
            if (step == 0) continue;
            AllPairs pairs(model, pool);
            const double begin = processor_seconds();
            pairs.reduce_factors();
            const double reduced = processor_seconds();
            const double share = best ? pairs.pairwise(step) : pairs.usual(step);
            const double end = processor_seconds();
            (best ? pairwise : usual).push_back(reduced - begin + (end - reduced) / share);
            apart = std::max(apart, difference(table, pairs.squares(), model.config()));
        }
        state.SetIterationTime(composed.back());
    }
    if (apart > 2e-6) state.SkipWithError("the scores differ by more than 2e-6");
    state.counters["composed_s"] = median(composed);
    if (!pairwise.empty()) state.counters["pairwise_s"] = median(pairwise);
    if (!pairwise.empty()) state.counters["x_pairwise"] = median(pairwise) / median(composed);
    if (!usual.empty()) state.counters["usual_s"] = median(usual);
    if (!usual.empty()) state.counters["x_usual"] = median(usual) / median(composed);
    state.counters["apart"] = apart;
    state.counters["MB_beyond_weights"] = memory;
}

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    constexpr std::size_t unlimited = 0, four_gigabytes = 4'000'000'000;
    for (const auto& [name, what] : {
             std::pair{"gpt2", Case{"gpt2", unlimited, 1, 1}},
             std::pair{"gpt2-medium", Case{"gpt2-medium", unlimited, 6, 1}},
             std::pair{"gpt2-xl/sampled", Case{"gpt2-xl", four_gigabytes, 0, 8}},
             std::pair{"gpt2-xl/whole", Case{"gpt2-xl", four_gigabytes, 0, 1}},
         })
        benchmark::RegisterBenchmark(name, &run, what)
            ->ArgName("threads")
            ->Arg(1)
            ->Arg(2)
            ->UseManualTime()
            ->Unit(benchmark::kSecond);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}

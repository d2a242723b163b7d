// Writing models down and expanding them, as symbols: what `headway network MODEL --expand 2` does before it
// prints.
// Expressions are interned, so an expression that is held somewhere is found again in less time than it took
// to make: here
// nothing is held from one iteration to the next.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "headway/expand/path_term.hpp"
#include "headway/expand/paths.hpp"
#include "headway/expand/score.hpp"
#include "headway/model/load.hpp"
#include "headway/network/transformer.hpp"

namespace {

using headway::Config;
using headway::Expr;

void build(benchmark::State& state, const std::string& shape) {
    const Config config = headway::parse_random_shape(shape);
    for ([[maybe_unused]] auto _ : state) {
        const headway::Network network = headway::transformer(config);
        benchmark::DoNotOptimize(&network);
    }
    state.counters["layers"] = config.n_layers;
}

/// The model, its frozen copy, and a term for every path of exactly `order` heads from the embedding.
void build_and_expand(benchmark::State& state, const std::string& shape) {
    const Config config = headway::parse_random_shape(shape);
    const auto order = static_cast<int>(state.range(0));
    std::size_t terms = 0;
    for ([[maybe_unused]] auto _ : state) {
        const headway::FrozenModel model(config);
        headway::Paths paths(config, {.max_heads = order, .source = headway::Source{}});
        std::vector<Expr> all;
        while (const std::optional<headway::Path> path = paths.next())
            if (static_cast<int>(path->heads.size()) == order) all.push_back(path_term(model, *path));
        terms = all.size();
        benchmark::DoNotOptimize(all.data());
    }
    state.counters["terms"] = static_cast<double>(terms);
}

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    for (const char* shape : {"gpt2", "gpt2-xl", "llama-3-8b"})
        benchmark::RegisterBenchmark((std::string("transformer/") + shape).c_str(), &build, shape)
            ->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark("expand/gpt2", &build_and_expand, "gpt2")
        ->ArgName("heads")
        ->Arg(1)
        ->Arg(2)
        ->Unit(benchmark::kMillisecond);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}

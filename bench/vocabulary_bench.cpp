// Full OV over a real vocabulary, every entry of [d_vocab, d_vocab] made (early exit off), against bare cblas
// calls of the same shape into one buffer. Both are run in turn for each of five heads; times are processor
// seconds of all threads.
// HEADWAY_BENCH_MODEL names the model; without it the shape of SmolLM2-135M with random weights.
// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/head_circuit.hpp"
#include "headway/measure/vocabulary.hpp"
#include "headway/model/load.hpp"

#include <benchmark/benchmark.h>
#include <cblas.h>

#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

namespace headway {
namespace {

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

std::string model_name() {
    const char* named = std::getenv("HEADWAY_BENCH_MODEL");
    return named != nullptr
               ? named
               : "random:layers=2,heads=9,kv_heads=3,d_model=576,d_head=64,vocab=49152,positions=rotary";
}

// [n, k] [k, n] in blocks of 512 x 2048.
double bare_product(int n, int k) {
    constexpr int rows = 512, columns = 2048;
    const std::vector<float> side(static_cast<std::size_t>(n) * static_cast<std::size_t>(k), 0.5F);
    std::vector<float> block(static_cast<std::size_t>(rows) * columns);
    const double begin = processor_seconds();
    for (int i = 0; i < n; i += rows)
        for (int j = 0; j < n; j += columns)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, std::min(rows, n - i),
                        std::min(columns, n - j), k, 1.0F, side.data() + static_cast<std::ptrdiff_t>(i) * k,
                        k, side.data() + static_cast<std::ptrdiff_t>(j) * k, k, 0.0F, block.data(), columns);
    benchmark::DoNotOptimize(block);
    return processor_seconds() - begin;
}

void every_entry(benchmark::State& state) {
    const Model model = load_model(model_name());
    const Config& config = model.config();
    const double products = 2.0 * config.d_vocab * config.d_vocab * config.d_head;
    double ours = 0, bare = 0;
    for (auto _ : state)
        for (int head = 0; head < 5; ++head) {
            const Expr matrix =
                circuit_matrix(config, {.heads = {{config.n_layers / 2, head}}}, CircuitEnds::Vocabulary);
            const double begin = processor_seconds();
            benchmark::DoNotOptimize(diagonal_accuracy(model, std::span(&matrix, 1),
                                                       {.threads = static_cast<int>(state.range(0))},
                                                       {.early_exit = false}));
            ours += processor_seconds() - begin;
            bare += bare_product(config.d_vocab, config.d_head);
        }
    state.counters["gflops"] = 5 * products / ours / 1e9;
    state.counters["bare_gflops"] = 5 * products / bare / 1e9;
    state.counters["share"] = bare / ours;
}
BENCHMARK(every_entry)->Name("full_ov/every_entry")->Arg(1)->Arg(2)->Unit(benchmark::kSecond)->Iterations(1);

}  // namespace
}  // namespace headway

BENCHMARK_MAIN();

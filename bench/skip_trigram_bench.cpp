// Skip-trigrams of one head with GPT-2's vocabulary, against two bare matrix products of that size: what a
// scan without bounds would at least cost.
// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/skip_trigrams.hpp"
#include "headway/model/load.hpp"

#include <benchmark/benchmark.h>
#include <cblas.h>

#include <cstdint>
#include <vector>

namespace headway {
namespace {

constexpr const char* shape = "random:layers=1,heads=1,d_model=768,d_head=64,vocab=50257";

void search(benchmark::State& state) {
    const Model model = load_model(shape);
    SkipTrigramTable table;
    for (auto _ : state) {
        table = skip_trigrams(model, {.key = static_cast<SkipTrigramKey>(state.range(0))});
        benchmark::DoNotOptimize(table);
    }
    state.counters["ov_rows"] = static_cast<double>(table.ov_rows);
    state.counters["qk_rows"] = static_cast<double>(table.qk_rows);
}
BENCHMARK(search)->Name("skip_trigrams/source")->Arg(0)->Unit(benchmark::kSecond)->Iterations(1);
BENCHMARK(search)->Name("skip_trigrams/destination")->Arg(1)->Unit(benchmark::kSecond)->Iterations(1);
BENCHMARK(search)->Name("skip_trigrams/triple")->Arg(2)->Unit(benchmark::kSecond)->Iterations(1);

void two_products(benchmark::State& state) {
    constexpr int vocabulary = 50257, inner = 64, rows = 256;
    const std::vector<float> left(static_cast<std::size_t>(rows) * inner, 0.5F);
    const std::vector<float> right(static_cast<std::size_t>(vocabulary) * inner, 0.5F);
    std::vector<float> product(static_cast<std::size_t>(rows) * vocabulary);
    for (auto _ : state) {
        for (int done = 0; done < 2 * vocabulary; done += rows)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, vocabulary, inner, 1.0F, left.data(),
                        inner, right.data(), inner, 0.0F, product.data(), vocabulary);
        benchmark::DoNotOptimize(product);
    }
}
BENCHMARK(two_products)->Name("two_products")->Unit(benchmark::kSecond)->Iterations(1);

}  // namespace
}  // namespace headway

BENCHMARK_MAIN();

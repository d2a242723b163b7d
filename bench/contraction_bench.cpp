// The evaluator's pairwise contraction, packing included, against a loop of bare cblas calls of the same
// shape on the same
// threads. The two are run in turn, so that a noisy machine is noisy for both; times are processor times of
// all
// threads, `share` is bare time / our time (medians).
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <cblas.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "contract/pair_plan.hpp"
#include "contract/pairwise.hpp"

namespace {

using headway::Array;
using headway::Dims;
using headway::Workspace;

/// An einsum on row-major operands, with the extent of every letter; under a strict order only the results of
/// `row` < `column` are wanted.
struct Step {
    const char* name;
    std::string a, b, out;
    std::map<char, std::int64_t> extents;
    char row = 0, column = 0;

    std::int64_t rows() const { return row == 0 ? 0 : extents.at(row); }
    /// The part of the products that is wanted.
    double wanted() const {
        return row == 0 ? 1 : static_cast<double>(rows() - 1) / (2 * static_cast<double>(rows()));
    }
    /// Rows in one bare call: all that are tried, since one cannot know which is fastest.
    std::vector<std::int64_t> ways() const {
        if (row == 0) return {0};
        std::vector<std::int64_t> all;
        for (std::int64_t calls = 1; calls < rows(); calls = calls * 3 / 2 + 1)
            all.push_back((rows() - 1 + calls - 1) / calls);
        return all;
    }
};

const std::vector<Step>& steps() {
    static const std::vector<Step> all{
        {"all_pairs_tile", "akc", "bkc", "ab", {{'a', 144}, {'b', 144}, {'k', 128}, {'c', 128}}},
        {"all_pairs_by_layer",
         "lhkc",
         "mgkc",
         "lmhg",
         {{'l', 12}, {'h', 12}, {'m', 12}, {'g', 12}, {'k', 128}, {'c', 128}}},
        {"all_pairs_xl_tile", "akc", "bkc", "ab", {{'a', 1200}, {'b', 1200}, {'k', 64}, {'c', 64}}},
        {"all_pairs_before",
         "lhkc",
         "mgkc",
         "lmhg",
         {{'l', 12}, {'h', 12}, {'m', 12}, {'g', 12}, {'k', 768}, {'c', 128}},
         'l',
         'm'},
        {"all_pairs_xl_before",
         "lhkc",
         "mgkc",
         "lmhg",
         {{'l', 48}, {'h', 25}, {'m', 48}, {'g', 25}, {'k', 64}, {'c', 64}},
         'l',
         'm'},
        {"gram_of_heads", "apk", "apc", "akc", {{'a', 144}, {'p', 64}, {'k', 768}, {'c', 128}}},
        {"inner_gram_of_heads", "aip", "air", "apr", {{'a', 144}, {'i', 768}, {'p', 64}, {'r', 64}}},
        {"transposed_batch", "akm", "akn", "amn", {{'a', 1152}, {'m', 128}, {'n', 128}, {'k', 64}}},
        {"attention_scores", "qhe", "khe", "hqk", {{'h', 12}, {'q', 1024}, {'k', 1024}, {'e', 64}}},
        {"attention_mix", "hqk", "khe", "qhe", {{'h', 12}, {'q', 1024}, {'k', 1024}, {'e', 64}}},
        {"attention_out", "qhe", "hed", "qd", {{'h', 12}, {'q', 1024}, {'d', 768}, {'e', 64}}},
        {"queries_of_all_heads", "qd", "hde", "hqe", {{'h', 12}, {'q', 1024}, {'d', 768}, {'e', 64}}},
        {"logits", "qd", "dv", "qv", {{'q', 64}, {'d', 768}, {'v', 50257}}},
        {"logits_tied", "qd", "vd", "qv", {{'q', 64}, {'d', 768}, {'v', 50257}}},
        {"mlp_in", "qd", "dn", "qn", {{'q', 1024}, {'d', 768}, {'n', 3072}}},
        {"square", "ik", "kj", "ij", {{'i', 1024}, {'j', 1024}, {'k', 1024}}},
        {"square_both_transposed", "ki", "jk", "ji", {{'i', 2048}, {'j', 2048}, {'k', 2048}}},
        {"packed_operand", "iks", "skj", "ij", {{'i', 1024}, {'j', 1024}, {'k', 256}, {'s', 4}}},
        {"permuted_result", "abk", "jk", "abj", {{'a', 12}, {'b', 512}, {'j', 512}, {'k', 512}}},
    };
    return all;
}

std::vector<int> labels(const std::string& text) { return {text.begin(), text.end()}; }

template <class T>
Array<T> operand(const std::string& text, const Step& step, Workspace& workspace) {
    Dims shape;
    for (const char label : text) shape.push_back(step.extents.at(label));
    const Array<T> array = Array<T>::uninitialised(shape, workspace);
    for (std::int64_t i = 0; i < array.size(); ++i)
        array.mutable_data()[i] = static_cast<T>((i * 7919) % 1000 - 500) / 500;
    return array;
}

/// `leading`: of b and c.
void bare(int m, int n, int k, const float* a, const float* b, float* c, int leading) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a, k, b, leading, 0, c, leading);
}

void bare(int m, int n, int k, const double* a, const double* b, double* c, int leading) {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a, k, b, leading, 0, c, leading);
}

/// The products of a step without an order, in one call; under a strict order of `rows` rows those that are
/// wanted, and as many too many as `together` rows in one call make.
template <class T>
void bare_products(const headway::PairShape& shape, std::int64_t rows, std::int64_t together, const T* a,
                   const T* b, T* c) {
    const auto m = static_cast<int>(shape.m), n = static_cast<int>(shape.n), k = static_cast<int>(shape.k);
    if (rows == 0) return bare(m, n, k, a, b, c, n);
    const auto high = static_cast<int>(m / rows), wide = static_cast<int>(n / rows);
    for (std::int64_t first = 0; first + 1 < rows; first += together) {
        const auto begin = static_cast<int>(first);
        const auto end = static_cast<int>(std::min(first + together, rows - 1));
        const int column = wide * (begin + 1);
        bare(high * (end - begin), n - column, k, a + static_cast<std::int64_t>(high) * begin * k, b + column,
             c + static_cast<std::int64_t>(high) * begin * n + column, n);
    }
}

double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Of all threads together: what another process takes from a shared machine does not count.
template <class Body>
double seconds(const Body& body) {
    const double start = processor_seconds();
    body();
    return processor_seconds() - start;
}

double median(std::vector<double> times) {
    std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
    return times[times.size() / 2];
}

/// Every thread does the whole bare batch into a result of its own: the time of one batch is the time of all
/// / threads.
template <class T>
void run(benchmark::State& state, const Step& step) {
    const auto threads = static_cast<int>(state.range(0));
    Workspace workspace({.threads = threads});
    const Array<T> a = operand<T>(step.a, step, workspace);
    const Array<T> b = operand<T>(step.b, step, workspace);
    const std::vector<int> a_labels = labels(step.a);
    const std::vector<int> b_labels = labels(step.b);
    const std::vector<int> out_labels = labels(step.out);
    const auto contract = [&] {
        if (step.row == 0) return contract_pair<T>(a, a_labels, b, b_labels, out_labels, workspace);
        return headway::contract_pair_before<T>(a, a_labels, b, b_labels, out_labels, {step.row, step.column},
                                                workspace);
    };
    const Array<T> result = contract();
    const headway::PairShape shape =
        headway::describe({a.layout(), a_labels}, {b.layout(), b_labels}, {result.layout(), out_labels});
    std::vector<Array<T>> results;
    for (int t = 0; t < threads; ++t)
        results.push_back(Array<T>::zeros({shape.batch, shape.m, shape.n}, workspace));
    const std::int64_t step_a =
        a.size() > shape.m * shape.k ? shape.m * shape.k : 0;  // 0: one for the whole batch
    const std::int64_t step_b = b.size() > shape.k * shape.n ? shape.k * shape.n : 0;
    const auto bare_batch = [&](std::int64_t t, std::int64_t together) {
        T* const c = results[static_cast<std::size_t>(t)].mutable_data();
        for (std::int64_t i = 0; i < shape.batch; ++i)
            bare_products(shape, step.rows(), together, a.data() + i * step_a, b.data() + i * step_b,
                          c + i * shape.m * shape.n);
    };
    std::vector<double> ours;
    std::map<std::int64_t, std::vector<double>> bare_times;  // by rows together
    for ([[maybe_unused]] auto _ : state) {
        for (const std::int64_t together : step.ways())
            bare_times[together].push_back(seconds([&] {
                                               workspace.threads().run(
                                                   threads, [&](std::int64_t t) { bare_batch(t, together); });
                                           }) /
                                           threads);
        ours.push_back(seconds([&] { benchmark::DoNotOptimize(contract().data()); }));
        state.SetIterationTime(ours.back());
    }
    std::int64_t best = 0;
    double theirs = std::numeric_limits<double>::infinity();
    for (const auto& [together, times] : bare_times)
        if (median(times) < theirs) {
            theirs = median(times);
            best = together;
        }
    const double flops = shape.flops() * step.wanted();
    state.counters["GFLOP"] = flops * 1e-9;
    state.counters["ours_GFLOP/s"] = flops * 1e-9 / median(ours);
    state.counters["bare_GFLOP/s"] = flops * 1e-9 / theirs;
    state.counters["share"] = theirs / median(ours);
    state.SetLabel(to_string(shape) + (best > 0 ? "; bare calls of " + std::to_string(best) + " rows" : ""));
}

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    for (const Step& step : steps()) {
        for (const auto& [type, function] :
             {std::pair{"float", &run<float>}, std::pair{"double", &run<double>}}) {
            benchmark::RegisterBenchmark((std::string(step.name) + "/" + type).c_str(), function, step)
                ->ArgName("threads")
                ->Arg(1)
                ->Arg(2)
                ->UseManualTime()
                ->Unit(benchmark::kMillisecond);
        }
    }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}

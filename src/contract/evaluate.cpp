// SPDX-License-Identifier: Apache-2.0
#include "headway/contract/evaluate.hpp"

#include "contract/compile.hpp"
#include "contract/evaluate_arrays.hpp"
#include "contract/execute.hpp"
#include "contract/kernels.hpp"
#include "contract/memory.hpp"
#include "contract/settings.hpp"
#include "contract/weights.hpp"
#include "headway/base/text.hpp"

#include <algorithm>
#include <utility>

namespace headway {

namespace {

template <class T>
void evaluate_parts(const Model& model, std::span<const Expr> expressions, std::span<const int> tokens,
                    const EvaluateOptions& options, const CompileOptions& compile_options,
                    Workspace& workspace, const Output<T>& output) {
    const Sizes sizes = sizes_of(model.config(), static_cast<std::int64_t>(tokens.size()), options);
    const Program program = compile(expressions, sizes, compile_options);
    if (options.max_memory > 0) {
        const auto needed = static_cast<std::uint64_t>(memory_use(program, compile_options.bytes).peak);
        require(
            needed <= options.max_memory, ErrorKind::Limit,
            "values on the way need {} of memory, in the smallest blocks; of the limit {} are left for them",
            bytes_text(needed), bytes_text(options.max_memory));
    }
    advance(options.progress, &Progress::all_work, work_of(program));
    Inputs<T> inputs;
    inputs.leaf = [&](const Tensor& leaf, const Dims& shape) {
        return weight_array<T>(model, leaf, shape, options, workspace);
    };
    inputs.tokens.assign(tokens.begin(), tokens.end());
    execute<T>(program, inputs, workspace, output);
}

// Takes results to their places, in parts or whole.
template <class T>
class Collector {
public:
    Collector(std::size_t count, Workspace& workspace, const ResultPlaces& places)
        : workspace_(workspace), places_(places), begun_(count) {}

    void operator()(std::size_t number, const Array<T>& value, const OutputPart& part) {
        const bool whole = part.axis < 0;
        if (whole || part.begin == 0) {
            Dims shape = value.shape();
            if (!whole) shape[static_cast<std::size_t>(part.axis)] = part.whole;
            begun_[number] = places_.place(number, shape);
        }
        const Array<T> dense = value.contiguous() ? value : copy(value, workspace_);
        if (whole)
            std::copy_n(dense.data(), dense.size(), begun_[number]);
        else
            put(dense, part, begun_[number]);
        if (places_.done && (whole || part.begin + value.extent(part.axis) == part.whole))
            places_.done(number);
    }

private:
    static void put(const Array<T>& dense, const OutputPart& part, double* all) {
        std::int64_t inner = 1;
        for (int i = part.axis + 1; i < dense.rank(); ++i) inner *= dense.extent(i);
        const std::int64_t run = dense.extent(part.axis) * inner;
        for (std::int64_t at = 0; at * run < dense.size(); ++at)
            std::copy_n(dense.data() + at * run, run, all + (at * part.whole + part.begin) * inner);
    }

    Workspace& workspace_;
    const ResultPlaces& places_;
    std::vector<double*> begun_;
};

template <class T>
void run(const Model& model, std::span<const Expr> expressions, std::span<const int> tokens,
         const EvaluateOptions& options, bool results_counted, const ResultPlaces& places) {
    Workspace workspace(workspace_options(options));
    CompileOptions compile_options = settings(model.config(), options, sizeof(T));
    compile_options.hand_blocks = true;
    if (results_counted) compile_options.bytes.taken = 0;
    evaluate_parts<T>(model, expressions, tokens, options, compile_options, workspace,
                      Collector<T>(expressions.size(), workspace, places));
}

void run(const Model& model, std::span<const Expr> expressions, std::span<const int> tokens,
         const EvaluateOptions& options, bool results_counted, const ResultPlaces& places) {
    check_tokens(model.config(), tokens);
    if (options.precision == Precision::Double)
        run<double>(model, expressions, tokens, options, results_counted, places);
    else
        run<float>(model, expressions, tokens, options, results_counted, places);
}

// One of the arrays, with this shape.
double* made(std::vector<xt::xarray<double>>& values, std::size_t number, const Dims& shape) {
    values[number] = xt::xarray<double>::from_shape({shape.begin(), shape.end()});
    return values[number].data();
}

// What max_memory leaves beside so many numbers that are kept as results.
EvaluateOptions beside_results(EvaluateOptions options, double results) {
    if (options.max_memory == 0) return options;
    const double bytes = results * sizeof(double), limit = static_cast<double>(options.max_memory);
    require(bytes < limit, ErrorKind::Limit, "the results alone are {}; the limit of memory is {}",
            bytes_text(static_cast<std::uint64_t>(bytes)), bytes_text(options.max_memory));
    options.max_memory -= static_cast<std::size_t>(bytes);
    return options;
}

}  // namespace

double total_size(std::span<const Expr> expressions, const Sizes& sizes) {
    double total = 0;
    for (const Expr& expression : expressions) {
        double size = 1;
        for (const Space space : expression->ports()) size *= static_cast<double>(sizes[space]);
        total += size;
    }
    return total;
}

WorkspaceOptions workspace_options(const EvaluateOptions& options) {
    return {.threads = options.threads,
            .max_memory = options.max_memory == 0 ? Arena::unlimited : options.max_memory,
            .progress = options.progress};
}

void check_tokens(const Config& config, std::span<const int> tokens) {
    for (std::size_t i = 0; i < tokens.size(); ++i)
        require(tokens[i] >= 0 && tokens[i] < config.d_vocab, ErrorKind::Usage,
                "token {} at position {} is out of range: the vocabulary has tokens 0 to {}", tokens[i], i,
                config.d_vocab - 1);
}

template <class T>
void evaluate_arrays(const Model& model, std::span<const Expr> expressions, std::span<const int> tokens,
                     const EvaluateOptions& options, Workspace& workspace,
                     const std::function<void(std::size_t, const Array<T>&)>& take) {
    evaluate_parts<T>(
        model, expressions, tokens, options, settings(model.config(), options, sizeof(T)), workspace,
        [&](std::size_t number, const Array<T>& value, const OutputPart&) { take(number, value); });
}

template void evaluate_arrays<float>(const Model&, std::span<const Expr>, std::span<const int>,
                                     const EvaluateOptions&, Workspace&,
                                     const std::function<void(std::size_t, const Array<float>&)>&);
template void evaluate_arrays<double>(const Model&, std::span<const Expr>, std::span<const int>,
                                      const EvaluateOptions&, Workspace&,
                                      const std::function<void(std::size_t, const Array<double>&)>&);

Sizes sizes_of(const Config& config, std::int64_t n_tokens) {
    Sizes sizes;
    sizes[Space::Vocab] = config.d_vocab;
    sizes[Space::Position] = n_tokens;
    sizes[Space::Residual] = config.d_model;
    sizes[Space::HeadInner] = config.d_head;
    sizes[Space::Head] = config.n_kv_heads;
    sizes[Space::Member] = config.group_size();
    sizes[Space::Neuron] = config.d_mlp;
    sizes[Space::Layer] = config.n_layers;
    sizes[Space::Channel] = config.d_head;
    return sizes;
}

Sizes sizes_of(const Config& config, std::int64_t n_tokens, const EvaluateOptions& options) {
    Sizes sizes = sizes_of(config, n_tokens);
    if (options.n_layers > 0) sizes[Space::Layer] = options.n_layers;
    return sizes;
}

CompileOptions settings(const Config& config, const EvaluateOptions& options, std::size_t element) {
    CompileOptions result;
    result.group_size = config.group_size();
    result.bytes.element = static_cast<double>(element);
    result.budget = static_cast<double>(options.max_memory);
    if (options.max_memory > 0)
        result.slice_above =
            std::min(result.slice_above, static_cast<double>(options.max_memory / element) / 16);
    return result;
}

void evaluate_into(const Model& model, std::span<const Expr> expressions, std::span<const int> tokens,
                   const EvaluateOptions& options, const ResultPlaces& places) {
    const Sizes sizes = sizes_of(model.config(), static_cast<std::int64_t>(tokens.size()), options);
    run(model, expressions, tokens, beside_results(options, total_size(expressions, sizes)), true, places);
}

void evaluate_each(const Model& model, std::span<const Expr> expressions, std::span<const int> tokens,
                   const EvaluateOptions& options, const Take& take) {
    std::vector<xt::xarray<double>> values(expressions.size());
    run(model, expressions, tokens, options, false,
        {.place = [&](std::size_t number, const Dims& shape) { return made(values, number, shape); },
         .done = [&](std::size_t number) { take(number, std::move(values[number])); }});
}

std::vector<xt::xarray<double>> evaluate(const Model& model, std::span<const Expr> expressions,
                                         std::span<const int> tokens, const EvaluateOptions& options) {
    std::vector<xt::xarray<double>> values(expressions.size());
    evaluate_into(model, expressions, tokens, options, {.place = [&](std::size_t number, const Dims& shape) {
                      return made(values, number, shape);
                  }});
    return values;
}

xt::xarray<double> evaluate(const Model& model, const Expr& expression, std::span<const int> tokens,
                            const EvaluateOptions& options) {
    return evaluate(model, std::span(&expression, 1), tokens, options).front();
}

}  // namespace headway

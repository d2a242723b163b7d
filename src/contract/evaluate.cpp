// SPDX-License-Identifier: Apache-2.0
#include "headway/contract/evaluate.hpp"

#include "contract/compile.hpp"
#include "contract/evaluate_arrays.hpp"
#include "contract/execute.hpp"
#include "contract/kernels.hpp"
#include "contract/settings.hpp"
#include "contract/weights.hpp"

namespace headway {

namespace {

template <class T>
xt::xarray<double> as_xarray(const Array<T>& array, Workspace& workspace) {
    const Array<T> dense = array.contiguous() ? array : copy(array, workspace);
    std::vector<std::size_t> shape(dense.shape().begin(), dense.shape().end());
    xt::xarray<double> result = xt::xarray<double>::from_shape(shape);
    std::copy(dense.data(), dense.data() + dense.size(), result.data());
    return result;
}

template <class T>
void run(const Model& model, std::span<const Expr> expressions, std::span<const int> tokens,
         const EvaluateOptions& options, const Take& take) {
    Workspace workspace(workspace_options(options));
    evaluate_arrays<T>(
        model, expressions, tokens, options, workspace,
        [&](std::size_t number, const Array<T>& value) { take(number, as_xarray(value, workspace)); });
}

}  // namespace

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
    const Sizes sizes = sizes_of(model.config(), static_cast<std::int64_t>(tokens.size()), options);
    const Program program = compile(expressions, sizes, settings(model.config(), options, sizeof(T)));
    advance(options.progress, &Progress::all_work, work_of(program));
    Inputs<T> inputs;
    inputs.leaf = [&](const Tensor& leaf, const Dims& shape) {
        return weight_array<T>(model, leaf, shape, options, workspace);
    };
    inputs.tokens.assign(tokens.begin(), tokens.end());
    execute<T>(program, inputs, workspace,
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
    result.element = static_cast<double>(element);
    result.budget = static_cast<double>(options.max_memory);
    if (options.max_memory > 0)
        result.slice_above =
            std::min(result.slice_above, static_cast<double>(options.max_memory / element) / 16);
    return result;
}

void evaluate_each(const Model& model, std::span<const Expr> expressions, std::span<const int> tokens,
                   const EvaluateOptions& options, const Take& take) {
    check_tokens(model.config(), tokens);
    if (options.precision == Precision::Double) {
        run<double>(model, expressions, tokens, options, take);
    } else {
        run<float>(model, expressions, tokens, options, take);
    }
}

std::vector<xt::xarray<double>> evaluate(const Model& model, std::span<const Expr> expressions,
                                         std::span<const int> tokens, const EvaluateOptions& options) {
    std::vector<xt::xarray<double>> values(expressions.size());
    evaluate_each(model, expressions, tokens, options,
                  [&](std::size_t number, const xt::xarray<double>& value) { values[number] = value; });
    return values;
}

xt::xarray<double> evaluate(const Model& model, const Expr& expression, std::span<const int> tokens,
                            const EvaluateOptions& options) {
    return evaluate(model, std::span(&expression, 1), tokens, options).front();
}

}  // namespace headway

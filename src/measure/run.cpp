// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/run.hpp"

#include "contract/evaluate_arrays.hpp"
#include "headway/base/error.hpp"
#include "headway/network/transformer.hpp"
#include "measure/loss.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace headway {

std::vector<Expr> run_networks(const Network& network, const Config& config) {
    std::vector<Expr> expressions{network.output};
    for (int layer = 0; layer < config.n_layers; ++layer)
        expressions.push_back(network.at(fmt::format("A[L{}]", layer)));
    return expressions;
}

Run run_network(const Model& model, const Network& network, std::span<const int> tokens,
                const EvaluateOptions& options) {
    require(!tokens.empty(), ErrorKind::Usage, "a run needs at least one token");
    const Config& config = model.config();
    const std::size_t n = tokens.size();
    const auto layers = static_cast<std::size_t>(config.n_layers);
    const auto heads = static_cast<std::size_t>(config.n_heads);
    Run run{.tokens{tokens.begin(), tokens.end()}, .logits{}, .attention{}, .loss{}};
    const auto attention = [&] {  // made when its first numbers come: what does not fit was refused before
        if (run.attention.dimension() != 4)
            run.attention = xt::xarray<double>::from_shape({layers, heads, n, n});
        return run.attention.data();
    };
    // A pattern is [head(, member), n, n]; head and member in row-major order are the query head.
    evaluate_into(model, run_networks(network, config), tokens, options,
                  {.place = [&](std::size_t number, const Dims& shape) {
                      if (number == 0) {
                          run.logits = xt::xarray<double>::from_shape({shape.begin(), shape.end()});
                          return run.logits.data();
                      }
                      return attention() + (number - 1) * heads * n * n;
                  }});
    attention();  // of a model without layers
    run.loss = losses(run.logits, tokens);
    return run;
}

std::vector<int> random_tokens(const Config& config, int n, std::uint64_t seed) {
    const bool bounded = config.positions == Positions::Learned || config.positions == Positions::Shortformer;
    std::mt19937_64 random(seed);
    std::vector<int> tokens(static_cast<std::size_t>(bounded ? std::min(n, config.n_ctx) : n));
    for (int& token : tokens) token = static_cast<int>(random() % static_cast<std::uint64_t>(config.d_vocab));
    return tokens;
}

Run run_model(const Model& model, std::span<const int> tokens, const EvaluateOptions& options) {
    return run_network(model, transformer(model.config()), tokens, options);
}

}  // namespace headway

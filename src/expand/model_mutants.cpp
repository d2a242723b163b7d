// SPDX-License-Identifier: Apache-2.0
#include "expand/mutants.hpp"

#include "expand/random.hpp"
#include "expand/rewrite.hpp"
#include "headway/expand/orders.hpp"
#include "headway/expand/paths.hpp"
#include "headway/expand/select.hpp"
#include "headway/network/transformer.hpp"

#include <fmt/core.h>

namespace headway {

namespace {

constexpr std::uint64_t most_attempts = 30;

// Small models that have every feature between them.
std::vector<Config> small_configs() {
    Config plain;
    plain.n_layers = plain.n_heads = plain.n_kv_heads = 2;
    plain.d_model = 8;
    plain.d_head = 4;
    plain.n_ctx = 8;
    plain.d_vocab = 11;
    plain.positions = Positions::Learned;
    Config gpt2 = plain;
    gpt2.d_mlp = 16;
    gpt2.norm = Norm::LayerNorm;
    gpt2.biases = {
        .query_key_value = true, .attention_out = true, .mlp = true, .norm = true, .unembed = true};
    Config folded = gpt2;
    folded.folding = {true, true, false};
    Config llama = plain;
    llama.n_heads = 4;
    llama.d_mlp = 16;
    llama.gated_mlp = true;
    llama.norm = Norm::RmsNorm;
    llama.positions = Positions::Rotary;
    llama.rotary.dims = 4;
    Config parallel = gpt2;
    parallel.parallel_block = parallel.shared_norm = true;
    parallel.positions = Positions::Rotary;
    parallel.rotary = {2, 10000.0, true};
    Config shortformer = plain;
    shortformer.n_layers = 3;
    shortformer.positions = Positions::Shortformer;
    shortformer.biases = {.query_key_value = true, .attention_out = true, .unembed = true};
    return {plain, gpt2, folded, llama, parallel, shortformer};
}

// A model with what its campaigns ask for.
struct SmallModel {
    explicit SmallModel(const Config& config)
        : frozen(config), range{config.n_layers, config.n_heads, config.n_kv_heads} {
        const int max_heads = config.n_layers - 1;
        Paths paths(config, {.max_heads = max_heads, .max_paths = 100000, .source = {}});
        while (const std::optional<Path> path = paths.next())
            terms.push_back({*path, path_term(frozen, *path)});
        orders = expand_orders(frozen, max_heads);
    }
    std::vector<ModularModel> models(std::uint64_t seed) const {
        return {modular_model(frozen.config(), seed), modular_model(frozen.config(), seed + 1)};
    }
    Equality equality(const Expr& left, const Expr& right, std::uint64_t seed, std::string origin) const {
        return {left, right, models(seed), range, std::move(origin)};
    }
    Head head(Random& random) const {
        return {random.between(0, range.n_layers - 1), random.between(0, range.n_heads - 1)};
    }

    FrozenModel frozen;
    MutationRange range;
    std::vector<PathTerm> terms;
    LogitOrders orders;
};

std::optional<Equality> of_frozen(const SmallModel& model, std::uint64_t seed) {
    return model.equality(model.frozen.untouched().output, model.frozen.frozen().output, seed,
                          "frozen model");
}

std::optional<Equality> of_orders(const SmallModel& model, std::uint64_t seed) {
    std::vector<Term> terms;
    const std::vector<Space>& ports = model.frozen.untouched().output->ports();
    for (const Expr& order : model.orders.order) terms.push_back({1, {order, straight(ports.size())}});
    terms.push_back({1, {model.orders.remainder, straight(ports.size())}});
    return model.equality(model.frozen.untouched().output, sum(std::move(terms), ports), seed, "orders");
}

// One head of each layer out of the term of all heads is the term of the path.
std::optional<Equality> of_layer_term(const SmallModel& model, std::uint64_t seed) {
    Random random(seed);
    const PathTerm& each = random.pick(model.terms);
    Source source = each.path.source;
    std::vector<int> layers, heads;
    if (source.kind == SourceKind::ValueBias) {
        heads.push_back(source.head);
        source.head = -1;
    }
    for (const Head& head : each.path.heads) {
        layers.push_back(head.layer);
        heads.push_back(head.index);
    }
    Expr term = layer_term(model.frozen, source, layers);
    for (int head : heads) term = select_head(term, head, model.frozen.config().group_size());
    return model.equality(each.term, term, seed, "layer term of " + label(each.path));
}

std::optional<Equality> of_whole_score(const SmallModel& model, std::uint64_t seed) {
    Random random(seed);
    const Head head = model.head(random);
    const Expr& scores = model.frozen.untouched().at(fmt::format("S[L{}]", head.layer));
    return model.equality(frozen_head("S", head, scores), whole_score(model.frozen, head), seed,
                          "score of " + label(head));
}

// A list of paths with a mistake in it.
class PathCampaign {
public:
    explicit PathCampaign(std::vector<SmallModel>& models) : models_(models) {}

    MutantCount run(std::uint64_t wanted, std::uint64_t seed) {
        Random random(seed);
        for (std::uint64_t i = 0; i < wanted * most_attempts && count_.total_rejected() < wanted; ++i)
            one(models_[static_cast<std::size_t>(i % models_.size())], random);
        return std::move(count_);
    }

private:
    bool rejected(const SmallModel& model, const std::vector<PathTerm>& terms, const Expr& remainder,
                  std::uint64_t seed) const {
        std::size_t next = 0;
        const auto source = [&]() -> std::optional<PathTerm> {
            return next < terms.size() ? std::optional(terms[next++]) : std::nullopt;
        };
        return !verify_path_terms(model.frozen, source, remainder, {.trials = 1, .seed = seed}).holds;
    }

    void one(const SmallModel& model, Random& random) {
        std::vector<PathTerm> terms = model.terms;
        const auto place = [&] {
            return static_cast<std::size_t>(random.between(0, static_cast<int>(terms.size()) - 1));
        };
        const std::size_t i = place(), j = place();
        const std::uint64_t seed = random.word();
        switch (random.between(0, 6)) {
            case 0:
                terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(i));
                return listed(model, Mutation::TermDropped, terms, seed);
            case 1:
                terms.push_back(terms[i]);
                return listed(model, Mutation::TermRepeated, terms, seed);
            case 2:
                if (i == j) return;
                std::swap(terms[i].path, terms[j].path);
                return listed(model, Mutation::PathsExchanged, terms, seed);
            case 3:
                if (terms[i].path.heads.empty()) return;
                for (Head& head : terms[i].path.heads) head.index = (head.index + 1) % model.range.n_heads;
                return listed(model, Mutation::WrongHead, terms, seed);
            case 4:
                return changed(model, model.orders.remainder, seed,
                               [&](const Expr& mutant) { return rejected(model, terms, mutant, seed); });
            default:
                return changed(model, model.terms[i].term, seed, [&](const Expr& mutant) {
                    terms[i].term = mutant;
                    return rejected(model, terms, model.orders.remainder, seed);
                });
        }
    }

    void listed(const SmallModel& model, Mutation mutation, const std::vector<PathTerm>& terms,
                std::uint64_t seed) {
        if (rejected(model, terms, model.orders.remainder, seed)) {
            ++count_.rejected[static_cast<std::size_t>(mutation)];
            return;
        }
        count_survivor(count_, fmt::format("{} (seed {})", name(mutation), seed));
    }

    template <class Rejected>
    void changed(const SmallModel& model, const Expr& right, std::uint64_t seed, Rejected is_rejected) {
        const std::optional<Mutant> mutant = mutate(right, model.range, seed);
        if (!mutant) return;
        const bool is = is_rejected(mutant->expression);
        count_mutant(count_, model.equality(right, right, seed, "path"), *mutant, is);
    }

    std::vector<SmallModel>& models_;
    MutantCount count_{"paths"};
};

// An expansion of a score with a mistake in it.
class ScoreCampaign {
public:
    explicit ScoreCampaign(std::vector<SmallModel>& models) : models_(models) {}

    MutantCount run(std::uint64_t wanted, std::uint64_t seed) {
        Random random(seed);
        for (std::uint64_t i = 0; i < wanted * most_attempts && count_.total_rejected() < wanted; ++i)
            one(models_[static_cast<std::size_t>(i % models_.size())], random);
        return std::move(count_);
    }

private:
    void one(const SmallModel& model, Random& random) {
        const std::uint64_t seed = random.word();
        ScoreExpansion expansion = expand_score(model.frozen, model.head(random));
        std::vector<ScoreSide>& side = random.one_in(2) ? expansion.query : expansion.key;
        const auto place = [&] {
            return static_cast<std::size_t>(random.between(0, static_cast<int>(side.size()) - 1));
        };
        const std::size_t i = place(), j = place();
        switch (random.between(0, 5)) {
            case 0:
                side.erase(side.begin() + static_cast<std::ptrdiff_t>(i));
                return listed(model, Mutation::TermDropped, expansion, seed);
            case 1:
                side.push_back(side[i]);
                return listed(model, Mutation::TermRepeated, expansion, seed);
            case 2:
                if (i == j) return;
                std::swap(side[i].node, side[j].node);
                return listed(model, Mutation::PathsExchanged, expansion, seed);
            default:
                break;
        }
        const Expr right = side[i].node;
        const std::optional<Mutant> mutant = mutate(right, model.range, seed);
        if (!mutant) return;
        side[i].node = mutant->expression;
        count_mutant(count_, model.equality(right, right, seed, label(side[i].source)), *mutant,
                     rejected(model, expansion, seed));
    }

    static bool rejected(const SmallModel& model, const ScoreExpansion& expansion, std::uint64_t seed) {
        return !verify_score_terms(model.frozen, expansion, {.trials = 1, .seed = seed}).holds;
    }

    void listed(const SmallModel& model, Mutation mutation, const ScoreExpansion& expansion,
                std::uint64_t seed) {
        if (rejected(model, expansion, seed)) {
            ++count_.rejected[static_cast<std::size_t>(mutation)];
            return;
        }
        count_survivor(count_, fmt::format("{} (seed {})", name(mutation), seed));
    }

    std::vector<SmallModel>& models_;
    MutantCount count_{"score"};
};

}  // namespace

std::vector<MutantCount> count_model_mutants(std::uint64_t per_pass, std::uint64_t seed) {
    std::vector<SmallModel> models;
    for (const Config& config : small_configs()) models.emplace_back(config);
    const auto campaign = [&](const char* name,
                              std::optional<Equality> (*of)(const SmallModel&, std::uint64_t)) {
        return count_equality_mutants(
            name, per_pass, seed, [&](std::uint64_t own) { return of(models[own % models.size()], own); });
    };
    return {campaign("frozen model", of_frozen),      campaign("orders", of_orders),
            campaign("layer term", of_layer_term),    campaign("whole score", of_whole_score),
            PathCampaign(models).run(per_pass, seed), ScoreCampaign(models).run(per_pass, seed)};
}

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "expand/edit_mutants.hpp"
#include "expand/random.hpp"
#include "expand/rewrite.hpp"
#include "expand/small_models.hpp"
#include "headway/expand/orders.hpp"
#include "headway/expand/paths.hpp"
#include "headway/expand/select.hpp"
#include "headway/network/transformer.hpp"

#include <fmt/core.h>

namespace headway {

namespace {

constexpr std::uint64_t most_model_attempts = 30;

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

// The untouched network against itself: what is inside of its functions too.
std::optional<Equality> of_network(const Config& config, std::uint64_t seed) {
    const Expr logits = transformer(config).output;
    return Equality{logits,
                    logits,
                    {modular_model(config, seed), modular_model(config, seed + 1)},
                    {config.n_layers, config.n_heads, config.n_kv_heads},
                    "network"};
}

std::optional<Equality> of_orders(const SmallModel& model, std::uint64_t seed) {
    std::vector<Term> terms;
    const Expr& logits = model.frozen.untouched_linear_logits();
    const std::vector<int> straight_ports = straight(logits->ports().size());
    for (const Expr& order : model.orders.order) terms.push_back({1, {order, straight_ports}});
    terms.push_back({1, {model.orders.remainder, straight_ports}});
    return model.equality(logits, sum(std::move(terms), logits->ports()), seed, "orders");
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

// One thing that was done to a list of terms.
void count_listed(MutantCount& into, Mutation mutation, bool rejected, std::uint64_t seed) {
    if (rejected)
        ++into.rejected[static_cast<std::size_t>(mutation)];
    else
        count_survivor(into, fmt::format("{} (seed {})", name(mutation), seed));
}

std::size_t place_in(std::size_t size, Random& random) {
    return static_cast<std::size_t>(random.between(0, static_cast<int>(size) - 1));
}

bool rejects_paths(const SmallModel& model, const std::vector<PathTerm>& terms, const Expr& remainder,
                   std::uint64_t seed) {
    std::size_t next = 0;
    const auto source = [&]() -> std::optional<PathTerm> {
        return next < terms.size() ? std::optional(terms[next++]) : std::nullopt;
    };
    return !verify_path_terms(model.frozen, source, remainder, {.trials = 1, .seed = seed}).holds;
}

// A mistake inside of an expression, which `rejects` is asked about.
template <class Rejects>
void count_changed(MutantCount& into, const SmallModel& model, const Expr& right, const std::string& origin,
                   std::uint64_t seed, Rejects rejects) {
    const std::optional<Mutant> mutant = mutate(right, model.range, seed);
    if (!mutant) return;
    const bool rejected = rejects(mutant->expression);
    count_mutant(into, model.equality(right, right, seed, origin), *mutant, rejected);
}

// A list of paths with a mistake in it.
void mutate_paths(MutantCount& into, const SmallModel& model, Random& random) {
    std::vector<PathTerm> terms = model.terms;
    const Expr& remainder = model.orders.remainder;
    const std::size_t i = place_in(terms.size(), random), j = place_in(terms.size(), random);
    const std::uint64_t seed = random.word();
    const auto listed = [&](Mutation mutation) {
        count_listed(into, mutation, rejects_paths(model, terms, remainder, seed), seed);
    };
    switch (random.between(0, 6)) {
        case 0:
            terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(i));
            return listed(Mutation::TermDropped);
        case 1:
            terms.push_back(terms[i]);
            return listed(Mutation::TermRepeated);
        case 2:
            if (i == j) return;
            std::swap(terms[i].path, terms[j].path);
            return listed(Mutation::PathsExchanged);
        case 3:
            if (terms[i].path.heads.empty()) return;
            for (Head& head : terms[i].path.heads) head.index = (head.index + 1) % model.range.n_heads;
            return listed(Mutation::WrongHead);
        case 4:
            return count_changed(into, model, remainder, "remainder", seed, [&](const Expr& mutant) {
                return rejects_paths(model, terms, mutant, seed);
            });
        default:
            return count_changed(into, model, model.terms[i].term, label(terms[i].path), seed,
                                 [&](const Expr& mutant) {
                                     terms[i].term = mutant;
                                     return rejects_paths(model, terms, remainder, seed);
                                 });
    }
}

bool rejects_score(const SmallModel& model, const ScoreExpansion& expansion, std::uint64_t seed) {
    return !verify_score_terms(model.frozen, expansion, {.trials = 1, .seed = seed}).holds;
}

// An expansion of a score with a mistake in it.
void mutate_score(MutantCount& into, const SmallModel& model, Random& random) {
    const std::uint64_t seed = random.word();
    ScoreExpansion expansion = expand_score(model.frozen, model.head(random));
    std::vector<ScoreSide>& side = random.one_in(2) ? expansion.query : expansion.key;
    const std::size_t i = place_in(side.size(), random), j = place_in(side.size(), random);
    const auto listed = [&](Mutation mutation) {
        count_listed(into, mutation, rejects_score(model, expansion, seed), seed);
    };
    const auto changed = [&](Expr& node, const std::string& origin) {
        count_changed(into, model, Expr(node), origin, seed, [&](const Expr& mutant) {
            node = mutant;
            return rejects_score(model, expansion, seed);
        });
    };
    switch (random.between(0, 5)) {
        case 0:
            side.erase(side.begin() + static_cast<std::ptrdiff_t>(i));
            return listed(Mutation::TermDropped);
        case 1:
            side.push_back(side[i]);
            return listed(Mutation::TermRepeated);
        case 2:
            if (i == j) return;
            std::swap(side[i].node, side[j].node);
            return listed(Mutation::PathsExchanged);
        case 3:
            if (expansion.alibi != nullptr) return changed(expansion.alibi, "alibi");
            [[fallthrough]];
        default:
            return changed(side[i].node, label(side[i].source));
    }
}

// One mistake after another, model by model, until enough have been rejected.
MutantCount count_lists(std::string name, const std::vector<SmallModel>& models, std::uint64_t wanted,
                        std::uint64_t seed, void (*one)(MutantCount&, const SmallModel&, Random&)) {
    MutantCount count{std::move(name)};
    Random random(seed);
    for (std::uint64_t i = 0; i < wanted * most_model_attempts && count.total_rejected() < wanted; ++i)
        one(count, models[static_cast<std::size_t>(i % models.size())], random);
    return count;
}

}  // namespace

std::vector<MutantCount> count_model_mutants(std::uint64_t per_pass, std::uint64_t seed) {
    const std::vector<Config> configs = small_models();
    const std::vector<SmallModel> models(configs.begin(), configs.end());
    std::vector<Config> networks = configs;
    networks.push_back(small_masked_model());
    const auto campaign = [&](const char* name,
                              std::optional<Equality> (*of)(const SmallModel&, std::uint64_t)) {
        return count_equality_mutants(
            name, per_pass, seed, [&](std::uint64_t own) { return of(models[own % models.size()], own); });
    };
    const auto of_some_network = [&](std::uint64_t own) {
        return of_network(networks[own % networks.size()], own);
    };
    const auto of_some_edit = [&](std::uint64_t own) { return of_edit(configs[own % configs.size()], own); };
    return {count_equality_mutants("network", per_pass, seed, of_some_network),
            count_equality_mutants("edit", per_pass, seed, of_some_edit),
            campaign("frozen model", of_frozen),
            campaign("orders", of_orders),
            campaign("layer term", of_layer_term),
            campaign("whole score", of_whole_score),
            count_lists("paths", models, per_pass, seed, mutate_paths),
            count_lists("score", models, per_pass, seed, mutate_score)};
}

}  // namespace headway

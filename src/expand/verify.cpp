// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/verify.hpp"

#include "expand/field.hpp"
#include "expand/mark.hpp"
#include "expand/proof.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/orders.hpp"
#include "headway/expand/paths.hpp"
#include "headway/network/transformer.hpp"

#include <algorithm>
#include <cmath>

namespace headway {

namespace {

constexpr const char* not_intervention =
    "that frozen values (attention patterns, norm scales, MLP outputs) stay what they are when something is "
    "changed: they are the values of this run";
constexpr const char* not_file =
    "that this network is the right one for the file: that is what the agreement of a run with a reference "
    "implementation shows";
constexpr const char* not_extents =
    "other extents than those tried (random, pairwise different): no term mentions an extent, so there is no "
    "reason why they should differ";
constexpr const char* not_floats = "anything about rounding: a numeric residual shows that";

std::string scope(const Config& config, const Verification& result) {
    const double chance = std::max(result.collision_bound, 1e-300);
    return fmt::format(
        "for {} layers, {} query heads, {} key-value heads and the model's own masks and rotary "
        "dimensions, at {} random points modulo 2^61 - 1: the chance that something false was accepted is "
        "below 1e{:.0f}",
        config.n_layers, config.n_heads, config.n_kv_heads, result.trials, std::ceil(std::log10(chance)));
}

// The sums of one side's terms, as they are and times their marks, at every random point.
class MarkedSums {
public:
    MarkedSums(Trials& trials, Links links)
        : trials_(trials),
          links_(std::move(links)),
          degrees_(trials.size() == 0 ? 0 : trials[0].model().sizes[Space::Position]),
          plain_(trials.size()),
          marked_(trials.size()) {}

    /// What is wrong with the term before any evaluation; empty when nothing is.
    std::string refuse(const Expr& term, const std::vector<Space>& ports, const std::string& name) {
        if (term == nullptr || term->ports() != ports) return fmt::format("{} has other ports", name);
        const std::string stray = links_.stray(term);
        if (stray.empty()) return {};
        return fmt::format("{}: the frozen value {} links to a node that is not in the untouched network",
                           name, stray);
    }
    void add(const Expr& term, const std::vector<Expr>& marks) {
        degrees_.of(term);
        most_marks_ = std::max(most_marks_, static_cast<double>(marks.size()));
        for (std::size_t t = 0; t < trials_.size(); ++t) {
            const ModularArray value = trials_[t].value_once(term);
            plain_[t].add(value);
            marked_[t].add(value, trials_.scalar(t, marks));
        }
    }
    void add_remainder(const Expr& remainder, const Expr& with_marks) {
        degrees_.of(with_marks);
        for (std::size_t t = 0; t < trials_.size(); ++t) {
            plain_[t].add(trials_[t].value(remainder));
            marked_[t].add(trials_[t].value(with_marks));
        }
    }
    /// Compares with the left side, as it is and with marks.
    std::string compare(const Expr& left, const Expr& left_with_marks) {
        degrees_.of(left);
        degrees_.of(left_with_marks);
        for (std::size_t t = 0; t < trials_.size(); ++t) {
            std::string difference = first_difference(trials_[t].value(left), plain_[t].total());
            if (!difference.empty()) return fmt::format("trial {}: the sum: {}", t, difference);
            difference = first_difference(trials_[t].value(left_with_marks), marked_[t].total());
            if (!difference.empty())
                return fmt::format("trial {}: the sum is right, but a term is not what it is called: {}", t,
                                   difference);
        }
        return {};
    }
    double degree() const { return degrees_.largest() + most_marks_; }

private:
    Trials& trials_;
    Links links_;
    Degrees degrees_;
    double most_marks_ = 0;
    std::vector<ModularSum> plain_;
    std::vector<ModularSum> marked_;
};

Trials trials_of(const Config& config, const VerifyOptions& options) {
    return Trials(options, [&](std::uint64_t seed) { return modular_model(config, seed); });
}

Verification equality(const Expr& left, const Expr& right, Trials& trials) {
    Verification result = prove_equal(left, right, trials);
    if (result.holds) result.proved = {"the two expressions have the same value"};
    result.not_proved = {not_extents, not_floats};
    return result;
}

Verification refused(std::string failure) {
    Verification result;
    result.failure = std::move(failure);
    return result;
}

// One side of a score, and the marks of its sources.
std::vector<Expr> both(std::vector<Expr> query, const std::vector<Expr>& key) {
    query.insert(query.end(), key.begin(), key.end());
    return query;
}

// What no source of either side writes has a mark on both.
std::vector<Expr> alibi_marks(const Marks& query, const Marks& key) {
    const Source alibi{SourceKind::Alibi};
    return both(query.of(alibi), key.of(alibi));
}

// The score as the product of its marked sides. What an upstream head reads is left alone: its output is one
// source.
Expr marked_score(const FrozenModel& model, Head head, Marks& query, Marks& key) {
    const auto at = [&](const char* name) {
        return model.frozen().at(fmt::format("{}[L{}]", name, head.layer));
    };
    const Head shared{head.layer, head.index / model.config().group_size()};
    const Index q{Space::Position, 0}, k{Space::Position, 1}, e{Space::HeadInner, 0};
    const Expr sides = product({{frozen_head("Q", head, query.mark(at("Q"))), {q, e}},
                                {frozen_head("K", shared, key.mark(at("K"))), {k, e}},
                                {tensor({"scale", head.layer, -1, -1}, {}), {}}},
                               {q, k});
    if (model.config().positions != Positions::Alibi) return sides;
    std::vector<Wired> distance{{tensor({"slope", head.layer, head.index, -1}, {}), {}},
                                {structure({Relation::Distance, 0, {}}), {q, k}}};
    for (const Expr& mark : alibi_marks(query, key)) distance.push_back({mark, {}});
    return sum({{1, {sides, {q, k}}}, {1, {product(distance, {q, k}), {q, k}}}}, {q, k});
}

}  // namespace

Verification verify_equal(const Expr& left, const Expr& right, const VerifyOptions& options, int group_size) {
    Trials trials(options, [&](std::uint64_t seed) {
        return modular_model(std::vector<Expr>{left, right}, group_size, seed);
    });
    return equality(left, right, trials);
}

Verification verify_equal(const Expr& left, const Expr& right, const Config& config,
                          const VerifyOptions& options) {
    Trials trials = trials_of(config, options);
    return equality(left, right, trials);
}

Verification verify_path_terms(const FrozenModel& model, const PathTerms& terms, const Expr& remainder,
                               const VerifyOptions& options) {
    const Network untouched = transformer(model.config());
    if (model.untouched().output != untouched.output)
        return refused("the frozen model is not one of transformer(config)");
    const Expr& left = model.untouched_linear_logits();
    Trials trials = trials_of(model.config(), options);
    MarkedSums sums(trials, Links(left));
    Marks marks;
    Verification result;
    std::string failure = sums.refuse(remainder, left->ports(), "the remainder");
    while (const std::optional<PathTerm> each = failure.empty() ? terms() : std::nullopt) {
        failure = sums.refuse(each->term, left->ports(), label(each->path));
        if (failure.empty()) sums.add(each->term, marks.of(each->path));
        ++result.terms;
    }
    if (failure.empty()) {
        sums.add_remainder(remainder, marks.mark(remainder));
        failure = sums.compare(left, marks.mark(model.linear_logits()));
    }
    result.failure = failure;
    result.holds = failure.empty();
    trials.describe(result, sums.degree());
    result.not_proved = {not_intervention, not_file, not_extents, not_floats};
    if (!result.holds) return result;
    result.proved = {
        fmt::format(
            "the logits of the untouched network{} are the sum of {} path terms and the remainder, every "
            "frozen value being the value of the node that it links to",
            left == untouched.output ? "" : ", before their soft cap,", result.terms),
        "each term is that of the path it is listed under: with an unknown factor on every source and every "
        "head, "
        "the terms are the coefficients of the logits",
        scope(model.config(), result)};
    return result;
}

Verification verify_paths(const Config& config, int max_heads, const VerifyOptions& options) {
    const FrozenModel model(config);
    Paths paths(config, {.max_heads = max_heads, .max_paths = options.max_paths, .source = {}});
    const auto terms = [&]() -> std::optional<PathTerm> {
        const std::optional<Path> path = paths.next();
        if (!path) return std::nullopt;
        return PathTerm{*path, path_term(model, *path)};
    };
    return verify_path_terms(model, terms, expand_orders(model, max_heads).remainder, options);
}

Verification verify_score_terms(const FrozenModel& model, const ScoreExpansion& expansion,
                                const VerifyOptions& options) {
    const Network untouched = transformer(model.config());
    if (model.untouched().output != untouched.output)
        return refused("the frozen model is not one of transformer(config)");
    const Head head = expansion.head;
    const Expr left = frozen_head("S", head, untouched.at(fmt::format("S[L{}]", head.layer)));
    std::vector<Expr> upstream;
    for (int layer = 0; layer < head.layer; ++layer)
        upstream.push_back(model.frozen().at(fmt::format("V[L{}]", layer)));
    Marks query("query.", upstream), key("key.", upstream);
    Trials trials = trials_of(model.config(), options);
    MarkedSums sums(trials, Links(untouched.output));
    Verification result;
    std::string failure;
    for (std::size_t i = 0; i < expansion.query.size() && failure.empty(); ++i) {
        const std::vector<Expr> query_marks = query.of(expansion.query[i].source);
        for (std::size_t j = 0; j < expansion.key.size() && failure.empty(); ++j) {
            const Expr term = score_term(expansion, i, j);
            failure = sums.refuse(term, left->ports(), fmt::format("score term {}, {}", i, j));
            if (failure.empty()) sums.add(term, both(query_marks, key.of(expansion.key[j].source)));
            ++result.terms;
        }
    }
    if (failure.empty() && expansion.alibi != nullptr) {
        failure = sums.refuse(expansion.alibi, left->ports(), "the term of distances");
        if (failure.empty()) sums.add(expansion.alibi, alibi_marks(query, key));
        ++result.terms;
    }
    if (failure.empty()) failure = sums.compare(left, marked_score(model, head, query, key));
    result.failure = failure;
    result.holds = failure.empty();
    trials.describe(result, sums.degree());
    result.not_proved = {not_intervention, not_file, not_extents, not_floats};
    if (!result.holds) return result;
    result.proved = {
        fmt::format("the pre-softmax score of {} in the untouched network{} is the sum of {} terms, one "
                    "for each source on the query side and each on the key side{}",
                    label(head), model.config().score_cap > 0 ? ", before its soft cap," : "", result.terms,
                    expansion.alibi != nullptr ? ", and one for their distance" : ""),
        "each term is that of the two sources it is listed under", scope(model.config(), result)};
    return result;
}

Verification verify_score(const Config& config, Head head, const VerifyOptions& options) {
    const FrozenModel model(config);
    return verify_score_terms(model, expand_score(model, head), options);
}

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/self_check.hpp"

#include "expand/passes.hpp"
#include "expand/random.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/normalise.hpp"

#include <algorithm>

namespace headway {

namespace {

constexpr int trials = 2;

std::string text_of(const RandomNetwork& random, std::uint64_t seed, const std::string& what) {
    return fmt::format("expression {} (group size {}): {}\n{}", seed, random.group_size, what,
                       to_text(random.network.output));
}

class Checker {
public:
    Checker() {
        for (const Pass& pass : passes) checks_.push_back({std::string(pass.name)});
        checks_.push_back({"normal form"});
        checks_.push_back({"print and parse"});
    }

    void check(std::uint64_t seed) {
        const RandomNetwork random = random_network(seed);
        std::vector<ModularRun> runs;
        for (std::uint64_t trial = 0; trial < trials; ++trial)
            runs.emplace_back(random_model(random.group_size, seed * trials + trial));
        for (std::size_t i = 0; i < passes.size(); ++i)
            attempt(checks_[i], random, seed, [&] { return apply(checks_[i], passes[i], random, runs); });
        attempt(checks_[passes.size()], random, seed, [&] { return normal_form(random); });
        attempt(checks_[passes.size() + 1], random, seed, [&] { return reading(random); });
    }

    std::vector<PassCheck> result() && { return std::move(checks_); }

private:
    // What `check` finds wrong, or throws, is counted; the first is kept.
    template <class Check>
    static void attempt(PassCheck& into, const RandomNetwork& random, std::uint64_t seed, Check check) {
        std::string wrong;
        try {
            wrong = check();
        } catch (const std::exception& error) {
            wrong = error.what();
        }
        if (wrong.empty()) return;
        if (into.failed++ == 0) into.first_failure = text_of(random, seed, wrong);
    }

    static std::string apply(PassCheck& check, const Pass& pass, const RandomNetwork& random,
                             std::vector<ModularRun>& runs) {
        const std::optional<Rewrite> rewrite = pass.apply(random);
        if (!rewrite) return {};
        ++check.applied;
        if (rewrite->left != rewrite->right) ++check.changed;
        if (rewrite->left->ports() != rewrite->right->ports()) return "the ports have changed";
        for (ModularRun& run : runs)
            if (run.value(rewrite->left) != run.value(rewrite->right))
                return fmt::format("the value has changed; the result is\n{}", to_text(rewrite->right));
        return {};
    }

    std::string normal_form(const RandomNetwork& random) {
        PassCheck& check = checks_[passes.size()];
        const Expr& before = random.network.output;
        const Expr normal = normalise(before);
        ++check.applied;
        if (normal != before) ++check.changed;
        if (normalise(normal) != normal) return "normalising twice gives another object";
        if (normalise(flatten(before)) != normal) return "normalising after flattening gives another object";
        if (normalise(merge_copies(before)) != normal)
            return "normalising after merging gives another object";
        return {};
    }

    std::string reading(const RandomNetwork& random) {
        ++checks_.back().applied;
        const std::string text = to_text(random.network);
        const Expr read = parse_network(text).output;
        return read == random.network.output ? std::string()
                                             : "reading gives another object:\n" + to_text(read);
    }

    std::vector<PassCheck> checks_;
};

}  // namespace

bool SelfCheck::holds() const {
    return std::all_of(passes.begin(), passes.end(), [](const PassCheck& pass) { return pass.failed == 0; });
}

SelfCheck check_passes(std::uint64_t n_expressions, std::uint64_t seed) {
    Checker checker;
    for (std::uint64_t i = 0; i < n_expressions; ++i)
        checker.check(FieldHash(seed).add(std::string_view("expression")).add(i).word());
    return {n_expressions, std::move(checker).result()};
}

}  // namespace headway

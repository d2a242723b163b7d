// SPDX-License-Identifier: Apache-2.0
#include "expand/mutants.hpp"

#include "expand/rewrite.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/distribute.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/expand/select.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace headway {

namespace {

constexpr std::size_t kept_survivors = 10;
constexpr std::uint64_t most_terms = 1000;

// Families as sums over one-hots, frozen values as what they link to, and all products multiplied out:
// the form in which equal expressions are one object more often than in any other.
class Unrolled {
public:
    explicit Unrolled(int group_size) : group_size_(group_size) {}

    Expr run(const Expr& node) {
        if (const auto known = done_.find(node); known != done_.end()) return known->second;
        Expr result = rebuild(node, [this](const Expr& child) { return run(child); });
        if (const auto* list = result->as<Family>()) result = unrolled(*list, result->ports());
        if (const auto* value = result->as<Frozen>())
            result = run(value->head < 0 ? value->link : select_head(value->link, value->head, group_size_));
        return done_.emplace(node, std::move(result)).first->second;
    }

private:
    static Expr unrolled(const Family& list, const std::vector<Space>& ports) {
        std::vector<Term> terms;
        std::vector<int> own = straight(ports.size());
        own.erase(own.begin());
        for (std::size_t i = 0; i < list.members.size(); ++i) {
            const Expr hot = one_hot(ports.front(), static_cast<std::int64_t>(i));
            terms.push_back({1,
                             {product({{hot, {0}}, {list.members[i], own}}, ports, std::vector<Space>{}),
                              straight(ports.size())}});
        }
        return sum(std::move(terms), ports);
    }

    int group_size_;
    std::unordered_map<Expr, Expr> done_;
};

Expr multiplied_out(const Expr& expression, int group_size) {
    const Expr unrolled = Unrolled(group_size).run(expression);
    return count_terms(unrolled) > most_terms ? normalise(unrolled) : distribute(unrolled, most_terms);
}

const Apply* softmax_of(const Expr& node) {
    const auto* value = node->as<Frozen>();
    const auto* apply = value != nullptr ? value->link->as<Apply>() : node->as<Apply>();
    return apply != nullptr && apply->function == Function::Softmax ? apply : nullptr;
}

// A random tensor in the place of a node; a random pattern in the place of a pattern.
Expr stand_in(const Expr& node, int number) {
    const Expr random = tensor({"random", number, -1, -1}, node->ports());
    const Apply* pattern = softmax_of(node);
    if (pattern == nullptr) return random;
    const std::size_t fixed = pattern->argument->ports().size() - node->ports().size();
    return softmax(random, pattern->axis - static_cast<int>(fixed));
}

bool irrelevant(const Equality& equality, const Mutant& mutant) {
    int number = 0;
    return std::all_of(mutant.parts.begin(), mutant.parts.end(), [&](const Expr& part) {
        return same_values(equality.right, replaced(equality.right, part, stand_in(part, number++)),
                           equality.models);
    });
}

bool only_summed(const Equality& equality, const Mutant& mutant) {
    if (mutant.before->as<Family>() == nullptr && mutant.before->as<Structure>() == nullptr) return false;
    const std::vector<Space>& ports = mutant.before->ports();
    const std::vector<Space> own(ports.begin() + 1, ports.end());
    const auto n = static_cast<int>(equality.models.front().sizes[ports.front()]);
    std::vector<Expr> members;
    for (int i = 0; i < n; ++i) members.push_back(tensor({"random", i, -1, -1}, own));
    const Expr before = family(members, ports.front());
    std::rotate(members.begin(), members.begin() + 1, members.end());
    const Expr after = family(members, ports.front());
    return same_values(replaced(equality.right, mutant.before, before),
                       replaced(equality.right, mutant.before, after), equality.models);
}

// The mistake exchanges two legs of a part, and so may those of a random tensor in its place be.
bool only_exchanged(const Equality& equality, const Mutant& mutant) {
    const Expr& part = mutant.parts.front();
    const std::vector<Space>& ports = part->ports();
    const Expr random = tensor({"random", 0, -1, -1}, ports);
    const auto same = [&](const Expr& left, const Expr& right) {
        return same_values(left, right, equality.models);
    };
    for (std::size_t p = 0; p < ports.size(); ++p)
        for (std::size_t r = p + 1; r < ports.size(); ++r) {
            if (ports[p] != ports[r]) continue;
            std::vector<int> labels = straight(ports.size());
            std::swap(labels[p], labels[r]);
            const auto exchanged = [&](const Expr& node) {
                return product({{node, labels}}, ports, std::vector<Space>{});
            };
            if (same(replaced(mutant.before, part, exchanged(part)), mutant.after) &&
                same(replaced(equality.right, part, random),
                     replaced(equality.right, part, exchanged(random))))
                return true;
        }
    return false;
}

// All softmaxes of an expression, not those behind frozen values.
void collect_softmaxes(const Expr& node, std::unordered_set<Expr>& seen, std::unordered_set<Expr>& found) {
    if (node->as<Frozen>() != nullptr || !seen.insert(node).second) return;
    const auto* apply = node->as<Apply>();
    if (apply != nullptr && apply->function == Function::Softmax) found.insert(node);
    for (const Expr& child : children(*node)) collect_softmaxes(child, seen, found);
}

std::unordered_set<Expr> softmaxes(const Expr& root) {
    std::unordered_set<Expr> seen, found;
    collect_softmaxes(root, seen, found);
    return found;
}

// Structures and copies as random tensors, equal ones equal; and softmaxes, whose rows sum to 1, where no
// mistake is inside of one.
class WithoutTables {
public:
    WithoutTables(const Equality& equality, const Mutant& mutant)
        : without_softmaxes_(softmaxes(equality.right) == softmaxes(mutant.expression)) {}

    Expr run(const Expr& node) {
        if (const auto known = done_.find(node); known != done_.end()) return known->second;
        Expr result = rebuild(node, [this](const Expr& child) { return run(child); });
        const auto* apply = node->as<Apply>();
        const bool softmax = apply != nullptr && apply->function == Function::Softmax;
        if (node->as<Structure>() != nullptr || node->as<Copy>() != nullptr ||
            (softmax && without_softmaxes_))
            result = tensor({fmt::format("random {:x}", node->hash()), -1, -1, -1}, node->ports());
        if (const auto* value = node->as<Frozen>()) {
            const Expr link = run(value->link);
            result = value->head < 0 ? frozen(value->symbol, value->layer, link)
                                     : frozen_head(value->symbol, {value->layer, value->head}, link);
        }
        return done_.emplace(node, std::move(result)).first->second;
    }

private:
    bool without_softmaxes_;
    std::unordered_map<Expr, Expr> done_;
};

}  // namespace

bool same_values(const Expr& left, const Expr& right, const std::vector<ModularModel>& models) {
    return std::all_of(models.begin(), models.end(), [&](const ModularModel& model) {
        ModularRun run(model);
        return run.value(left) == run.value(right);
    });
}

void count_survivor(MutantCount& into, std::string text) {
    ++into.survived;
    if (into.survivors.size() < kept_survivors) into.survivors.push_back(std::move(text));
}

void count_mutant(MutantCount& into, const Equality& equality, const Mutant& mutant, bool rejected) {
    if (rejected) {
        ++into.rejected[static_cast<std::size_t>(mutant.mutation)];
    } else if (const int group_size = equality.models.front().group_size;
               multiplied_out(mutant.expression, group_size) == multiplied_out(equality.right, group_size)) {
        ++into.same;
    } else if (same_values(mutant.before, mutant.after, equality.models) && mutant.before != equality.right) {
        ++into.symmetric;
    } else if (irrelevant(equality, mutant)) {
        ++into.irrelevant;
    } else if (only_summed(equality, mutant) || only_exchanged(equality, mutant)) {
        ++into.summed;
    } else if (WithoutTables tables(equality, mutant);
               !same_values(tables.run(equality.right), tables.run(mutant.expression), equality.models)) {
        ++into.tables;
    } else {
        count_survivor(into, fmt::format("{}, {}:\n{}becomes\n{}", equality.origin, name(mutant.mutation),
                                         to_text(mutant.before), to_text(mutant.after)));
    }
}

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "headway/measure/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

namespace headway {

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

struct Strength {
    Head head;
    double value;
};
using Order = std::vector<Strength>;  // the strongest first

// The best that each head has with any writer; pairs without a value count for nothing.
class BestPairs {
public:
    void add(Head head, double value) {
        if (std::isnan(value)) return;
        const auto [at, fresh] = best_.try_emplace(head, value);
        if (!fresh) at->second = std::max(at->second, value);
    }
    Order order() const {
        Order result;
        for (const auto& [head, value] : best_) result.push_back({head, value});
        std::ranges::stable_sort(result, std::greater<>(), &Strength::value);
        return result;
    }

private:
    std::map<Head, double> best_;
};

// The induction heads of a probe, the strongest first.
Order truth_of(const Probe& probe, double least) {
    Order found;
    for (const HeadProbe& head : probe.heads)
        if (head.induction >= least) found.push_back({head.head, head.induction});
    std::ranges::stable_sort(found, std::greater<>(), &Strength::value);
    return found;
}

bool among(const Order& heads, Head head) {
    return std::ranges::find(heads, head, &Strength::head) != heads.end();
}

// The mean over induction heads of the precision at their places in the order; 0 for those not in it.
double average_precision(const Order& order, const Order& truth) {
    if (truth.empty()) return nothing;
    double sum = 0, hits = 0;
    for (std::size_t i = 0; i < order.size(); ++i)
        if (among(truth, order[i].head)) sum += ++hits / static_cast<double>(i + 1);
    return sum / static_cast<double>(truth.size());
}

Verdict verdict(const std::string& method, const Order& order, const Order& truth, const Order& named) {
    Verdict result{.method = method, .average_precision = average_precision(order, truth)};
    for (const Strength& each : named)
        (among(truth, each.head) ? result.hits : result.false_alarms).push_back(each.head);
    for (const Strength& each : truth)
        if (!among(named, each.head)) result.misses.push_back(each.head);
    const auto hits = static_cast<double>(result.hits.size());
    result.precision = named.empty() ? nothing : hits / static_cast<double>(named.size());
    result.recall = truth.empty() ? nothing : hits / static_cast<double>(truth.size());
    return result;
}

Verdict by_threshold(const std::string& method, const Order& order, const Order& truth, double least) {
    Order named = order;
    std::erase_if(named, [&](const Strength& each) { return each.value < least; });
    Verdict result = verdict(method, order, truth, named);
    result.named_by = fmt::format("at least {:.4g}", least);
    return result;
}

Verdict by_number(const std::string& method, const Order& order, const Order& truth) {
    Order named = order;
    if (named.size() > truth.size()) named.resize(truth.size());
    Verdict result = verdict(method, order, truth, named);
    result.named_by = fmt::format("the {} strongest", truth.size());
    return result;
}

}  // namespace

std::vector<Verdict> judge_induction(const std::vector<PairMatching>& pairs, const CompositionTable& scores,
                                     const Probe& probe, const JudgeOptions& options) {
    BestPairs score, matching, corner, score_and_matching;
    std::set<std::pair<Head, Head>> matched;
    for (const PairMatching& pair : pairs) {
        matching.add(pair.reader, pair.k_matching.value);
        corner.add(pair.reader, pair.corner());
        if (pair.k_matching.value >= options.matching) matched.emplace(pair.writer, pair.reader);
    }
    for (const CompositionRow& row : scores.rows) {
        if (row.kind != Composition::K) continue;
        score.add(row.reader, row.score);
        if (matched.contains({row.writer, row.reader})) score_and_matching.add(row.reader, row.score);
    }
    const Order truth = truth_of(probe, options.induction);
    std::vector<Verdict> verdicts;
    for (const auto& [method, best, least] :
         {std::tuple{"k_score", &score, options.score_ratio * scores.baseline},
          {"k_matching", &matching, options.matching},
          {"corner", &corner, options.matching},
          {"score_and_matching", &score_and_matching, options.score_ratio * scores.baseline}}) {
        const Order order = best->order();
        verdicts.push_back(by_threshold(method, order, truth, least));
        verdicts.push_back(by_number(method, order, truth));
    }
    return verdicts;
}

}  // namespace headway

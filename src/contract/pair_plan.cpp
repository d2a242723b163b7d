// SPDX-License-Identifier: Apache-2.0
#include "contract/pair_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace headway {
namespace {

/// An index with what is known of it before it has a role.
struct LabelInfo {
    PairAxis axis;
    bool in_a = false, in_b = false, in_out = false;
};
using LabelTable = std::map<int, LabelInfo>;

bool has(std::span<const int> labels, int label) { return std::ranges::find(labels, label) != labels.end(); }

/// Adds one array's axes to the table; the strides of a repeated label add up, which is its diagonal.
void enter(LabelTable& table, const Labelled& array, PairOperand stride, bool LabelInfo::*member) {
    invariant(array.layout.shape.size() == array.labels.size(), "contraction: one label per axis");
    for (std::size_t i = 0; i < array.labels.size(); ++i) {
        const std::int64_t extent = array.layout.shape[i];
        const auto [entry, fresh] = table.try_emplace(array.labels[i]);
        LabelInfo& info = entry->second;
        if (fresh) info.axis.extent = extent;
        invariant(info.axis.extent == extent, "contraction: a label has two sizes");
        info.*member = true;
        if (extent != 1) info.axis.*stride += array.layout.strides[i];
    }
}

/// An operand that repeats itself along a label of both need not have it: a batch label is then kept of the
/// other.
void forget_repeats(LabelInfo& info) {
    if (!info.in_a || !info.in_b) return;
    if (info.axis.a == 0) {
        info.in_a = false;
    } else if (info.axis.b == 0) {
        info.in_b = false;
    }
}

LabelTable tabulate(const Labelled& a, const Labelled& b, const Labelled& out) {
    LabelTable table;
    enter(table, a, &PairAxis::a, &LabelInfo::in_a);
    enter(table, b, &PairAxis::b, &LabelInfo::in_b);
    for (std::size_t i = 0; i < out.labels.size(); ++i) {
        invariant(!has(out.labels.subspan(i + 1), out.labels[i]),
                  "contraction: the result has a label twice");
        invariant(table.contains(out.labels[i]), "contraction: the result has a label that no operand has");
    }
    enter(table, out, &PairAxis::out, &LabelInfo::in_out);
    for (auto& [label, info] : table) forget_repeats(info);
    return table;
}

/// The layout after labels were summed: row-major in the order of what is left (repeated labels once).
Layout summed_layout(const Labelled& a, std::span<const int> kept) {
    Dims shape;
    for (const int label : kept) {
        const auto at = std::ranges::find(a.labels, label) - a.labels.begin();
        shape.push_back(a.layout.shape[static_cast<std::size_t>(at)]);
    }
    return row_major(std::move(shape));
}

/// Joins neighbours that act as one index in every array.
void join(PairAxes& axes) {
    for (std::size_t i = axes.size(); i-- > 1;) {
        const PairAxis inner = axes[i];
        const PairAxis outer = axes[i - 1];
        const bool joins = outer.a == inner.a * inner.extent && outer.b == inner.b * inner.extent &&
                           outer.out == inner.out * inner.extent;
        if (!joins) continue;
        axes[i - 1] = {outer.extent * inner.extent, inner.a, inner.b, inner.out};
        axes.erase(axes.begin() + static_cast<std::ptrdiff_t>(i));
    }
}

void order_by(PairAxes& axes, PairOperand operand) {
    std::ranges::stable_sort(axes,
                             [&](const PairAxis& x, const PairAxis& y) { return x.*operand > y.*operand; });
    join(axes);
}

/// Moves the `count` outermost axes of a group into the batch.
void promote(PairAxes& group, PairAxes& batch, std::size_t count) {
    const auto end = group.begin() + static_cast<std::ptrdiff_t>(count);
    batch.insert(batch.end(), group.begin(), end);
    group.erase(group.begin(), end);
}

/// Choices that all give the right result and differ in speed.
struct Choice {
    PairOperand m_order = &PairAxis::out;
    PairOperand n_order = &PairAxis::out;
    PairOperand k_order = &PairAxis::a;
    std::size_t promoted_m = 0;
    std::size_t promoted_n = 0;
};

PairPlan apply(const Choice& choice, const PairPlan& raw) {
    PairPlan plan = raw;
    order_by(plan.m, choice.m_order);
    order_by(plan.n, choice.n_order);
    order_by(plan.k, choice.k_order);
    promote(plan.m, plan.batch, std::min(choice.promoted_m, plan.m.size()));
    promote(plan.n, plan.batch, std::min(choice.promoted_n, plan.n.size()));
    order_by(plan.batch, &PairAxis::out);
    PairShape& shape = plan.shape;
    shape.batch = extent_of(plan.batch);
    shape.m = extent_of(plan.m);
    shape.n = extent_of(plan.n);
    shape.k = extent_of(plan.k);
    shape.pack_a = !matrix_form(plan.m, plan.k, &PairAxis::a);
    shape.pack_b = !matrix_form(plan.k, plan.n, &PairAxis::b);
    shape.pack_out = !matrix_form(plan.m, plan.n, &PairAxis::out);
    return plan;
}

double own_elements(const PairAxes& batch, PairOperand operand) {
    double n = 1;
    for (const PairAxis& axis : batch) n *= axis.*operand == 0 ? 1.0 : static_cast<double>(axis.extent);
    return n;
}

/// Estimated nanoseconds, only to compare choices: about 100 GFLOP/s, BLAS' own packing at 2 elements a
/// nanosecond (which is what makes small products slow), and our packing at one element per 1.5 ns.
double estimated_time(const PairPlan& plan) {
    const PairShape& s = plan.shape;
    const auto m = static_cast<double>(s.m);
    const auto n = static_cast<double>(s.n);
    const auto k = static_cast<double>(s.k);
    const double product =
        0.02 * std::max(m, 16.0) * std::max(n, 16.0) * k + 0.5 * k * (m + n) + 0.5 * m * n + 200.0;
    double time = product * static_cast<double>(s.batch);
    if (s.pack_a) time += 1.5 * m * k * own_elements(plan.batch, &PairAxis::a);
    if (s.pack_b) time += 1.5 * k * n * own_elements(plan.batch, &PairAxis::b);
    if (s.pack_out) time += 3.0 * m * n * static_cast<double>(s.batch);
    return time;
}

bool packs(const PairPlan& plan) { return plan.shape.pack_a || plan.shape.pack_b || plan.shape.pack_out; }

PairPlan plan_gemm(const PairPlan& raw) {
    PairPlan best = apply({}, raw);
    if (!packs(best)) return best;
    double best_time = estimated_time(best);
    const auto consider = [&](const Choice& choice) {
        PairPlan plan = apply(choice, raw);
        const double time = estimated_time(plan);
        if (time >= best_time) return;
        best = std::move(plan);
        best_time = time;
    };
    for (const PairOperand m_order : {&PairAxis::out, &PairAxis::a}) {
        for (const PairOperand n_order : {&PairAxis::out, &PairAxis::b}) {
            for (const PairOperand k_order : {&PairAxis::a, &PairAxis::b}) {
                for (std::size_t i = 0; i < std::max<std::size_t>(raw.m.size(), 1); ++i) {
                    for (std::size_t j = 0; j < std::max<std::size_t>(raw.n.size(), 1); ++j) {
                        consider({m_order, n_order, k_order, i, j});
                    }
                }
            }
        }
    }
    return best;
}

/// Every label into its group; axes of one element are gone.
PairPlan sort_into_groups(const LabelTable& table) {
    PairPlan plan;
    for (const auto& [label, info] : table) {
        if (info.axis.extent == 1) continue;
        const bool both = info.in_a && info.in_b;
        PairAxes& group = !info.in_out ? plan.k : both ? plan.batch : info.in_a ? plan.m : plan.n;
        group.push_back(info.axis);
    }
    return plan;
}

PairPlan finish(PairPlan plan) {
    PairShape& shape = plan.shape;
    shape.batch = extent_of(plan.batch);
    shape.m = extent_of(plan.m);
    shape.n = extent_of(plan.n);
    shape.k = extent_of(plan.k);
    if (shape.batch == 0 || shape.m == 0 || shape.n == 0 || shape.k == 0) {
        shape.kind = PairKind::Empty;
    } else if (plan.k.empty()) {
        shape.kind = PairKind::Elementwise;
    } else if (plan.m.empty() && plan.n.empty()) {
        shape.kind = PairKind::Dot;
    } else {
        shape.kind = PairKind::Gemm;
        plan = plan_gemm(plan);
    }
    return plan;
}

}  // namespace

std::int64_t extent_of(const PairAxes& axes) {
    std::int64_t n = 1;
    for (const PairAxis& axis : axes) n *= axis.extent;
    return n;
}

double PairShape::flops() const {
    if (kind == PairKind::Empty) return 0.0;
    return 2.0 * static_cast<double>(batch) * static_cast<double>(m) * static_cast<double>(n) *
           static_cast<double>(k);
}

std::vector<int> without_summed(const Labelled& a, const Labelled& b, const Labelled& out) {
    std::vector<int> kept;
    for (const int label : a.labels) {
        if ((has(b.labels, label) || has(out.labels, label)) && !has(kept, label)) kept.push_back(label);
    }
    return kept;
}

PairPlan plan_pair(const Labelled& a, const Labelled& b, const Labelled& out) {
    const auto lone = [](const Labelled& x, const Labelled& y, const Labelled& z) {
        return !std::ranges::all_of(x.labels, [&](int l) { return has(y.labels, l) || has(z.labels, l); });
    };
    const bool presum_a = lone(a, b, out);
    const bool presum_b = lone(b, a, out);
    const std::vector<int> a_kept = without_summed(a, b, out);
    const std::vector<int> b_kept = without_summed(b, a, out);
    const Layout a_summed = presum_a ? summed_layout(a, a_kept) : Layout{};
    const Layout b_summed = presum_b ? summed_layout(b, b_kept) : Layout{};
    const LabelTable table =
        tabulate(presum_a ? Labelled{a_summed, a_kept} : a, presum_b ? Labelled{b_summed, b_kept} : b, out);
    PairPlan plan = finish(sort_into_groups(table));
    plan.shape.presum_a = presum_a;
    plan.shape.presum_b = presum_b;
    return plan;
}

PairShape describe(const Labelled& a, const Labelled& b, const Labelled& out) {
    return plan_pair(a, b, out).shape;
}

namespace {

/// The stride of a group as one index; nothing when its axes do not join in this array.
std::optional<std::int64_t> joint_stride(const PairAxes& axes, PairOperand operand) {
    for (std::size_t i = 0; i + 1 < axes.size(); ++i) {
        if (axes[i].*operand != axes[i + 1].*operand * axes[i + 1].extent) return std::nullopt;
    }
    return axes.empty() ? 1 : axes.back().*operand;
}

bool is_leading(std::int64_t stride, std::int64_t least) {
    return stride >= std::max<std::int64_t>(least, 1) && stride <= std::numeric_limits<std::int32_t>::max();
}

}  // namespace

std::optional<MatrixForm> matrix_form(const PairAxes& rows, const PairAxes& columns, PairOperand operand) {
    const std::optional<std::int64_t> row = joint_stride(rows, operand);
    const std::optional<std::int64_t> column = joint_stride(columns, operand);
    if (!row || !column) return std::nullopt;
    const std::int64_t n_rows = extent_of(rows);
    const std::int64_t n_columns = extent_of(columns);
    if (n_rows == 1 && n_columns == 1) return MatrixForm{1, false};
    if (n_columns == 1 && is_leading(*row, 1)) return MatrixForm{*row, false};
    if (n_rows == 1 && *column == 1) return MatrixForm{n_columns, false};
    if (n_rows == 1 && is_leading(*column, 1)) return MatrixForm{*column, true};
    if (*column == 1 && is_leading(*row, n_columns)) return MatrixForm{*row, false};
    if (*row == 1 && is_leading(*column, n_rows)) return MatrixForm{*column, true};
    return std::nullopt;
}

std::string to_string(const PairShape& shape) {
    std::string packed;
    for (const auto& [flag, name] : {std::pair{shape.presum_a, "sum a"}, std::pair{shape.presum_b, "sum b"},
                                     std::pair{shape.pack_a, "pack a"}, std::pair{shape.pack_b, "pack b"},
                                     std::pair{shape.pack_out, "permute result"}}) {
        if (flag) packed += fmt::format("{}{}", packed.empty() ? "; " : ", ", name);
    }
    switch (shape.kind) {
        case PairKind::Empty:
            return "nothing" + packed;
        case PairKind::Elementwise:
            return fmt::format("product of {}{}", shape.batch * shape.m * shape.n, packed);
        case PairKind::Dot:
            return fmt::format("dot {} x [{}]{}", shape.batch, shape.k, packed);
        case PairKind::Gemm:
            break;
    }
    return fmt::format("{} {} x [{}, {}] [{}, {}]{}", shape.m == 1 || shape.n == 1 ? "gemv" : "gemm",
                       shape.batch, shape.m, shape.k, shape.k, shape.n, packed);
}

}  // namespace headway

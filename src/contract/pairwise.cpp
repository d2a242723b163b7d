// SPDX-License-Identifier: Apache-2.0
#include "contract/pairwise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "contract/elements.hpp"
#include "contract/kernels.hpp"
#include "contract/pair_plan.hpp"
#include "contract/products.hpp"

namespace headway {
namespace {

/// An array with one label per axis.
template <class T>
struct LabelledArray {
    Array<T> array;
    std::vector<int> labels;

    LabelledArray(Array<T> elements, std::span<const int> names)
        : array(std::move(elements)), labels(names.begin(), names.end()) {}
    Labelled labelled() const { return {array.layout(), labels}; }

    /// The elements begin ... end - 1 along every axis of this label.
    LabelledArray slice(int label, std::int64_t begin, std::int64_t end) const {
        LabelledArray part = *this;
        for (std::size_t i = 0; i < labels.size(); ++i) {
            if (labels[i] == label) part.array = part.array.slice(static_cast<int>(i), begin, end);
        }
        return part;
    }
};

std::vector<Axis<3>> axes_of(std::initializer_list<const PairAxes*> groups) {
    std::vector<Axis<3>> axes;
    for (const PairAxes* group : groups) {
        for (const PairAxis& axis : *group) axes.push_back({axis.extent, {axis.out, axis.a, axis.b}});
    }
    return axes;
}

/// A row-major copy of what an operand (or the result) has along `groups`, the last of the last group
/// fastest; the axes
/// get the strides of the copy.
template <class T>
class Packed {
public:
    Packed(std::initializer_list<PairAxes*> groups, PairOperand operand) : operand_(operand) {
        for (PairAxes* group : groups) {
            for (PairAxis& axis : *group) {
                const bool repeats = axis.*operand == 0 && group == *groups.begin();  // along the batch
                if (!repeats) axes_.push_back(&axis);
            }
        }
    }

    /// Takes the buffer. Strides {packed, original} go to `axes`.
    Array<T> allocate(std::vector<Axis<2>>& axes, Workspace& workspace) {
        std::int64_t step = 1;
        for (auto axis = axes_.rbegin(); axis != axes_.rend(); ++axis) {
            std::int64_t& stride = (*axis)->*operand_;
            axes.push_back({(*axis)->extent, {step, stride}});
            stride = step;
            step *= (*axis)->extent;
        }
        return Array<T>::uninitialised({step}, workspace);
    }

private:
    PairOperand operand_;
    std::vector<PairAxis*> axes_;
};

std::int64_t densest(const PairAxes& axes, PairOperand operand) {
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    for (const PairAxis& axis : axes) {
        if (axis.*operand > 0) least = std::min(least, axis.*operand);
    }
    return least;
}

/// Copies an operand into an order that BLAS can read: rows or columns fastest, whichever is denser already.
template <class T>
Array<T> pack(const T* data, PairAxes& batch, PairAxes& rows, PairAxes& columns, PairOperand operand,
              Workspace& workspace) {
    const bool rows_fastest = densest(rows, operand) < densest(columns, operand);
    Packed<T> packed({&batch, rows_fastest ? &columns : &rows, rows_fastest ? &rows : &columns}, operand);
    std::vector<Axis<2>> axes;
    Array<T> copy = packed.allocate(axes, workspace);
    copy_elements(copy.mutable_data(), data, std::move(axes), Update<T>{}, workspace.threads());
    return copy;
}

PairAxes mirrored(PairAxes axes) {
    for (PairAxis& axis : axes) std::swap(axis.a, axis.b);
    return axes;
}

/// The products with the matrices in place; a result that lies transposed is computed as b^T a^T.
template <class T>
void run_gemm(const PairPlan& plan, std::int64_t k_parts, const T* a, const T* b, T* out,
              const Update<T>& update, Workspace& workspace) {
    const MatrixForm form_a = matrix_form(plan.m, plan.k, &PairAxis::a).value();
    const MatrixForm form_b = matrix_form(plan.k, plan.n, &PairAxis::b).value();
    const MatrixForm form_out = matrix_form(plan.m, plan.n, &PairAxis::out).value();
    const PairShape& s = plan.shape;
    if (!form_out.transposed) {
        run_products<T>(
            {plan.batch, s.m, s.n, s.k, a, b, out, form_a, form_b, form_out.leading, update, k_parts},
            workspace);
        return;
    }
    const auto flipped = [](const MatrixForm& form) { return MatrixForm{form.leading, !form.transposed}; };
    run_products<T>({mirrored(plan.batch), s.n, s.m, s.k, b, a, out, flipped(form_b), flipped(form_a),
                     form_out.leading, update, k_parts},
                    workspace);
}

template <class T>
void contract_gemm(PairPlan plan, std::int64_t k_parts, const T* a, const T* b, T* out,
                   const Update<T>& update, Workspace& workspace) {
    Array<T> packed_a;
    Array<T> packed_b;
    if (plan.shape.pack_a) {
        packed_a = pack(a, plan.batch, plan.m, plan.k, &PairAxis::a, workspace);
        a = packed_a.data();
    }
    if (plan.shape.pack_b) {
        packed_b = pack(b, plan.batch, plan.k, plan.n, &PairAxis::b, workspace);
        b = packed_b.data();
    }
    if (!plan.shape.pack_out) {
        run_gemm(plan, k_parts, a, b, out, update, workspace);
        return;
    }
    Packed<T> result({&plan.batch, &plan.m, &plan.n}, &PairAxis::out);
    std::vector<Axis<2>> axes;
    const Array<T> temporary = result.allocate(axes, workspace);
    run_gemm(plan, k_parts, a, b, temporary.mutable_data(), Update<T>{}, workspace);
    for (Axis<2>& axis : axes) std::swap(axis.strides[0], axis.strides[1]);
    copy_elements(out, temporary.data(), std::move(axes), update, workspace.threads());
}

template <class T>
void fill_zero(const Array<T>& out, Workspace& workspace) {
    std::vector<Axis<2>> axes;
    for (int i = 0; i < out.rank(); ++i) axes.push_back({out.extent(i), {out.stride(i), 0}});
    const T zero{0};
    copy_elements(out.mutable_data(), &zero, std::move(axes), Update<T>{}, workspace.threads());
}

/// Into how many parts the sums are cut; 0: as suits these arrays.
template <class T>
std::int64_t parts_like(const PairShape& shape, const LabelledArray<T>& out, const LabelledArray<T>& a,
                        const LabelledArray<T>& b, const SplitLike& like) {
    const auto place = std::ranges::find(out.labels, like.label);
    if (like.label < 0 || place == out.labels.end()) return 0;
    const auto in = [&](const LabelledArray<T>& x) {
        return std::ranges::find(x.labels, like.label) != x.labels.end();
    };
    return parts_of_k(
        shape, {in(a), in(b), out.array.extent(static_cast<int>(place - out.labels.begin())), like.whole});
}

template <class T>
void contract_terms(const LabelledArray<T>& out, const LabelledArray<T>& a, const LabelledArray<T>& b,
                    const Update<T>& update, Workspace& workspace, const SplitLike& like = {}) {
    const PairPlan plan = plan_pair(a.labelled(), b.labelled(), out.labelled());
    if (plan.shape.presum_a) {
        const std::vector<int> kept = without_summed(a.labelled(), b.labelled(), out.labelled());
        contract_terms(out, {reduce<T>(a.array, a.labels, kept, workspace), kept}, b, update, workspace,
                       like);
        return;
    }
    if (plan.shape.presum_b) {
        const std::vector<int> kept = without_summed(b.labelled(), a.labelled(), out.labelled());
        contract_terms(out, a, {reduce<T>(b.array, b.labels, kept, workspace), kept}, update, workspace,
                       like);
        return;
    }
    const T* const x = a.array.data();
    const T* const y = b.array.data();
    T* const target = out.array.mutable_data();
    switch (plan.shape.kind) {
        case PairKind::Empty:
            if (!update.add) fill_zero(out.array, workspace);
            return;
        case PairKind::Elementwise:
            multiply_elements(target, x, y, axes_of({&plan.batch, &plan.m, &plan.n}), update,
                              workspace.threads());
            return;
        case PairKind::Dot:
            sum_products(target, x, y, axes_of({&plan.batch}), axes_of({&plan.k}), update,
                         workspace.threads());
            return;
        case PairKind::Gemm:
            contract_gemm(plan, parts_like(plan.shape, out, a, b, like), x, y, target, update, workspace);
            return;
    }
}

std::int64_t extent_of_label(std::span<const int> labels, const Dims& shape, int label) {
    const auto found = std::ranges::find(labels, label);
    invariant(found != labels.end(), "contraction: the result has a label that no operand has");
    return shape[static_cast<std::size_t>(found - labels.begin())];
}

template <class T>
Dims result_shape(const LabelledArray<T>& a, const LabelledArray<T>& b, std::span<const int> out_labels) {
    std::vector<int> labels = a.labels;
    labels.insert(labels.end(), b.labels.begin(), b.labels.end());
    Dims extents = a.array.shape();
    extents.insert(extents.end(), b.array.shape().begin(), b.array.shape().end());
    Dims shape;
    for (const int label : out_labels) shape.push_back(extent_of_label(labels, extents, label));
    return shape;
}

struct Range {
    std::int64_t begin, end;
};

/// Rows of a strict order that are computed together. Of N rows and columns, r rows at a time do N r / 2
/// products too many, and
/// make BLAS pack N columns N / r times, each element for about 20 products: together least at r = sqrt(20
/// N).
template <class T>
std::int64_t rows_together(const LabelledArray<T>& out, const LabelledArray<T>& a, const LabelledArray<T>& b,
                           int row, std::int64_t extent) {
    constexpr double least = 64, products_per_packed = 20;
    const PairShape shape = describe(a.labelled(), b.labelled(), out.labelled());
    const bool in_a = std::ranges::find(a.labels, row) != a.labels.end();
    const auto rows = static_cast<double>(in_a ? shape.m : shape.n);
    const double wanted = std::max(least, std::sqrt(products_per_packed * rows));
    const std::int64_t blocks = std::max<std::int64_t>(1, std::llround(rows / wanted));
    return (extent + blocks - 1) / blocks;
}

/// Row by row the wanted part of `block`, which starts at column first + 1.
template <class T>
void write_rows(const LabelledArray<T>& out, const LabelledArray<T>& block, const StrictOrder& order,
                const Range& rows, const Update<T>& update, Workspace& workspace) {
    const auto columns = extent_of_label(out.labels, out.array.shape(), order.column);
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
        const std::int64_t skipped = row - rows.begin;
        const LabelledArray<T> to = out.slice(order.row, row, row + 1).slice(order.column, row + 1, columns);
        const LabelledArray<T> from = block.slice(order.row, skipped, skipped + 1)
                                          .slice(order.column, skipped, columns - rows.begin - 1);
        std::vector<Axis<2>> axes;
        for (int i = 0; i < to.array.rank(); ++i) {
            axes.push_back({to.array.extent(i), {to.array.stride(i), from.array.stride(i)}});
        }
        copy_elements(to.array.mutable_data(), from.array.data(), std::move(axes), update,
                      workspace.threads());
    }
}

template <class T>
void contract_before(const LabelledArray<T>& out, const LabelledArray<T>& a, const LabelledArray<T>& b,
                     const StrictOrder& order, const Update<T>& update, Workspace& workspace) {
    const std::int64_t extent = extent_of_label(out.labels, out.array.shape(), order.row);
    invariant(
        order.row != order.column && extent == extent_of_label(out.labels, out.array.shape(), order.column),
        "contraction: a strict order needs two labels of one size");
    if (out.array.size() == 0) return;
    const std::int64_t together = rows_together(out, a, b, order.row, extent);
    for (std::int64_t first = 0; first + 1 < extent; first += together) {
        const Range rows{first, std::min(first + together, extent - 1)};  // the last row has no later column
        const auto part = [&](const LabelledArray<T>& term) {
            return term.slice(order.row, rows.begin, rows.end).slice(order.column, first + 1, extent);
        };
        const LabelledArray<T> a_part = part(a);
        const LabelledArray<T> b_part = part(b);
        const LabelledArray<T> block{
            contract_pair(a_part.array, a_part.labels, b_part.array, b_part.labels, out.labels, workspace),
            out.labels};
        write_rows(out, block, order, rows, update, workspace);
    }
}

}  // namespace

template <class T>
Array<T> contract_pair(const Array<T>& a, std::span<const int> a_labels, const Array<T>& b,
                       std::span<const int> b_labels, std::span<const int> out_labels, Workspace& workspace,
                       const SplitLike& like) {
    const LabelledArray<T> x{a, a_labels};
    const LabelledArray<T> y{b, b_labels};
    Array<T> out = Array<T>::uninitialised(result_shape(x, y, out_labels), workspace);
    contract_terms<T>({out, out_labels}, x, y, {}, workspace, like);
    return out;
}

template <class T>
void contract_into(const Array<T>& out, std::span<const int> out_labels, const Array<T>& a,
                   std::span<const int> a_labels, const Array<T>& b, std::span<const int> b_labels,
                   Workspace& workspace, const SplitLike& like) {
    contract_terms<T>({out, out_labels}, {a, a_labels}, {b, b_labels}, {}, workspace, like);
}

template <class T>
void contract_add(const Array<T>& out, std::span<const int> out_labels, T alpha, const Array<T>& a,
                  std::span<const int> a_labels, const Array<T>& b, std::span<const int> b_labels,
                  Workspace& workspace, const SplitLike& like) {
    contract_terms<T>({out, out_labels}, {a, a_labels}, {b, b_labels}, {alpha, true}, workspace, like);
}

template <class T>
Array<T> contract_pair_before(const Array<T>& a, std::span<const int> a_labels, const Array<T>& b,
                              std::span<const int> b_labels, std::span<const int> out_labels,
                              const StrictOrder& order, Workspace& workspace) {
    const LabelledArray<T> x{a, a_labels};
    const LabelledArray<T> y{b, b_labels};
    Array<T> out = Array<T>::zeros(result_shape(x, y, out_labels), workspace);
    contract_before<T>({out, out_labels}, x, y, order, {}, workspace);
    return out;
}

template <class T>
void contract_add_before(const Array<T>& out, std::span<const int> out_labels, T alpha, const Array<T>& a,
                         std::span<const int> a_labels, const Array<T>& b, std::span<const int> b_labels,
                         const StrictOrder& order, Workspace& workspace) {
    contract_before<T>({out, out_labels}, {a, a_labels}, {b, b_labels}, order, {alpha, true}, workspace);
}

std::vector<int> natural_order(std::span<const int> a_labels, std::span<const int> b_labels,
                               std::span<const int> out_labels) {
    const auto in = [](std::span<const int> labels, int label) {
        return std::ranges::find(labels, label) != labels.end();
    };
    std::vector<int> order;
    const auto append = [&](std::span<const int> labels, std::span<const int> other, bool shared) {
        for (const int label : labels) {
            const bool wanted = in(out_labels, label) && in(other, label) == shared;
            if (wanted && !in(order, label)) order.push_back(label);
        }
    };
    append(a_labels, b_labels, true);
    append(a_labels, b_labels, false);
    append(b_labels, a_labels, false);
    return order;
}

#define HEADWAY_INSTANTIATE(T)                                                                             \
    template Array<T> contract_pair(const Array<T>&, std::span<const int>, const Array<T>&,                \
                                    std::span<const int>, std::span<const int>, Workspace&,                \
                                    const SplitLike&);                                                     \
    template void contract_into(const Array<T>&, std::span<const int>, const Array<T>&,                    \
                                std::span<const int>, const Array<T>&, std::span<const int>, Workspace&,   \
                                const SplitLike&);                                                         \
    template void contract_add(const Array<T>&, std::span<const int>, T, const Array<T>&,                  \
                               std::span<const int>, const Array<T>&, std::span<const int>, Workspace&,    \
                               const SplitLike&);                                                          \
    template Array<T> contract_pair_before(const Array<T>&, std::span<const int>, const Array<T>&,         \
                                           std::span<const int>, std::span<const int>, const StrictOrder&, \
                                           Workspace&);                                                    \
    template void contract_add_before(const Array<T>&, std::span<const int>, T, const Array<T>&,           \
                                      std::span<const int>, const Array<T>&, std::span<const int>,         \
                                      const StrictOrder&, Workspace&);
HEADWAY_INSTANTIATE(float)
HEADWAY_INSTANTIATE(double)
#undef HEADWAY_INSTANTIATE

}  // namespace headway

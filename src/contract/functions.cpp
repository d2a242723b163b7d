// The kernels that work along lines of one axis: masks, rotations, softmax, norms, pointwise functions.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <numeric>

#include "contract/elements.hpp"
#include "contract/kernels.hpp"

namespace headway {
namespace {

/// One line along an axis of the operand and of the result; `counter` is its place along a second axis.
template <class T>
struct Line {
    T* out;
    const T* x;
    std::int64_t step_out, step_x;
    std::int64_t extent;
    std::int64_t counter;
};

void check_axes(int rank, int axis, int second) {
    invariant(axis >= 0 && axis < rank && second < rank && second != axis, "array: no such axes");
}

/// Calls body(line) for every line of x along `axis`, in parallel. `out` has the axes of x, or all but
/// `axis`.
template <class T, class Body>
void for_lines(const Array<T>& out, const Array<T>& x, int axis, int counted, Workspace& workspace,
               const Body& body) {
    check_axes(x.rank(), axis, counted);
    const bool axis_stays = out.rank() == x.rank();
    std::vector<Axis<3>> axes;
    std::int64_t lines = 1;
    for (int i = 0; i < x.rank(); ++i) {
        if (i == axis) continue;
        const int i_out = axis_stays || i < axis ? i : i - 1;
        axes.push_back({x.extent(i), {out.stride(i_out), x.stride(i), i == counted ? 1 : 0}});
        lines *= x.extent(i);
    }
    const std::int64_t extent = x.extent(axis);
    T* const target = out.mutable_data();
    const std::int64_t grain = std::max<std::int64_t>(1, (1 << 14) / std::max<std::int64_t>(extent, 1));
    for_blocks(workspace.threads(), lines, grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            const auto [at_out, at_x, counter] = offsets_of(axes, i);
            body(Line<T>{target + at_out, x.data() + at_x, axis_stays ? out.stride(axis) : 1, x.stride(axis),
                         extent, counter});
        }
    });
}

template <class T>
Array<T> without_axis(const Array<T>& a, int axis, Workspace& workspace) {
    check_axes(a.rank(), axis, -1);
    Dims shape = a.shape();
    shape.erase(shape.begin() + axis);
    return Array<T>::uninitialised(std::move(shape), workspace);
}

/// The part of a line inside a band.
struct Kept {
    std::int64_t begin, end;
};

template <class T>
Kept kept(const Line<T>& line, const Band& band) {
    const std::int64_t end = std::clamp<std::int64_t>(line.counter + band.shift + 1, 0, line.extent);
    const std::int64_t begin = band.window == 0 ? 0 : line.counter + band.shift + 1 - band.window;
    return {std::clamp<std::int64_t>(begin, 0, end), end};
}

template <class T>
void clear_outside(const Line<T>& line, Kept part) {
    for (std::int64_t j = 0; j < part.begin; ++j) line.out[j * line.step_out] = T{0};
    for (std::int64_t j = part.end; j < line.extent; ++j) line.out[j * line.step_out] = T{0};
}

template <class T>
void softmax_line(const Line<T>& line, Kept part) {
    T largest = -std::numeric_limits<T>::infinity();
    for (std::int64_t j = part.begin; j < part.end; ++j) largest = std::max(largest, line.x[j * line.step_x]);
    double sum = 0;
    for (std::int64_t j = part.begin; j < part.end; ++j) {
        const T e = std::exp(line.x[j * line.step_x] - largest);
        line.out[j * line.step_out] = e;
        sum += static_cast<double>(e);
    }
    const T scale = static_cast<T>(1.0 / sum);
    for (std::int64_t j = part.begin; j < part.end; ++j) line.out[j * line.step_out] *= scale;
    clear_outside(line, part);
}

/// Neighbouring axes as one. Copied where the elements do not lie so.
template <class T>
Array<T> merged_axes(const Array<T>& a, int axis, int count, Workspace& workspace) {
    invariant(count >= 1 && axis + count <= a.rank(), "array: no such axes");
    if (count == 1) return a;
    const auto whole = std::make_shared<const Array<T>>(a.contiguous() ? a : copy(a, workspace));
    Dims shape = a.shape();
    const auto first = shape.begin() + axis;
    *first = std::accumulate(first, first + count, std::int64_t{1}, std::multiplies<>());
    shape.erase(first + 1, first + count);
    return Array<T>::view(whole->data(), row_major(std::move(shape)), whole);
}

/// cos and sin of every angle, `[positions, dims / 2]`.
template <class T>
struct Angles {
    Angles(const Turn& turn, std::int64_t positions) : pairs(turn.rotary.dims / 2) {
        for (std::int64_t p = 0; p < positions; ++p) {
            for (std::int64_t i = 0; i < pairs; ++i) {
                const double angle = static_cast<double>(turn.sign * (turn.first + p)) *
                                     turn.rotary.frequency(static_cast<int>(i));
                cosine.push_back(static_cast<T>(std::cos(angle)));
                sine.push_back(static_cast<T>(std::sin(angle)));
            }
        }
    }
    std::int64_t pairs;
    std::vector<T> cosine, sine;
};

template <class T>
void rotate_line(const Line<T>& line, const Rotary& rotary, const Angles<T>& angles) {
    for (std::int64_t i = 0; i < angles.pairs; ++i) {
        const auto at = static_cast<std::size_t>(line.counter * angles.pairs + i);
        const std::int64_t first = rotary.adjacent_pairs ? 2 * i : i;
        const std::int64_t second = rotary.adjacent_pairs ? 2 * i + 1 : i + angles.pairs;
        const T x = line.x[first * line.step_x];
        const T y = line.x[second * line.step_x];
        line.out[first * line.step_out] = x * angles.cosine[at] - y * angles.sine[at];
        line.out[second * line.step_out] = y * angles.cosine[at] + x * angles.sine[at];
    }
    for (std::int64_t i = 2 * angles.pairs; i < line.extent; ++i) {
        line.out[i * line.step_out] = line.x[i * line.step_x];
    }
}

template <class T, class Function>
Array<T> map(const Array<T>& a, Workspace& workspace, const Function& function) {
    Array<T> out = Array<T>::uninitialised(a.shape(), workspace);
    std::vector<Axis<2>> axes;
    for (int i = 0; i < a.rank(); ++i) axes.push_back({a.extent(i), {out.stride(i), a.stride(i)}});
    const Nest<2> nest(std::move(axes));
    const std::int64_t so = nest.row().strides[0];
    const std::int64_t sa = nest.row().strides[1];
    T* const target = out.mutable_data();
    nest.run(workspace.threads(), [&](const Offsets<2>& at, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i) target[at[0] + i * so] = function(a.data()[at[1] + i * sa]);
    });
    return out;
}

template <class T>
T gelu(T x) {
    return T{0.5} * x * (T{1} + std::erf(x / std::numbers::sqrt2_v<T>));
}

template <class T>
T gelu_new(T x) {
    const T root = std::numbers::sqrt2_v<T> * std::numbers::inv_sqrtpi_v<T>;  // sqrt(2 / pi)
    return T{0.5} * x * (T{1} + std::tanh(root * (x + T(0.044715) * x * x * x)));
}

}  // namespace

template <class T>
Array<T> centre(const Array<T>& a, int axis, Workspace& workspace) {
    Array<T> out = Array<T>::uninitialised(a.shape(), workspace);
    for_lines(out, a, axis, -1, workspace, [](const Line<T>& line) {
        double sum = 0;
        for (std::int64_t i = 0; i < line.extent; ++i) sum += static_cast<double>(line.x[i * line.step_x]);
        const double mean = sum / static_cast<double>(line.extent);
        for (std::int64_t i = 0; i < line.extent; ++i) {
            line.out[i * line.step_out] = static_cast<T>(static_cast<double>(line.x[i * line.step_x]) - mean);
        }
    });
    return out;
}

template <class T>
Array<T> keep_lower(const Array<T>& a, int row, int column, const Band& band, Workspace& workspace) {
    invariant(row >= 0, "array: no such axes");
    Array<T> out = Array<T>::uninitialised(a.shape(), workspace);
    for_lines(out, a, column, row, workspace, [&](const Line<T>& line) {
        const Kept part = kept(line, band);
        for (std::int64_t j = part.begin; j < part.end; ++j)
            line.out[j * line.step_out] = line.x[j * line.step_x];
        clear_outside(line, part);
    });
    return out;
}

template <class T>
Array<T> rotate(const Array<T>& a, int axis, int positions, const Turn& turn, Workspace& workspace) {
    check_axes(a.rank(), axis, positions);
    invariant(positions >= 0, "array: no such axes");
    invariant(turn.rotary.dims % 2 == 0 && turn.rotary.dims <= a.extent(axis),
              "rotary: dims is even and fits the axis");
    const Angles<T> angles(turn, a.extent(positions));
    Array<T> out = Array<T>::uninitialised(a.shape(), workspace);
    for_lines(out, a, axis, positions, workspace,
              [&](const Line<T>& line) { rotate_line(line, turn.rotary, angles); });
    return out;
}

template <class T>
Array<T> softmax(const Array<T>& a, int keys, int causal_queries, const Band& band, Workspace& workspace) {
    Array<T> out = Array<T>::uninitialised(a.shape(), workspace);
    for_lines(out, a, keys, causal_queries, workspace, [&](const Line<T>& line) {
        softmax_line(line, causal_queries < 0 ? Kept{0, line.extent} : kept(line, band));
    });
    return out;
}

template <class T>
Array<T> rstd(const Array<T>& a, int axis, int count, double eps, Workspace& workspace) {
    const Array<T> lines = merged_axes(a, axis, count, workspace);
    Array<T> out = without_axis(lines, axis, workspace);
    for_lines(out, lines, axis, -1, workspace, [&](const Line<T>& line) {
        double sum = 0;
        for (std::int64_t i = 0; i < line.extent; ++i) {
            const auto x = static_cast<double>(line.x[i * line.step_x]);
            sum += x * x;
        }
        *line.out = static_cast<T>(1.0 / std::sqrt(sum / static_cast<double>(line.extent) + eps));
    });
    return out;
}

template <class T>
Array<T> soft_cap(const Array<T>& a, double cap, Workspace& workspace) {
    const T limit = static_cast<T>(cap);
    return map(a, workspace, [limit](T x) { return limit * std::tanh(x / limit); });
}

template <class T>
Array<T> activate(const Array<T>& a, Activation function, Workspace& workspace) {
    switch (function) {
        case Activation::Relu:
            return map(a, workspace, [](T x) { return x < T{0} ? T{0} : x; });  // NaN stays NaN
        case Activation::Gelu:
            return map(a, workspace, [](T x) { return gelu(x); });
        case Activation::GeluNew:
            return map(a, workspace, [](T x) { return gelu_new(x); });
        case Activation::Silu:
            return map(a, workspace, [](T x) { return x / (T{1} + std::exp(-x)); });
    }
    invariant(false, "activate: unknown function");
    return {};
}

#define HEADWAY_INSTANTIATE(T)                                                        \
    template Array<T> centre(const Array<T>&, int, Workspace&);                       \
    template Array<T> keep_lower(const Array<T>&, int, int, const Band&, Workspace&); \
    template Array<T> rotate(const Array<T>&, int, int, const Turn&, Workspace&);     \
    template Array<T> softmax(const Array<T>&, int, int, const Band&, Workspace&);    \
    template Array<T> soft_cap(const Array<T>&, double, Workspace&);                  \
    template Array<T> rstd(const Array<T>&, int, int, double, Workspace&);            \
    template Array<T> activate(const Array<T>&, Activation, Workspace&);
HEADWAY_INSTANTIATE(float)
HEADWAY_INSTANTIATE(double)
#undef HEADWAY_INSTANTIATE

}  // namespace headway

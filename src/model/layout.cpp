// SPDX-License-Identifier: Apache-2.0
#include "model/layout.hpp"

#include "headway/base/error.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <numeric>

namespace headway {

namespace {

/// A factor of an axis of the tensor: a letter, a number, or a sum of them, of which a leaf takes one.
struct Factor {
    std::string terms;  // "hgg" for h+g+g
    std::size_t axis;
};

struct AxisFactors {
    std::vector<Factor> list;
    std::size_t n_axes = 0;
};

AxisFactors read_factors(std::string_view text) {
    AxisFactors result;
    bool inside = false;
    bool sum = false;
    for (const char c : text) {
        if (c == '(') ++result.n_axes;
        if (c == '(' || c == ')') inside = c == '(';
        if (c == '+') sum = true;
        if (c == ' ' || c == '(' || c == ')' || c == '+') continue;
        if (sum) {
            result.list.back().terms += c;
        } else {
            if (!inside) ++result.n_axes;
            result.list.push_back({std::string(1, c), result.n_axes - 1});
        }
        sum = false;
    }
    return result;
}

bool is_number(char c) { return c >= '0' && c <= '9'; }

std::int64_t extent(char letter, const Config& config) {
    if (is_number(letter)) return letter - '0';
    if (letter == 'r') return config.group_size();
    if (letter == 'i') return config.d_head / 2;
    if (letter == 'j') return 2;
    return axis_size(letter == 'D' ? 'd' : letter, config);
}

std::string name(char letter) {
    if (is_number(letter)) return {letter};
    if (letter == '*') return "any";
    if (letter == 'r') return "n_heads/n_kv_heads";
    if (letter == 'i') return "d_head/2";
    if (letter == 'j') return "2";
    return std::string(axis_name(letter == 'D' ? 'd' : letter));
}

std::string name(const Factor& factor, bool alone) {
    std::string text;
    for (const char term : factor.terms) text += (text.empty() ? "" : "+") + name(term);
    return factor.terms.size() > 1 && !alone ? "(" + text + ")" : text;
}

std::string expected_text(const AxisFactors& factors, std::span<const std::int64_t> shape) {
    std::string text;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        const auto count = std::ranges::count(factors.list, axis, &Factor::axis);
        std::string product;
        for (const Factor& factor : factors.list) {
            if (factor.axis == axis) product += (product.empty() ? "" : "*") + name(factor, count == 1);
        }
        text += axis > 0 ? ", " : "[";
        text += shape[axis] < 0 ? product : fmt::format("{}={}", product, shape[axis]);
    }
    return text + "]";
}

/// Strides of the letters in a text, and where the part begins.
struct Strides {
    std::map<char, std::int64_t> of;
    std::int64_t offset = 0;
};

Strides strides_of(const AxisFactors& factors, int part, const Config& config, TensorLayout& layout) {
    Strides strides;
    std::int64_t stride = 1;
    for (std::size_t i = factors.list.size(); i-- > 0;) {
        const auto& [terms, axis] = factors.list[i];
        if (terms == "*") {
            strides.offset += part * stride;
            layout.tensor_shape[axis] = -1;
            continue;  // the outermost
        }
        const bool sum = terms.size() > 1;
        const char chosen = sum ? terms.at(static_cast<std::size_t>(part)) : terms.front();
        std::int64_t whole = 0;
        for (std::size_t term = 0; term < terms.size(); ++term) {
            if (sum && static_cast<int>(term) == part) strides.offset += whole * stride;
            whole += extent(terms[term], config);
        }
        if (!is_number(chosen)) strides.of[chosen] = stride;
        if (!sum && is_number(chosen)) strides.offset += part * stride;
        stride *= whole;
        layout.tensor_shape[axis] *= whole;
    }
    return strides;
}

/// The loops of one axis of the leaf; `to` is not set yet.
std::vector<LayoutLoop> loops_of(char letter, const std::map<char, std::int64_t>& strides,
                                 const Config& config) {
    const auto loop = [&](char factor) { return LayoutLoop{extent(factor, config), strides.at(factor), 0}; };
    if (strides.contains(letter)) return {loop(letter)};
    if (letter == 'h' && strides.contains('r')) return {loop('g'), loop('r')};
    if (letter == 'e' && strides.contains('j')) return {loop('j'), loop('i')};
    invariant(letter == 'h' || letter == 'g', "a layout leaves out an axis of its leaf");
    return {{extent(letter, config), 0, 0}};
}

/// Two loops that are one: the outer goes on where the inner ends.
bool are_one(const LayoutLoop& outer, const LayoutLoop& inner) {
    return outer.from == inner.from * inner.extent;
}

std::vector<LayoutLoop> merged(const std::vector<LayoutLoop>& loops) {
    std::vector<LayoutLoop> result;
    for (const LayoutLoop& loop : loops) {
        if (loop.extent == 1) continue;
        if (!result.empty() && are_one(result.back(), loop)) {
            result.back().extent *= loop.extent;
            result.back().from = loop.from;
        } else {
            result.push_back(loop);
        }
    }
    std::int64_t to = 1;
    for (std::size_t i = result.size(); i-- > 0;) {
        result[i].to = to;
        to *= result[i].extent;
    }
    return result;
}

constexpr std::int64_t tile = 32;

/// A tile at a time, so that both sides stay in cache.
template <class T>
void gather_matrix(const T* in, const LayoutLoop& rows, const LayoutLoop& columns, T* out) {
    for (std::int64_t i0 = 0; i0 < rows.extent; i0 += tile) {
        for (std::int64_t j0 = 0; j0 < columns.extent; j0 += tile) {
            for (std::int64_t i = i0; i < std::min(i0 + tile, rows.extent); ++i) {
                for (std::int64_t j = j0; j < std::min(j0 + tile, columns.extent); ++j) {
                    out[i * rows.to + j * columns.to] = in[i * rows.from + j * columns.from];
                }
            }
        }
    }
}

/// All loops, the last two as a matrix.
template <class T>
void gather_loops(const T* in, std::span<const LayoutLoop> loops, T* out) {
    constexpr LayoutLoop once{};
    if (loops.size() <= 2) {
        gather_matrix(in, loops.size() > 1 ? loops.front() : once, loops.empty() ? once : loops.back(), out);
        return;
    }
    const LayoutLoop& outer = loops.front();
    for (std::int64_t i = 0; i < outer.extent; ++i)
        gather_loops(in + i * outer.from, loops.subspan(1), out + i * outer.to);
}

}  // namespace

bool TensorLayout::fits(const std::vector<std::int64_t>& shape) const {
    return std::ranges::equal(tensor_shape, shape, [](std::int64_t want, std::int64_t got) {
        return want == got || (want < 0 && got > 0);
    });
}

bool TensorLayout::is_whole() const {
    std::int64_t size = 1;
    for (const std::int64_t extent : tensor_shape) size *= extent;
    if (loops.empty()) return size == 1;
    return offset == 0 && loops.size() == 1 && loops.front().from == 1 && loops.front().extent == size;
}

TensorLayout parse_layout(std::string_view text, int part, const Leaf& leaf, const Config& config) {
    const AxisFactors factors = read_factors(text);
    TensorLayout layout;
    layout.tensor_shape.assign(factors.n_axes, 1);
    const Strides strides = strides_of(factors, part, config, layout);
    layout.offset = strides.offset;
    for (std::size_t i = 0; i < leaf.axes.size(); ++i) {
        const bool second = leaf.axes[i] == 'd' && leaf.axes.find('d') < i;
        for (const LayoutLoop& loop : loops_of(second ? 'D' : leaf.axes[i], strides.of, config))
            layout.loops.push_back(loop);
    }
    layout.loops = merged(layout.loops);
    layout.expected = expected_text(factors, layout.tensor_shape);
    return layout;
}

std::vector<Piece> pieces(const TensorLayout& layout, std::int64_t most) {
    std::int64_t span = 1;  // of all other loops
    for (const LayoutLoop& loop : layout.loops) span += (loop.extent - 1) * loop.from;
    const auto widest = std::ranges::max_element(layout.loops, {}, &LayoutLoop::from);
    if (widest == layout.loops.end() || widest->from == 0 || span <= most)
        return {{layout.offset, span, 0, layout.loops}};
    span -= (widest->extent - 1) * widest->from;
    const std::int64_t step = std::max<std::int64_t>(1, (most - span) / widest->from + 1);
    std::vector<Piece> result;
    for (std::int64_t i = 0; i < widest->extent; i += step) {
        const std::int64_t count = std::min(step, widest->extent - i);
        Piece piece{layout.offset + i * widest->from, (count - 1) * widest->from + span, i * widest->to,
                    layout.loops};
        piece.loops[static_cast<std::size_t>(widest - layout.loops.begin())].extent = count;
        result.push_back(std::move(piece));
    }
    return result;
}

template <class T>
void gather(std::span<const T> elements, const Piece& piece, std::span<T> leaf) {
    std::vector<LayoutLoop> loops = piece.loops;
    // The loop that is contiguous in the tensor goes beside the one that is contiguous in the leaf.
    if (loops.size() > 2) {
        const auto inner = std::ranges::find(loops.begin(), loops.end() - 1, 1, &LayoutLoop::from);
        if (inner < loops.end() - 2) std::rotate(inner, inner + 1, loops.end() - 1);
    }
    gather_loops<T>(elements.data(), loops, leaf.data() + piece.to);
}

template <class T>
void transpose(std::span<const T> in, std::int64_t rows, std::int64_t columns, std::span<T> out) {
    gather_matrix(in.data(), {columns, 1, rows}, {rows, columns, 1}, out.data());
}

template void gather(std::span<const float>, const Piece&, std::span<float>);
template void gather(std::span<const double>, const Piece&, std::span<double>);
template void transpose(std::span<const float>, std::int64_t, std::int64_t, std::span<float>);
template void transpose(std::span<const double>, std::int64_t, std::int64_t, std::span<double>);

}  // namespace headway

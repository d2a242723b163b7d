// SPDX-License-Identifier: Apache-2.0
#include "model/layout.hpp"

#include "headway/base/error.hpp"

#include <algorithm>
#include <array>

namespace headway {

namespace {

/// One letter or number of a layout text, and the axis of the tensor that it is part of.
struct Item {
    char letter;
    std::size_t axis;
};

struct Items {
    std::vector<Item> items;
    std::size_t n_axes = 0;
};

Items read_items(std::string_view text) {
    Items result;
    bool inside = false;
    for (const char c : text) {
        if (c == ' ') continue;
        if (c == '(') {
            inside = true;
            ++result.n_axes;
        } else if (c == ')') {
            inside = false;
        } else {
            if (!inside) ++result.n_axes;
            result.items.push_back({c, result.n_axes - 1});
        }
    }
    return result;
}

bool is_number(char c) { return c >= '0' && c <= '9'; }

std::int64_t extent(char letter, const Config& config) {
    return is_number(letter) ? letter - '0' : axis_size(letter, config);
}

std::string expected_text(const Items& items, std::span<const std::int64_t> shape) {
    std::vector<std::string> names(shape.size());
    for (const Item& item : items.items) {
        std::string& name = names[item.axis];
        if (!name.empty()) name += '*';
        name += is_number(item.letter) ? std::string(1, item.letter) : std::string(axis_name(item.letter));
    }
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) {
        text += fmt::format("{}{}={}", i > 0 ? ", " : "", names[i], shape[i]);
    }
    return text + "]";
}

constexpr std::int64_t tile = 32;

/// out[i][j] = in[i in_i + j in_j], a tile at a time so that both sides stay in cache.
template <class T>
void gather_matrix(const T* in, std::int64_t in_i, std::int64_t in_j, std::int64_t n_i, std::int64_t n_j,
                   T* out) {
    for (std::int64_t i0 = 0; i0 < n_i; i0 += tile) {
        for (std::int64_t j0 = 0; j0 < n_j; j0 += tile) {
            for (std::int64_t i = i0; i < std::min(i0 + tile, n_i); ++i) {
                for (std::int64_t j = j0; j < std::min(j0 + tile, n_j); ++j) {
                    out[i * n_j + j] = in[i * in_i + j * in_j];
                }
            }
        }
    }
}

}  // namespace

bool Layout::is_whole(const Leaf& leaf) const {
    std::int64_t stride = 1;
    for (std::size_t i = leaf.shape.size(); i-- > 0;) {
        if (strides[i] != stride) return false;
        stride *= leaf.shape[i];
    }
    std::int64_t size = 1;
    for (const std::int64_t extent : tensor_shape) size *= extent;
    return offset == 0 && size == stride;
}

Layout parse_layout(std::string_view text, int part, const Leaf& leaf, const Config& config) {
    const Items items = read_items(text);
    Layout layout;
    layout.tensor_shape.assign(items.n_axes, 1);
    layout.strides.assign(leaf.axes.size(), 0);
    std::int64_t stride = 1;
    for (std::size_t i = items.items.size(); i-- > 0;) {
        const Item item = items.items[i];
        const std::size_t axis = leaf.axes.find(item.letter);
        invariant(is_number(item.letter) || axis != std::string_view::npos,
                  "a layout names an axis its leaf lacks");
        if (is_number(item.letter)) {
            layout.offset = part * stride;
        } else {
            layout.strides[axis] = stride;
        }
        stride *= extent(item.letter, config);
        layout.tensor_shape[item.axis] *= extent(item.letter, config);
    }
    layout.expected = expected_text(items, layout.tensor_shape);
    return layout;
}

template <class T>
void gather(std::span<const T> tensor, const Layout& layout, const Leaf& leaf, std::span<T> out) {
    // Every leaf is at most [n_0, n_1, n_2]: a batch of matrices.
    std::array<std::int64_t, 3> shape{1, 1, 1};
    std::array<std::int64_t, 3> strides{0, 0, 0};
    const std::size_t rank = leaf.shape.size();
    invariant(rank <= 3, "a leaf has at most three axes");
    std::ranges::copy(leaf.shape, shape.end() - static_cast<std::ptrdiff_t>(rank));
    std::ranges::copy(layout.strides, strides.end() - static_cast<std::ptrdiff_t>(rank));
    for (std::int64_t b = 0; b < shape[0]; ++b) {
        gather_matrix(tensor.data() + layout.offset + b * strides[0], strides[1], strides[2], shape[1],
                      shape[2], out.data() + b * shape[1] * shape[2]);
    }
}

template <class T>
void transpose(std::span<const T> in, std::int64_t rows, std::int64_t columns, std::span<T> out) {
    gather_matrix(in.data(), 1, columns, columns, rows, out.data());
}

template void gather(std::span<const float>, const Layout&, const Leaf&, std::span<float>);
template void gather(std::span<const double>, const Layout&, const Leaf&, std::span<double>);
template void transpose(std::span<const float>, std::int64_t, std::int64_t, std::span<float>);
template void transpose(std::span<const double>, std::int64_t, std::int64_t, std::span<double>);

}  // namespace headway

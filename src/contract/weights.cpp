// SPDX-License-Identifier: Apache-2.0
#include "contract/weights.hpp"

#include "headway/base/text.hpp"
#include "headway/network/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace headway {

namespace {

// Heads within this many binary orders of magnitude of 1 are left as they are: no product of ten such weights
// overflows float.
constexpr int balanced_exponent = 8;

template <class T>
int exponent_of(const T* values, std::int64_t n) {
    std::array<T, 16> lanes{};
    std::int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (std::size_t j = 0; j < 16; ++j) {
            const T value = std::abs(values[i + static_cast<std::int64_t>(j)]);
            lanes[j] = lanes[j] < value ? value : lanes[j];
        }
    for (; i < n; ++i) lanes[0] = std::max(lanes[0], std::abs(values[i]));
    const T largest = *std::max_element(lanes.begin(), lanes.end());
    int exponent = 0;
    std::frexp(static_cast<double>(largest), &exponent);
    return largest == 0 ? 0 : exponent;
}

// Scales each head by a power of two, so exactly; the array itself where no head needs it.
template <class T>
Array<T> balanced(const Array<T>& array, Workspace& workspace) {
    const std::int64_t heads = array.extent(0), size = heads == 0 ? 0 : array.size() / heads;
    std::vector<int> exponents(static_cast<std::size_t>(heads));
    bool far = false;
    for (std::int64_t h = 0; h < heads; ++h) {
        const int exponent = exponent_of(array.data() + h * size, size);
        exponents[static_cast<std::size_t>(h)] = std::abs(exponent) > balanced_exponent ? exponent : 0;
        far = far || std::abs(exponent) > balanced_exponent;
    }
    if (!far) return array;
    Array<T> result = Array<T>::uninitialised(array.shape(), workspace);
    for (std::int64_t h = 0; h < heads; ++h)
        for (std::int64_t i = h * size; i < (h + 1) * size; ++i)
            result.mutable_data()[i] = std::ldexp(array.data()[i], -exponents[static_cast<std::size_t>(h)]);
    return result;
}

}  // namespace

template <class T>
Array<T> weight_array(const Model& model, const Tensor& leaf, const Dims& shape,
                      const EvaluateOptions& options, Workspace& workspace) {
    const Leaf& stored = model.at(leaf.symbol, leaf.layer);
    const std::string name = leaf_name(*tensor(leaf, {}));
    const WeightArray<T> weights = options.keep_weights ? model.leaf<T>(leaf.symbol, leaf.layer)
                                                        : model.leaf_once<T>(leaf.symbol, leaf.layer);
    Array<T> array = Array<T>::view(weights.data.get(), row_major(weights.shape), weights.data);
    const bool query_heads = stored.axes.starts_with('h'), value_heads = stored.axes.starts_with('g');
    if (options.balance_heads && (query_heads || value_heads)) array = balanced(array, workspace);
    if (leaf.head >= 0 || leaf.group >= 0) {
        require(query_heads || value_heads, ErrorKind::Usage, "{}: {} is not a weight of a head", name,
                quote(leaf.symbol));
        require(leaf.head < model.config().n_heads && (leaf.group < 0 || value_heads) &&
                    leaf.group < model.config().n_kv_heads,
                ErrorKind::Usage, "{}: the model has heads 0 to {} and key-value heads 0 to {} in a layer",
                name, model.config().n_heads - 1, model.config().n_kv_heads - 1);
        const int index = leaf.group >= 0 ? leaf.group
                          : query_heads   ? leaf.head
                                          : leaf.head / model.config().group_size();
        array = array.fixed(0, index);
    }
    if (stored.axes.starts_with('p')) {
        require(shape.front() <= array.extent(0), ErrorKind::Usage,
                "the run has {} tokens, but the model has {} positions", shape.front(), array.extent(0));
        array = array.slice(0, 0, shape.front());
    }
    if (array.shape() == shape) return array;
    Dims split = shape;
    if (query_heads && shape.size() == array.shape().size() + 1) {
        split.erase(split.begin());
        split.front() *= shape.front();
    }
    require(split == array.shape(), ErrorKind::Usage,
            "{} has shape {}, but the expression uses it with shape {}", name, shape_text(array.shape()),
            shape_text(shape));
    return Array<T>::view(array.data(), row_major(shape), weights.data);
}

template Array<float> weight_array<float>(const Model&, const Tensor&, const Dims&, const EvaluateOptions&,
                                          Workspace&);
template Array<double> weight_array<double>(const Model&, const Tensor&, const Dims&, const EvaluateOptions&,
                                            Workspace&);

}  // namespace headway

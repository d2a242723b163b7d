// SPDX-License-Identifier: Apache-2.0
#include "model/scatter.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/io/encode.hpp"
#include "model/layout.hpp"
#include "model/pattern.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace headway {

namespace {

/// A leaf that is part of a tensor.
struct Part {
    Leaf leaf;
    TensorLayout layout;
    double plus = 0.0;
};

struct Made {
    std::string name;
    std::vector<std::int64_t> shape;
    std::vector<Part> parts = {};

    std::int64_t size() const {
        std::int64_t product = 1;
        for (const std::int64_t extent : shape) product *= extent;
        return product;
    }
};

[[noreturn]] void refuse(const Made& made, std::string_view why) {
    throw Error(ErrorKind::Unsupported,
                fmt::format("tensor {} cannot be written: {}", quote(made.name), why));
}

/// Visits (element of the leaf, element of the tensor).
template <class Visit>
void visit_elements(std::span<const LayoutLoop> loops, std::int64_t to, std::int64_t from,
                    const Visit& visit) {
    if (loops.empty()) return visit(static_cast<std::size_t>(to), static_cast<std::size_t>(from));
    const LayoutLoop& loop = loops.front();
    for (std::int64_t i = 0; i < loop.extent; ++i)
        visit_elements(loops.subspan(1), to + i * loop.to, from + i * loop.from, visit);
}

template <class T>
std::vector<std::byte> make(const Model& model, const Made& made, DType dtype) {
    const auto size = static_cast<std::size_t>(made.size());
    std::vector<T> tensor(size);
    std::vector<bool> said(size);
    for (const auto& part : made.parts) {
        const LeafName& name = part.leaf.name;
        const WeightArray<T> values = model.leaf<T>(name.symbol, name.layer);
        model.release();
        visit_elements(part.layout.loops, 0, part.layout.offset, [&](std::size_t i, std::size_t at) {
            const T value = static_cast<T>(values.values()[i] - static_cast<T>(part.plus));
            if (said[at] && tensor[at] != value)
                refuse(made, fmt::format("the heads of {} differ, and share it", label(name)));
            tensor[at] = value;
            said[at] = true;
        });
    }
    if (!std::ranges::all_of(said, std::identity{})) refuse(made, "it has elements that the model does not");
    return encode(tensor, dtype, quote(made.name));
}

std::vector<Made> list_tensors(const Model& model, const Config& stored, std::span<const TensorRule> rules) {
    std::map<std::string, Made> made;
    for (const Leaf& leaf : stored_leaves(stored)) {
        const auto rule = std::ranges::find(rules, leaf.name.symbol, &TensorRule::leaf);
        require(rule != rules.end(), ErrorKind::Unsupported, "{} has a weight {}, for which there is no name",
                escaped(model.name()), label(leaf.name));
        const TensorLayout layout = parse_layout(rule->layout, rule->part, leaf, stored);
        const std::string name = tensor_name(rule->tensor, leaf.name.layer, true);
        Made& tensor = made.try_emplace(name, Made{name, layout.tensor_shape}).first->second;
        if (std::ranges::find(layout.tensor_shape, -1) != layout.tensor_shape.end())
            refuse(tensor, "its size is not the model's to say");
        tensor.parts.push_back({leaf, layout, rule->plus});
    }
    std::vector<Made> list;
    for (auto& [name, tensor] : made) list.push_back(std::move(tensor));
    return list;
}

}  // namespace

std::vector<TensorToMake> tensors_of_leaves(const Model& model, const Config& stored,
                                            std::span<const TensorRule> rules, DType dtype) {
    std::vector<TensorToMake> tensors;
    for (const Made& made : list_tensors(model, stored, rules))
        tensors.push_back({made.name, dtype, made.shape, [&model, made, dtype] {
                               return dtype == DType::F64 ? make<double>(model, made, dtype)
                                                          : make<float>(model, made, dtype);
                           }});
    return tensors;
}

}  // namespace headway

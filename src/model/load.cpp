// SPDX-License-Identifier: Apache-2.0
#include "headway/model/load.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "model/checkpoint.hpp"
#include "model/example.hpp"
#include "model/random.hpp"
#include "model/random_shape.hpp"

#include <fmt/ranges.h>

#include <array>
#include <string_view>

namespace headway {

namespace {

struct Example {
    std::string_view name;
    Model (*make)(const LoadOptions&);
};
constexpr std::array examples{Example{"attn-only-2l", attn_only_2l}, Example{"induction", induction_model}};

Model load_example(const std::string& name, const LoadOptions& options) {
    for (const Example& example : examples) {
        if (example.name == name) return example.make(options);
    }
    const std::vector<std::string> names = example_names();
    const std::string near = nearest(name, names);
    throw Error(ErrorKind::Usage,
                fmt::format("no example {}, there are: {}", quote(name), fmt::join(names, ", ")),
                near.empty() ? "" : fmt::format("did you mean example:{}?", near));
}

}  // namespace

std::vector<std::string> example_names() {
    std::vector<std::string> names;
    for (const Example& example : examples) names.emplace_back(example.name);
    return names;
}

Model load_model(const std::string& where, const LoadOptions& options) {
    constexpr std::string_view example = "example:";
    constexpr std::string_view random = "random:";
    if (where.starts_with(example)) return load_example(where.substr(example.size()), options);
    if (where.starts_with(random)) {
        return random_model_of(find_random_shape(where.substr(random.size())), options, where);
    }
    return model_from_checkpoint(open_checkpoint(where, options), options);
}

}  // namespace headway

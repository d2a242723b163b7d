// SPDX-License-Identifier: Apache-2.0
#include "model/arrays.hpp"

#include "headway/base/error.hpp"
#include "headway/model/load.hpp"
#include "model/architecture.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace headway {

Model model_of(const Config& config, LeafArrays arrays, const Folding& fold, ModelDescription description) {
    const std::string& name = description.name;
    check_config(config, name, ErrorKind::Unsupported);
    for (const Leaf& leaf : stored_leaves(config)) {
        const auto found = arrays.find(leaf.name);
        require(found != arrays.end(), ErrorKind::Unsupported, "{}: {} is missing", name, label(leaf.name));
        require(static_cast<std::int64_t>(found->second.size()) == leaf.size(), ErrorKind::Unsupported,
                "{}: {} has {} values, expected {}", name, label(leaf.name), found->second.size(),
                leaf.size());
    }
    const auto kept = std::make_shared<const LeafArrays>(std::move(arrays));
    const auto read = [kept](const Leaf& leaf, auto out) {
        using T = typename decltype(out)::value_type;
        std::ranges::transform(kept->at(leaf.name), out.begin(),
                               [](double value) { return static_cast<T>(value); });
    };
    return {config, fold, {read, read}, std::move(description)};
}

Model model_from_arrays(const Config& config, std::map<LeafName, std::vector<double>> arrays,
                        const Folding& fold, const std::string& name) {
    ModelDescription description{.name = name, .path = name};
    return model_of(config, std::move(arrays), fold, std::move(description));
}

}  // namespace headway

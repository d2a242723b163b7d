// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/freeze.hpp"

#include "expand/rewrite.hpp"

#include <charconv>
#include <optional>

namespace headway {

namespace {

struct Tag {
    std::string symbol;
    int layer = -1;
};

// `A[L0]` -> A, 0; `rstd_final` -> rstd_final, -1; nothing for names of another form.
std::optional<Tag> parse_tag(const std::string& name) {
    const std::size_t bracket = name.find('[');
    if (bracket == std::string::npos) return Tag{name, -1};
    Tag tag{name.substr(0, bracket), -1};
    const char* const first = name.data() + bracket + 2;
    const char* const last = name.data() + name.size() - 1;
    if (bracket + 3 >= name.size() || name[bracket + 1] != 'L' || name.back() != ']') return std::nullopt;
    const auto [end, error] = std::from_chars(first, last, tag.layer);
    return error == std::errc{} && end == last ? std::optional(tag) : std::nullopt;
}

class Freezer {
public:
    Freezer(const Network& network, const FreezeOptions& options) : options_(options) {
        for (const Definition& definition : network.definitions) {
            const std::optional<Tag> tag = parse_tag(definition.name);
            if (tag && freezes(*definition.node, *tag))
                data_.emplace(definition.node, frozen(tag->symbol, tag->layer, definition.node));
        }
    }

    Expr run(const Expr& node) {
        if (const auto known = data_.find(node); known != data_.end()) return known->second;
        return memo_.at(node, [&] { return rebuild(node, [&](const Expr& child) { return run(child); }); });
    }

private:
    bool freezes(const Node& node, const Tag& tag) const {
        if (node.as<Frozen>() != nullptr) return false;
        if (tag.symbol == "mlp") return options_.mlp_outputs;
        const auto* apply = node.as<Apply>();
        if (apply == nullptr) return false;
        return (apply->function == Function::Softmax && options_.patterns) ||
               (apply->function == Function::Rstd && options_.norm_scales);
    }

    FreezeOptions options_;
    std::unordered_map<Expr, Expr> data_;
    Memo memo_;
};

}  // namespace

Network freeze(const Network& network, const FreezeOptions& options) {
    Freezer freezer(network, options);
    Network result;
    for (const Definition& definition : network.definitions)
        result.definitions.push_back({definition.name, freezer.run(definition.node)});
    result.output = freezer.run(network.output);
    return result;
}

}  // namespace headway

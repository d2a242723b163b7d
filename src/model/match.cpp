// SPDX-License-Identifier: Apache-2.0
#include "model/match.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <span>
#include <utility>

namespace headway {

namespace {

constexpr std::array<std::string_view, 2> wrappers{"module.", "_orig_mod."};

/// `"a", "b" and 3 more`.
std::string list_text(std::span<const std::string> names) {
    constexpr std::size_t most = 20;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), most); ++i) {
        text += fmt::format("{}{}", i > 0 ? ", " : "", quote(names[i]));
    }
    if (names.size() > most) text += fmt::format(" and {} more", names.size() - most);
    return text;
}

/// Prefix of every message about the whole checkpoint.
std::string where(const WeightFiles& files) { return escaped(files.files().front().string()); }

/// The layers that the tensors speak of must be those of the config.
void check_layers(const Architecture& architecture, const Config& config, const WeightFiles& files,
                  const TensorNames& names) {
    int last = -1;
    for (const auto& [name, tensor] : names.all()) {
        for (const TensorRule& rule : architecture.tensors)
            last = std::max(last, match_pattern(rule.tensor, name));
    }
    require(last + 1 == config.n_layers, ErrorKind::Unsupported,
            "{}: the tensors are those of {} layers, expected n_layers={} of config.json", where(files),
            last + 1, config.n_layers);
}

struct Found {
    const TensorRule* rule = nullptr;
    const StoredTensor* tensor = nullptr;
};

Found find_leaf(const Architecture& architecture, const TensorNames& names, const LeafName& leaf) {
    Found found;
    for (const TensorRule& rule : architecture.tensors) {
        if (rule.leaf != leaf.symbol) continue;
        if (found.rule == nullptr) found.rule = &rule;
        if (const StoredTensor* tensor = names.find(rule.tensor, leaf.layer)) return {&rule, tensor};
    }
    return found;
}

StoredLeaf checked_leaf(const Found& found, const Leaf& leaf, const Config& config,
                        const WeightFiles& files) {
    StoredLeaf stored{*found.tensor, parse_layout(found.rule->layout, found.rule->part, leaf, config)};
    require(stored.tensor.shape == stored.layout.tensor_shape, ErrorKind::Unsupported,
            "{} has shape {}, expected {}", files.where(stored.tensor), shape_text(stored.tensor.shape),
            stored.layout.expected);
    const std::string_view dtype =
        stored.tensor.dtype == DType::Unknown ? stored.tensor.dtype_name : dtype_name(stored.tensor.dtype);
    require(is_readable_float(stored.tensor.dtype), ErrorKind::Unsupported,
            "{} is of type {}, expected a float: is this a quantised checkpoint?", files.where(stored.tensor),
            escaped(dtype));
    return stored;
}

bool is_ignored(const Architecture& architecture, std::string_view name) {
    return std::ranges::any_of(architecture.ignored, [&](std::string_view pattern) {
        return match_pattern(pattern, name) != no_match;
    });
}

/// What became of every tensor, by its name in the file.
class Ledger {
public:
    Ledger(const Architecture& architecture, const TensorNames& names) {
        for (const auto& [name, tensor] : names.all()) {
            const bool ignored = is_ignored(architecture, name);
            const TensorUse::Status status =
                ignored ? TensorUse::Status::Ignored : TensorUse::Status::Unknown;
            const std::string dtype =
                tensor->dtype == DType::Unknown ? tensor->dtype_name : std::string(dtype_name(tensor->dtype));
            uses_[tensor->name] = {tensor->name, dtype, tensor->shape, status, {}};
        }
    }
    void consume(const StoredTensor& tensor, const LeafName& leaf) {
        TensorUse& use = uses_.at(tensor.name);
        use.status = TensorUse::Status::Consumed;
        use.leaves += (use.leaves.empty() ? "" : " ") + label(leaf);
    }
    void ignore(const StoredTensor& tensor) { uses_.at(tensor.name).status = TensorUse::Status::Ignored; }
    std::vector<std::string> unknown() const {
        std::vector<std::string> names;
        for (const auto& [name, use] : uses_) {
            if (use.status == TensorUse::Status::Unknown) names.push_back(name);
        }
        return names;
    }
    std::vector<TensorUse> uses() const {
        std::vector<TensorUse> list;
        for (const auto& [name, use] : uses_) list.push_back(use);
        return list;
    }

private:
    std::map<std::string, TensorUse> uses_;
};

/// A tied model may store its unembedding all the same: then it has to be the embedding.
void check_tied(const Architecture& architecture, const TensorNames& names, const WeightFiles& files,
                const Match& match, Ledger& ledger) {
    const StoredTensor* unembedding = find_leaf(architecture, names, {"W_U", -1}).tensor;
    if (unembedding == nullptr) return;
    const StoredTensor& embedding = match.leaves.at({"W_E", -1}).tensor;
    const bool same = unembedding->dtype == embedding.dtype && unembedding->shape == embedding.shape &&
                      files.read_bytes(*unembedding) == files.read_bytes(embedding);
    require(same, ErrorKind::Unsupported, "{} differs from the embedding, to which config.json ties it",
            files.where(*unembedding));
    ledger.ignore(*unembedding);
}

[[noreturn]] void throw_missing(const WeightFiles& files, const std::vector<std::string>& missing,
                                const std::vector<std::string>& unknown) {
    std::string hint;
    for (const std::string& name : missing) {
        const std::string near = nearest(name, unknown);
        if (near.empty()) continue;
        hint = fmt::format("the file has {}: is that {}?", quote(near), quote(name));
        break;
    }
    throw Error(
        ErrorKind::Unsupported,
        fmt::format("{}: {} missing: {}", where(files),
                    missing.size() == 1 ? "a tensor is" : fmt::format("{} tensors are", missing.size()),
                    list_text(missing)),
        hint);
}

/// The name that a missing tensor would have, in the style of the file.
std::string wanted_name(const Architecture& architecture, const TensorNames& names, const Found& found,
                        int layer) {
    invariant(found.rule != nullptr, "an architecture has no rule for a leaf");
    const bool prefixed =
        names.find(tensor_name(architecture.tensors.front().tensor, 0, true), -1) != nullptr;
    return tensor_name(found.rule->tensor, layer, prefixed);
}

}  // namespace

TensorNames::TensorNames(const WeightFiles& files) : files_(files) {
    std::string_view wrapper;
    for (const std::string_view prefix : wrappers) {
        const bool all = std::ranges::all_of(
            files.tensors(), [&](const StoredTensor& t) { return t.name.starts_with(prefix); });
        if (all && !files.tensors().empty()) wrapper = prefix;
    }
    for (const StoredTensor& tensor : files.tensors()) by_name_[tensor.name.substr(wrapper.size())] = &tensor;
}

const StoredTensor* TensorNames::find(std::string_view pattern, int layer) const {
    const std::string full = tensor_name(pattern, layer, true);
    const std::string bare = tensor_name(pattern, layer, false);
    const auto at_full = by_name_.find(full);
    if (full == bare) return at_full == by_name_.end() ? nullptr : at_full->second;
    const auto at_bare = by_name_.find(bare);
    require(at_full == by_name_.end() || at_bare == by_name_.end(), ErrorKind::Unsupported,
            "{}: {} and {} are the same weight twice", where(files_), quote(full), quote(bare));
    if (at_full != by_name_.end()) return at_full->second;
    return at_bare == by_name_.end() ? nullptr : at_bare->second;
}

Match match_tensors(const Architecture& architecture, const ConfigReading& reading, const WeightFiles& files,
                    const TensorNames& names, bool allow_unknown) {
    const Config& config = reading.config;
    check_layers(architecture, config, files, names);
    Match match;
    Ledger ledger(architecture, names);
    std::vector<std::string> missing;
    for (const Leaf& leaf : stored_leaves(config)) {
        if (reading.unit_gains && leaf.name.symbol.ends_with(".w")) continue;
        const Found found = find_leaf(architecture, names, leaf.name);
        if (found.tensor == nullptr) {
            missing.push_back(wanted_name(architecture, names, found, leaf.name.layer));
            continue;
        }
        match.leaves[leaf.name] = checked_leaf(found, leaf, config, files);
        ledger.consume(*found.tensor, leaf.name);
    }
    // A fused tensor is missed once, not once a part.
    std::ranges::sort(missing);
    missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
    if (!missing.empty()) throw_missing(files, missing, ledger.unknown());
    if (config.tied_unembed) check_tied(architecture, names, files, match, ledger);
    const std::vector<std::string> unknown = ledger.unknown();
    if (!unknown.empty() && !allow_unknown) {
        throw Error(
            ErrorKind::Unsupported,
            fmt::format("{}: {} not part of the architecture {}: {}", where(files),
                        unknown.size() == 1 ? "a tensor is" : fmt::format("{} tensors are", unknown.size()),
                        architecture.name, list_text(unknown)),
            "allow unknown tensors to go on without");
    }
    match.tensors = ledger.uses();
    return match;
}

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "model/match.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "model/pattern.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <span>
#include <utility>

namespace headway {

namespace {

constexpr std::array<std::string_view, 2> common_wrappers{"module.", "_orig_mod."};

/// The name without the first of the prefixes, a list separated by spaces, that it has.
std::string_view unwrapped(std::string_view name, std::string_view prefixes) {
    while (!prefixes.empty()) {
        const std::string_view prefix = prefixes.substr(0, prefixes.find(' '));
        if (name.starts_with(prefix)) return name.substr(prefix.size());
        prefixes.remove_prefix(std::min(prefixes.size(), prefix.size() + 1));
    }
    return name;
}

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
std::string file_of(const WeightFiles& files) { return escaped(files.files().front().string()); }

/// The layers that the tensors speak of must be those of the config.
void check_layers(const ConfigReading& reading, const WeightFiles& files, const TensorNames& names) {
    const Config& config = reading.config;
    int last = no_layer;
    for (const auto& [name, tensor] : names.all()) {
        for (const TensorRule& rule : reading.tensors)
            last = std::max(last, match_pattern(rule.tensor, name));
    }
    require(last + 1 == config.n_layers, ErrorKind::Unsupported,
            "{}: the tensors are those of {} layers, expected n_layers={} of the config", file_of(files),
            last + 1, config.n_layers);
}

struct Found {
    const TensorRule* rule = nullptr;
    const StoredTensor* tensor = nullptr;
};

/// The first rule whose tensor is there and has its shape; else the first whose tensor is there; else the
/// first.
Found find_leaf(std::span<const TensorRule> rules, const TensorNames& names, const Leaf& leaf,
                const Config& config) {
    Found found;
    for (const TensorRule& rule : rules) {
        if (rule.leaf != leaf.name.symbol) continue;
        const StoredTensor* tensor = names.find(rule.tensor, leaf.name.layer);
        if (found.rule == nullptr || (found.tensor == nullptr && tensor != nullptr)) found = {&rule, tensor};
        if (tensor != nullptr && parse_layout(rule.layout, rule.part, leaf, config).fits(tensor->shape))
            return {&rule, tensor};
    }
    return found;
}

StoredLeaf checked_leaf(const Found& found, const Leaf& leaf, const Config& config,
                        const WeightFiles& files) {
    const TensorRule& rule = *found.rule;
    StoredLeaf stored{*found.tensor, parse_layout(rule.layout, rule.part, leaf, config), rule.plus};
    require(stored.layout.fits(stored.tensor.shape), ErrorKind::Unsupported, "{} has shape {}, expected {}",
            files.where(stored.tensor), shape_text(stored.tensor.shape), stored.layout.expected);
    require(is_readable_float(stored.tensor.dtype), ErrorKind::Unsupported,
            "{} is of type {}, expected a float: is this a quantised checkpoint?", files.where(stored.tensor),
            escaped(stored.tensor.type_name()));
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
            const std::string dtype(tensor->type_name());
            uses_[tensor->name] = {tensor->name, dtype, tensor->shape, status, {}};
        }
    }
    void consume(const StoredTensor& tensor, const LeafName& leaf) {
        TensorUse& use = uses_.at(tensor.name);
        use.status = TensorUse::Status::Consumed;
        use.leaves += (use.leaves.empty() ? "" : " ") + label(leaf);
    }
    void ignore(const StoredTensor& tensor, std::string_view why) {
        TensorUse& use = uses_.at(tensor.name);
        use.status = TensorUse::Status::Ignored;
        use.leaves = why;
    }
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

/// The unembedding of a tied model is its embedding, read another way. The file may store it all the same:
/// then it has to be the same.
void match_tied(const ConfigReading& reading, const TensorNames& names, const WeightFiles& files,
                Match& match, Ledger& ledger) {
    const StoredTensor& embedding = match.leaves.at({"W_E", -1}).tensor;
    const Config& c = reading.config;
    const Leaf leaf{{"W_U", -1}, "dv", {c.d_model, c.d_vocab}};
    match.leaves[leaf.name] = {embedding, parse_layout("v d", 0, leaf, c)};
    const StoredTensor* unembedding = find_leaf(reading.tensors, names, leaf, c).tensor;
    if (unembedding == nullptr || unembedding == &embedding) return;
    check_tied(files, embedding, *unembedding, 16);
    match.tied_copy = *unembedding;
    ledger.ignore(*unembedding, "(the embedding again: W_U is tied to it)");
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
        fmt::format("{}: {} missing: {}", file_of(files),
                    missing.size() == 1 ? "a tensor is" : fmt::format("{} tensors are", missing.size()),
                    list_text(missing)),
        hint);
}

/// The name that a missing tensor would have, in the style of the file.
std::string wanted_name(std::span<const TensorRule> rules, const TensorNames& names, const Found& found,
                        int layer) {
    invariant(found.rule != nullptr, "an architecture has no rule for a leaf");
    const bool prefixed = std::ranges::any_of(rules, [&](const TensorRule& rule) {
        return rule.tensor.starts_with('[') && names.all().contains(tensor_name(rule.tensor, 0, true));
    });
    return tensor_name(found.rule->tensor, layer, prefixed);
}

}  // namespace

TensorNames::TensorNames(const WeightFiles& files, std::string_view wrappers) : files_(files) {
    std::string_view wrapper;
    for (const std::string_view prefix : common_wrappers) {
        const bool all = std::ranges::all_of(
            files.tensors(), [&](const StoredTensor& t) { return t.name.starts_with(prefix); });
        if (all && !files.tensors().empty()) wrapper = prefix;
    }
    for (const StoredTensor& tensor : files.tensors()) {
        const std::string_view name = std::string_view(tensor.name).substr(wrapper.size());
        const auto [at, fresh] = by_name_.emplace(unwrapped(name, wrappers), &tensor);
        require(fresh, ErrorKind::Unsupported, "{}: {} and {} are the same weight twice", file_of(files),
                quote(at->second->name), quote(tensor.name));
    }
}

const StoredTensor* TensorNames::find(std::string_view pattern, int layer) const {
    const std::string full = tensor_name(pattern, layer, true);
    const std::string bare = tensor_name(pattern, layer, false);
    const auto at_full = by_name_.find(full);
    if (full == bare) return at_full == by_name_.end() ? nullptr : at_full->second;
    const auto at_bare = by_name_.find(bare);
    require(at_full == by_name_.end() || at_bare == by_name_.end(), ErrorKind::Unsupported,
            "{}: {} and {} are the same weight twice", file_of(files_), quote(full), quote(bare));
    if (at_full != by_name_.end()) return at_full->second;
    return at_bare == by_name_.end() ? nullptr : at_bare->second;
}

void check_tied(const WeightFiles& files, const StoredTensor& embedding, const StoredTensor& copy,
                std::uint64_t blocks) {
    const auto unit = static_cast<std::uint64_t>(std::max(1, block_size(embedding.dtype).bytes));
    const std::uint64_t block = (std::uint64_t{1} << 20) / unit * unit;
    const std::uint64_t all = (embedding.bytes + block - 1) / block;
    const std::uint64_t count = std::min(blocks, all);
    bool same =
        copy.dtype == embedding.dtype && copy.shape == embedding.shape && copy.bytes == embedding.bytes;
    std::vector<std::byte> left, right;
    for (std::uint64_t i = 0; same && i < count; ++i) {
        const std::uint64_t first = (count == 1 ? 0 : i * (all - 1) / (count - 1)) * block;
        left.resize(static_cast<std::size_t>(std::min(block, embedding.bytes - first)));
        right.resize(left.size());
        files.read_bytes(embedding, first, left);
        files.read_bytes(copy, first, right);
        same = left == right;
    }
    require(same, ErrorKind::Unsupported, "{} differs from the embedding, to which the config ties it",
            files.where(copy));
}

Match match_tensors(const Architecture& architecture, const ConfigReading& reading, const WeightFiles& files,
                    const TensorNames& names, bool allow_unknown) {
    const Config& config = reading.config;
    check_layers(reading, files, names);
    Match match;
    Ledger ledger(architecture, names);
    std::vector<std::string> missing;
    for (const Leaf& leaf : stored_leaves(config)) {
        const Found found = find_leaf(reading.tensors, names, leaf, config);
        if (found.tensor == nullptr) {
            if (reading.unit_gains && leaf.name.symbol.ends_with(".w")) continue;
            missing.push_back(wanted_name(reading.tensors, names, found, leaf.name.layer));
            continue;
        }
        match.leaves[leaf.name] = checked_leaf(found, leaf, config, files);
        ledger.consume(*found.tensor, leaf.name);
    }
    // A fused tensor is missed once, not once a part.
    std::ranges::sort(missing);
    missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
    if (!missing.empty()) throw_missing(files, missing, ledger.unknown());
    if (config.tied_unembed) match_tied(reading, names, files, match, ledger);
    const std::vector<std::string> unknown = ledger.unknown();
    if (!unknown.empty() && !allow_unknown) {
        throw Error(
            ErrorKind::Unsupported,
            fmt::format("{}: {} not part of the architecture {}: {}", file_of(files),
                        unknown.size() == 1 ? "a tensor is" : fmt::format("{} tensors are", unknown.size()),
                        architecture.name, list_text(unknown)),
            "allow unknown tensors to go on without");
    }
    match.tensors = ledger.uses();
    return match;
}

}  // namespace headway

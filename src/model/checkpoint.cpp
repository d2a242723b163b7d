// SPDX-License-Identifier: Apache-2.0
#include "model/checkpoint.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/io/model_path.hpp"
#include "model/match.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace headway {

namespace {

/// `[3, 0, 7]` of a flat index.
std::vector<std::int64_t> index_in(const std::vector<std::int64_t>& shape, std::size_t flat) {
    std::vector<std::int64_t> index(shape.size());
    auto rest = static_cast<std::int64_t>(flat);
    for (std::size_t i = shape.size(); i-- > 0;) {
        index[i] = rest % shape[i];
        rest /= shape[i];
    }
    return index;
}

/// Reads the leaves of a checkpoint.
struct Reader {
    WeightFiles files;
    std::map<LeafName, StoredLeaf> leaves;
    bool allow_nonfinite;
    Progress* progress;

    template <class T>
    void operator()(const Leaf& leaf, std::span<T> out) const {
        const auto found = leaves.find(leaf.name);
        if (found == leaves.end()) {  // a norm without a gain of its own
            invariant(leaf.name.symbol.ends_with(".w"), "a leaf was matched with no tensor");
            std::ranges::fill(out, T{1});
            return;
        }
        const StoredLeaf& stored = found->second;
        advance(progress, &Progress::bytes, stored.tensor.bytes);
        if (stored.layout.is_whole(leaf)) {
            files.read_range(stored.tensor, 0, out);
            check_finite<T>(stored.tensor, out);
            return;
        }
        const std::vector<T> tensor = files.read<T>(stored.tensor);
        check_finite<T>(stored.tensor, tensor);
        gather<T>(tensor, stored.layout, leaf, out);
    }

    template <class T>
    void check_finite(const StoredTensor& tensor, std::span<const T> values) const {
        if (allow_nonfinite) return;
        const NonFinite found = find_non_finite(values);
        if (found.count == 0) return;
        throw Error(ErrorKind::Numeric,
                    fmt::format("{} has {} of {} values that are NaN or infinite, the first at {}",
                                files.where(tensor), found.count, values.size(),
                                shape_text(index_in(tensor.shape, found.first))));
    }
};

std::filesystem::path folder_of(const std::filesystem::path& where) {
    std::error_code ignored;
    return std::filesystem::is_directory(where, ignored) ? where : where.parent_path();
}

}  // namespace

CheckpointFiles open_checkpoint(const std::string& where, const LoadOptions& options) {
    const std::filesystem::path path = find_model(where);
    WeightFiles weights = open_weights(path);
    const std::filesystem::path config =
        options.config.empty() ? folder_of(path) / "config.json" : options.config;
    return {std::move(weights), read_json(config), model_title(where), where};
}

Model model_from_checkpoint(const CheckpointFiles& files, const LoadOptions& options) {
    const Architecture& architecture = find_architecture(files.config);
    const TensorNames names(files.weights);
    const ConfigReading reading =
        read_config(architecture, files.config, [&](std::string_view pattern) { return names.has(pattern); });
    Match match = match_tensors(architecture, reading, files.weights, names, options.allow_unknown);
    const auto reader = std::make_shared<const Reader>(
        Reader{files.weights, std::move(match.leaves), options.allow_nonfinite, options.progress});
    const auto read = [reader](const Leaf& leaf, auto out) { (*reader)(leaf, out); };
    ModelDescription description{.name = files.name, .path = files.path, .tensors = std::move(match.tensors)};
    description.warnings = files.weights.warnings();
    if (reading.unit_gains)
        description.warnings.emplace_back("the file's norm gains were folded before it was saved");
    return {reading.config, options.fold, {read, read}, std::move(description)};
}

}  // namespace headway

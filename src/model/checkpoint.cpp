// SPDX-License-Identifier: Apache-2.0
#include "model/checkpoint.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/io/model_path.hpp"
#include "model/match.hpp"

#include <algorithm>
#include <iterator>
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
    std::optional<StoredTensor> tied_copy;
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
        const auto& [tensor, layout, plus] = found->second;
        if (tied_copy && leaf.name.symbol == "W_U") check_tied(files, tensor, *tied_copy, all_blocks);
        if (layout.is_whole()) {
            files.read_range(tensor, 0, out);
            advance(progress, &Progress::bytes, tensor.bytes);
            check_finite<T>(tensor, out);
        } else {
            read_pieces(tensor, layout, out);
        }
        if (plus == 0.0) return;
        for (T& value : out) value += static_cast<T>(plus);
    }

    /// A few MiB of the tensor at a time.
    template <class T>
    void read_pieces(const StoredTensor& tensor, const TensorLayout& layout, std::span<T> out) const {
        std::vector<T> elements;
        for (const Piece& piece : pieces(layout, 1 << 20)) {
            elements.resize(static_cast<std::size_t>(piece.size));
            files.read_range<T>(tensor, static_cast<std::uint64_t>(piece.first), elements);
            const auto share = static_cast<double>(piece.size) / static_cast<double>(tensor.size());
            advance(progress, &Progress::bytes,
                    static_cast<std::uint64_t>(share * static_cast<double>(tensor.bytes)));
            check_finite<T>(tensor, elements);
            gather<T>(elements, piece, out);
        }
    }

    template <class T>
    void check_finite(const StoredTensor& tensor, std::span<const T> values) const {
        if (allow_nonfinite || find_non_finite(values).count == 0) return;
        const std::vector<T> all = files.read<T>(tensor);
        const NonFinite found = find_non_finite(all);
        const auto in_block = static_cast<std::size_t>(block_size(tensor.dtype).elements);
        const std::string block = in_block == 1 ? "" : fmt::format(", in block {}", found.first / in_block);
        throw Error(ErrorKind::Numeric,
                    fmt::format("{} has {} of {} values that are NaN or infinite, the first at {}{}",
                                files.where(tensor), found.count, all.size(),
                                shape_text(index_in(tensor.shape, found.first)), block));
    }
};

std::filesystem::path folder_of(const std::filesystem::path& where) {
    std::error_code ignored;
    return std::filesystem::is_directory(where, ignored) ? where : where.parent_path();
}

/// A folder with an adapter and no model: what it changes is elsewhere.
void refuse_adapter(const std::filesystem::path& folder) {
    const std::filesystem::path adapter = folder / "adapter_config.json";
    std::error_code ignored;
    if (!std::filesystem::exists(adapter, ignored) ||
        std::filesystem::exists(folder / "config.json", ignored))
        return;
    const Json json = read_json(adapter);
    throw Error(ErrorKind::Unsupported,
                fmt::format("{} is a LoRA adapter of {}, not a model", escaped(folder.string()),
                            quote(json.text("base_model_name_or_path", "another model"))),
                "merge it into its base and save the result");
}

/// What a config may ask of the file.
FileTensors file_tensors(const WeightFiles& files, const TensorNames& names) {
    return {.shape = [&names](std::string_view pattern) -> std::optional<std::vector<std::int64_t>> {
                const StoredTensor* tensor = names.find(pattern, 0);
                return tensor == nullptr ? std::nullopt : std::optional(tensor->shape);
            },
            .values =
                [&files, &names](std::string_view pattern) {
                    const StoredTensor* tensor = names.find(pattern, 0);
                    return tensor == nullptr ? std::vector<double>{} : files.read<double>(*tensor);
                }};
}

std::vector<ModelFile> noted_files(const std::vector<std::filesystem::path>& files) {
    std::vector<ModelFile> noted;
    for (const std::filesystem::path& file : files)
        noted.push_back({file.filename().native(), sha256_of(file)});
    return noted;
}

}  // namespace

CheckpointFiles open_checkpoint(const std::string& where, const LoadOptions& options) {
    const std::filesystem::path path = find_model(where);
    refuse_adapter(folder_of(path));
    WeightFiles weights = open_weights(path);
    std::vector<ModelFile> noted = noted_files(weights.files());
    if (weights.metadata()) {
        require(options.config.empty(), ErrorKind::Usage, "{} has a config of its own: no other can be given",
                escaped(where));
        const Json metadata = *weights.metadata();
        return {std::move(weights), metadata, ConfigSource::Gguf,
                model_title(where), where,    std::move(noted)};
    }
    const std::filesystem::path config =
        options.config.empty() ? folder_of(path) / "config.json" : options.config;
    std::ranges::move(noted_files({config}), std::back_inserter(noted));
    return {std::move(weights), read_json(config), ConfigSource::ConfigJson, model_title(where), where,
            std::move(noted)};
}

Model model_from_checkpoint(const CheckpointFiles& files, const LoadOptions& options) {
    const Architecture& architecture = find_architecture(files.config, files.source);
    const TensorNames names(files.weights, architecture.wrappers);
    ConfigReading reading = read_config(architecture, files.config, file_tensors(files.weights, names));
    Match match = match_tensors(architecture, reading, files.weights, names, options.allow_unknown);
    const auto reader = std::make_shared<const Reader>(Reader{
        files.weights, std::move(match.leaves), match.tied_copy, options.allow_nonfinite, options.progress});
    const auto read = [reader](const Leaf& leaf, auto out) { (*reader)(leaf, out); };
    ModelDescription description{
        .name = files.name, .path = files.path, .files = files.noted, .tensors = std::move(match.tensors)};
    description.warnings = files.weights.warnings();
    std::ranges::move(reading.notes, std::back_inserter(description.warnings));
    return {reading.config, options.fold, {read, read, true}, std::move(description)};
}

}  // namespace headway

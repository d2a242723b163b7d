// SPDX-License-Identifier: Apache-2.0
#include "headway/model/save.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/io/encode.hpp"
#include "headway/io/model_path.hpp"
#include "headway/io/output_file.hpp"
#include "headway/io/safetensors.hpp"
#include "headway/io/weight_files.hpp"
#include "io/input_file.hpp"
#include "model/architecture.hpp"
#include "model/layout.hpp"
#include "model/pattern.hpp"
#include "model/saved_config.hpp"
#include "model/scatter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <system_error>
#include <utility>

namespace headway {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<std::string_view, SavedNames>, 3> saved_names{
    {{"transformer-lens", SavedNames::TransformerLens},
     {"own", SavedNames::Own},
     {"hugging-face", SavedNames::HuggingFace}}};

// What is to be written.
struct Saving {
    std::vector<TensorToMake> tensors = {};
    std::string config = {};
    std::vector<fs::path> inputs = {};
};

template <class T>
std::vector<std::byte> leaf_bytes(const Model& model, const Leaf& leaf, DType dtype) {
    const WeightArray<T> values = model.leaf<T>(leaf.name.symbol, leaf.name.layer);
    model.release();
    return encode(values.values(), dtype, fmt::format("{}: {}", escaped(model.name()), label(leaf.name)));
}

// Every leaf under its name in TransformerLens. These names have no ties, so W_U is written too.
Saving lens_saving(const Model& model, DType dtype) {
    Saving saving{.config = saved_config(model.config())};
    const std::span<const TensorRule> rules = architecture_named("transformer_lens").tensors;
    std::vector<Leaf> leaves = stored_leaves(model.config());
    if (model.config().tied_unembed) leaves.push_back(model.at("W_U"));
    for (const Leaf& leaf : leaves) {
        const auto rule = std::ranges::find(rules, leaf.name.symbol, &TensorRule::leaf);
        invariant(rule != rules.end(), "every stored leaf has a name in TransformerLens");
        saving.tensors.push_back(
            {tensor_name(rule->tensor, leaf.name.layer, true), dtype, leaf.shape, [&model, leaf, dtype] {
                 return dtype == DType::F64 ? leaf_bytes<double>(model, leaf, dtype)
                                            : leaf_bytes<float>(model, leaf, dtype);
             }});
    }
    return saving;
}

std::vector<std::byte> tensor_bytes(const WeightFiles& files, const StoredTensor& tensor, DType dtype) {
    if (tensor.dtype == dtype) return files.read_bytes(tensor);
    const std::string what = files.where(tensor);
    return dtype == DType::F64 ? encode(files.read<double>(tensor), dtype, what)
                               : encode(files.read<float>(tensor), dtype, what);
}

// Every tensor that became a leaf, as it lies in the model's files, and their config.json.
Saving own_saving(const Model& model, DType dtype) {
    const fs::path where = find_model(model.description().path);
    std::error_code ignored;
    const fs::path folder = fs::is_directory(where, ignored) ? where : where.parent_path();
    const fs::path config = folder / "config.json";
    if (!fs::exists(config, ignored))
        throw Error(
            ErrorKind::Unsupported,
            fmt::format("{} has no config.json, which its own names need", escaped(model.description().path)),
            "the names transformer-lens need none");
    const WeightFiles files = open_weights(where);
    Saving saving{.inputs = files.files()};
    saving.inputs.push_back(config);
    saving.config = InputFile(config).read_text(std::uint64_t{16} << 20);
    for (const TensorUse& use : model.description().tensors) {
        if (use.status != TensorUse::Status::Consumed) continue;
        const StoredTensor& tensor = files.at(use.name);
        saving.tensors.push_back({tensor.name, dtype, tensor.shape,
                                  [files, tensor, dtype] { return tensor_bytes(files, tensor, dtype); }});
    }
    return saving;
}

// What a config may ask of a file that is not there yet: the tensors that the model's leaves will be.
FileTensors tensors_to_be(const Model& model, const Architecture& architecture) {
    const auto shape = [&](std::string_view pattern) -> std::optional<std::vector<std::int64_t>> {
        for (const Leaf& leaf : stored_leaves(model.config()))
            for (const TensorRule& rule : architecture.tensors)
                if (rule.tensor == pattern && rule.leaf == leaf.name.symbol)
                    return parse_layout(rule.layout, rule.part, leaf, model.config()).tensor_shape;
        return std::nullopt;
    };
    return {.shape = shape, .values = [](std::string_view) { return std::vector<double>(); }};
}

// Whether W_U is W_Eᵀ, number by number.
bool has_tied_numbers(const Model& model) {
    const auto embedding = model.leaf<float>("W_E"), unembedding = model.leaf<float>("W_U");
    const auto rows = static_cast<std::size_t>(model.config().d_vocab);
    const auto columns = static_cast<std::size_t>(model.config().d_model);
    for (std::size_t v = 0; v < rows; ++v)
        for (std::size_t d = 0; d < columns; ++d)
            if (embedding.values()[v * columns + d] != unembedding.values()[d * rows + v]) return false;
    return true;
}

// The tensors of the architecture that a config.json names.
Saving hugging_face_saving(const Model& model, const fs::path& config, DType dtype) {
    require(!config.empty(), ErrorKind::Usage, "names of Hugging Face need a config.json: which?");
    const Json json = read_json(config);
    const Architecture& architecture = find_architecture(json, ConfigSource::ConfigJson);
    const ConfigReading reading = read_config(architecture, json, tensors_to_be(model, architecture));
    Config stored = reading.config;
    stored.architecture = model.config().architecture;
    require(saved_config(as_float(stored)) == saved_config(as_float(model.config())), ErrorKind::Unsupported,
            "{} describes another model than {}: their sizes or kinds differ", json.where(),
            escaped(model.name()));
    require(!stored.tied_unembed || model.config().tied_unembed || has_tied_numbers(model),
            ErrorKind::Unsupported, "{} ties the unembedding to the embedding, but in {} they differ",
            json.where(), escaped(model.name()));
    const auto rules = reading.tensors.empty() ? architecture.tensors : reading.tensors;
    return {.tensors = tensors_of_leaves(model, stored, rules, dtype),
            .config = InputFile(config).read_text(std::uint64_t{16} << 20),
            .inputs = {config}};
}

// Tells of each tensor that is made.
void watch(std::vector<TensorToMake>& tensors, const SaveOptions& options) {
    for (TensorToMake& tensor : tensors) {
        std::uint64_t bytes = static_cast<std::uint64_t>(block_size(options.dtype).bytes);
        for (const std::int64_t extent : tensor.shape) bytes *= static_cast<std::uint64_t>(extent);
        advance(options.progress, &Progress::all_work, bytes);
        tensor.make = [make = std::move(tensor.make), options, bytes] {
            if (options.between) options.between();
            std::vector<std::byte> data = make();
            advance(options.progress, &Progress::work, bytes);
            return data;
        };
    }
}

Saving saving_of(const Model& model, const SaveOptions& options) {
    switch (options.names) {
        case SavedNames::Own:
            return own_saving(model, options.dtype);
        case SavedNames::HuggingFace:
            return hugging_face_saving(model, options.config, options.dtype);
        case SavedNames::TransformerLens:
            break;
    }
    return lens_saving(model, options.dtype);
}

}  // namespace

SavedNames parse_saved_names(std::string_view name) {
    std::vector<std::string> known;
    for (const auto& [word, names] : saved_names) {
        if (word == name) return names;
        known.emplace_back(word);
    }
    const std::string near = nearest(name, known);
    throw Error(ErrorKind::Usage, fmt::format("{} are no names for tensors", quote(name)),
                near.empty() ? "the names are transformer-lens, own and hugging-face"
                             : fmt::format("did you mean {}?", near));
}

void save_model(const Model& model, const fs::path& folder, const SaveOptions& options) {
    require(model.config().folding == Folding{}, ErrorKind::Unsupported,
            "{} has folded weights, which no file can say: load it with nothing folded", model.name());
    Saving saving = saving_of(model, options);
    watch(saving.tensors, options);
    std::error_code error;
    const bool made = fs::create_directories(folder, error);
    require(!error, ErrorKind::Io, "{}: cannot be made: {}", escaped(folder.native()), error.message());
    try {
        check_output(folder / "config.json", saving.inputs);
        check_output(folder / "model.safetensors", saving.inputs);
        write_safetensors(folder / "model.safetensors", std::move(saving.tensors), {{"format", "pt"}});
        write_file(folder / "config.json", saving.config);
    } catch (...) {
        if (made) fs::remove(folder, error);  // when it is empty
        throw;
    }
}

}  // namespace headway

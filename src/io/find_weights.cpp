// SPDX-License-Identifier: Apache-2.0
#include "io/find_weights.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/io/json.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <vector>

namespace headway {
namespace {

using std::filesystem::path;
using namespace std::string_view_literals;

// By these names alone a model is known.
constexpr std::array plain_names = {"model.safetensors.index.json"sv, "model.safetensors"sv,
                                    "pytorch_model.bin.index.json"sv, "pytorch_model.bin"sv};

// Endings of the other files that may have weights, kind by kind.
const std::array<std::vector<std::string_view>, 4> kinds = {
    {{".safetensors"}, {".gguf"}, {".pt", ".pth", ".bin"}, {".npz"}}};

// Endings of weights that only other software reads.
constexpr std::array foreign = {".h5"sv, ".msgpack"sv, ".onnx"sv, ".ot"sv, ".mlx"sv, ".tflite"sv};

// What lies beside weights with the same endings: the state of a training, an adapter, a model of pictures.
constexpr std::array no_weights = {"adapter_model."sv, "training_args."sv, "optimizer."sv, "scheduler."sv,
                                   "rng_state"sv,      "scaler."sv,        "mmproj"sv};

bool is_there(const path& file) {  // a dangling link too, so that opening it tells what is wrong
    std::error_code ignored;
    return std::filesystem::symlink_status(file, ignored).type() != std::filesystem::file_type::not_found;
}

std::vector<std::string> names_in(const path& folder) {
    std::error_code error;
    std::vector<std::string> names;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code ignored;
        if (!entry->is_directory(ignored)) names.push_back(entry->path().filename().native());
    }
    require(!error, ErrorKind::Io, "{}: cannot be listed: {}", escaped(folder.native()), error.message());
    std::ranges::sort(names);
    return names;
}

std::vector<std::string> of_kind(const std::vector<std::string>& names,
                                 const std::vector<std::string_view>& endings) {
    std::vector<std::string> found;
    for (const std::string& name : names) {
        const auto ends = [&](std::string_view ending) { return name.ends_with(ending); };
        const auto begins = [&](std::string_view other) { return name.starts_with(other); };
        if (std::ranges::any_of(endings, ends) && std::ranges::none_of(no_weights, begins))
            found.push_back(name);
    }
    return found;
}

// Whether all are parts of one model: NAME-00001-of-00003.gguf; opening one of them opens all.
bool are_gguf_parts(const std::vector<std::string>& names) {
    constexpr std::size_t suffix = "-00001-of-00003.gguf"sv.size();
    const auto without_number = [](std::string name) {
        return name.size() > suffix ? name.erase(name.size() - suffix + 1, 5) : std::string();
    };
    if (names.empty() || !names.front().ends_with(".gguf")) return false;
    const std::string first = without_number(names.front());
    return first.find("--of-") != std::string::npos &&
           std::ranges::all_of(names, [&](const std::string& name) { return without_number(name) == first; });
}

[[noreturn]] void throw_several(const path& folder, const std::vector<std::string>& found) {
    constexpr std::size_t most_named = 10;
    std::string list;
    for (std::size_t i = 0; i < std::min(found.size(), most_named); ++i)
        list += (i == 0 ? "" : ", ") + quote(found[i]);
    if (found.size() > most_named) list += fmt::format(" and {} more", found.size() - most_named);
    const bool shards = found.front().find("-of-") != std::string::npos;
    throw Error(
        ErrorKind::Usage,
        fmt::format("{}: the folder has several files of weights: {}", escaped(folder.native()), list),
        shards ? "these look like shards: the index (.index.json) that belongs to them is missing"
               : "give the path of one of them");
}

[[noreturn]] void throw_adapter(const path& folder) {
    std::string base;
    try {
        const Json config = read_json(folder / "adapter_config.json");
        base = fmt::format(", {}", quote(config.text("base_model_name_or_path")));
    } catch (const Error&) {  // the base stays unnamed
    }
    throw Error(
        ErrorKind::Unsupported,
        fmt::format("{}: has a LoRA adapter without its base model{}", escaped(folder.native()), base),
        "merge it into the base model (merge_and_unload of peft) and save that");
}

[[noreturn]] void throw_none(const path& folder, const std::vector<std::string>& names) {
    if (std::ranges::any_of(names, [](const std::string& name) { return name.starts_with("adapter_"); }))
        throw_adapter(folder);
    std::string looked_for;
    for (const std::string_view name : plain_names) looked_for += fmt::format("{}, ", name);
    for (const auto& endings : kinds)
        for (const std::string_view ending : endings) looked_for += fmt::format("*{}, ", ending);
    looked_for.resize(looked_for.size() - 2);
    const auto is_foreign = [](const std::string& name) {
        return std::ranges::any_of(foreign, [&](std::string_view ending) { return name.ends_with(ending); });
    };
    const auto other = std::ranges::find_if(names, is_foreign);
    throw Error(
        ErrorKind::Io,
        fmt::format("{}: the folder has no weights: looked for {}", escaped(folder.native()), looked_for),
        other == names.end()
            ? ""
            : quote(*other) + " is of another software: convert it to safetensors with that");
}

}  // namespace

path find_weights(const path& folder) {
    for (const std::string_view name : plain_names)
        if (is_there(folder / name)) return folder / name;
    const std::vector<std::string> names = names_in(folder);
    for (const auto& endings : kinds) {
        const std::vector<std::string> found = of_kind(names, endings);
        if (found.size() == 1 || are_gguf_parts(found)) return folder / found.front();
        if (!found.empty()) throw_several(folder, found);
    }
    throw_none(folder, names);
}

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "model/example.hpp"

#include "headway/base/error.hpp"
#include "headway/io/json.hpp"
#include "model/architecture.hpp"
#include "model/arrays.hpp"
#include "model/pattern.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace headway {

namespace {

std::span<const std::byte> embedded(std::string_view name) {
    const auto files = embedded_files();
    const auto found = std::ranges::find(files, name, &EmbeddedFile::name);
    invariant(found != files.end(), "a built-in model's file is not embedded");
    return found->bytes;
}

std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A safetensors file of our own in memory: float32 under TransformerLens's names. The general, suspicious
/// reader is in io.
class OwnFile {
public:
    explicit OwnFile(std::span<const std::byte> bytes)
        : data_(bytes.subspan(sizeof(std::uint64_t) + header_size(bytes))),
          header_(parse_json(as_text(bytes).substr(sizeof(std::uint64_t), header_size(bytes)),
                             "built-in model")) {}

    std::optional<std::vector<std::int64_t>> shape(const std::string& name) const {
        if (!header_.has(name)) return std::nullopt;
        return use(name, {}).shape;
    }

    std::vector<double> values(const std::string& name) const {
        const Json offsets = header_.at(name).at("data_offsets");
        const auto begin = static_cast<std::size_t>(offsets.at(0).integer());
        const auto end = static_cast<std::size_t>(offsets.at(1).integer());
        std::vector<float> stored((end - begin) / sizeof(float));
        std::memcpy(stored.data(), data_.data() + begin, end - begin);
        return {stored.begin(), stored.end()};
    }

    TensorUse use(const std::string& name, const LeafName& leaf) const {
        TensorUse use{.name = name, .dtype = header_.at(name).text("dtype")};
        const Json shape = header_.at(name).at("shape");
        for (std::size_t i = 0; i < shape.size(); ++i) use.shape.push_back(shape.at(i).integer());
        use.leaves = label(leaf);
        return use;
    }

private:
    static std::uint64_t header_size(std::span<const std::byte> bytes) {
        std::uint64_t size = 0;
        std::memcpy(&size, bytes.data(), sizeof size);
        return size;
    }

    std::span<const std::byte> data_;
    Json header_;
};

}  // namespace

Model attn_only_2l(const LoadOptions& options) {
    const OwnFile file(embedded("attn-only-2l/model.safetensors"));
    const Json json = parse_json(as_text(embedded("attn-only-2l/config.json")), "built-in config.json");
    const Architecture& lens = architecture_named("transformer_lens");
    const auto shape = [&](std::string_view pattern) { return file.shape(tensor_name(pattern, 0, true)); };
    const auto values = [&](std::string_view pattern) { return file.values(tensor_name(pattern, 0, true)); };
    const ConfigReading reading = read_config(lens, json, {shape, values});
    LeafArrays arrays;
    ModelDescription description{.name = "attn-only-2l", .path = "example:attn-only-2l"};
    for (const std::string part : {"model.safetensors", "config.json"})
        description.files.push_back(
            {part, [bytes = embedded("attn-only-2l/" + part)] { return sha256(bytes); }});
    for (const Leaf& leaf : stored_leaves(reading.config)) {
        const auto rule = std::ranges::find(lens.tensors, leaf.name.symbol, &TensorRule::leaf);
        const std::string name = tensor_name(rule->tensor, leaf.name.layer, true);
        arrays[leaf.name] = file.values(name);
        description.tensors.push_back(file.use(name, leaf.name));
    }
    return model_of(reading.config, std::move(arrays), options.fold, std::move(description));
}

}  // namespace headway

// GGUF files of architectures of which the reference folder has none: its checkpoints of other people, with
// tensors named and laid as llama.cpp's converter does, give the same answers as before.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/npy.hpp"
#include "headway/io/weight_files.hpp"
#include "headway/model/load.hpp"
#include "io/gguf_bytes.hpp"
#include "support/checkpoints.hpp"
#include "support/oracle.h"
#include "support/shared.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace headway {
namespace {

namespace fs = std::filesystem;
namespace gguf = test::gguf;

/// Parts of Hugging Face's names and what they are in a GGUF file, in the order in which they are replaced.
constexpr auto names = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"model.", ""},
    {"transformer.", ""},
    {"embed_tokens", "token_embd"},
    {"wte", "token_embd"},
    {"wpe", "position_embd"},
    {"lm_head", "output"},
    {"layers.", "blk."},
    {"h.", "blk."},
    {"input_layernorm", "attn_norm"},
    {"post_attention_layernorm", "ffn_norm"},
    {"ln_1", "attn_norm"},
    {"ln_2", "ffn_norm"},
    {"ln_f", "output_norm"},
    {"self_attn.q_norm", "attn_q_norm"},
    {"self_attn.k_norm", "attn_k_norm"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.o_proj", "attn_output"},
    {"attn.c_attn", "attn_qkv"},
    {"attn.c_proj", "attn_output"},
    {"mlp.c_fc", "ffn_up"},
    {"mlp.c_proj", "ffn_down"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
});

std::string gguf_name(std::string name) {
    for (const auto& [theirs, ours] : names) {
        const std::size_t at = name.find(theirs);
        const bool whole = at == 0 || (at != std::string::npos && name[at - 1] == '.');
        if (whole) name.replace(at, theirs.size(), ours);
    }
    return name == "norm.weight" ? "output_norm.weight" : name;
}

/// A tensor as the converter writes it: Conv1D weights turned, Gemma's gains whole.
std::vector<float> converted(const StoredTensor& tensor, std::vector<float> values,
                             const std::string& architecture) {
    if (architecture == "gemma" && tensor.shape.size() == 1)
        for (float& value : values) value += 1.0F;
    if (architecture != "gpt2" || tensor.name.find(".c_") == std::string::npos || tensor.shape.size() < 2)
        return values;
    std::vector<float> turned;
    const auto rows = static_cast<std::size_t>(tensor.shape[0]);
    const auto columns = static_cast<std::size_t>(tensor.shape[1]);
    for (std::size_t j = 0; j < columns; ++j)
        for (std::size_t i = 0; i < rows; ++i) turned.push_back(values[i * columns + j]);
    return turned;
}

std::string tensor_entry(const StoredTensor& tensor, const std::string& architecture, std::uint64_t offset) {
    std::vector<std::int64_t> extents(tensor.shape.rbegin(), tensor.shape.rend());
    if (architecture == "gpt2" && tensor.name.find(".c_") != std::string::npos) std::ranges::reverse(extents);
    std::string bytes =
        gguf::text(gguf_name(tensor.name)) + gguf::u32(static_cast<std::uint32_t>(extents.size()));
    for (const std::int64_t extent : extents) bytes += gguf::u64(static_cast<std::uint64_t>(extent));
    return bytes + gguf::u32(0) + gguf::u64(offset);
}

std::vector<std::string> metadata(const Config& c) {
    const std::string& name = c.architecture;
    std::vector<std::string> entries{gguf::entry("general.architecture", gguf::Text, gguf::text(name))};
    const auto add = [&](const char* key, int value) {
        entries.push_back(gguf::u32_entry(name + "." + key, static_cast<std::uint32_t>(value)));
    };
    add("block_count", c.n_layers);
    add("embedding_length", c.d_model);
    add("feed_forward_length", c.d_mlp);
    add("context_length", c.n_ctx);
    add("attention.head_count", c.n_heads);
    add("attention.head_count_kv", c.n_kv_heads);
    add("attention.key_length", c.d_head);
    add("attention.value_length", c.d_head);
    const std::string eps = c.norm == Norm::RmsNorm ? "layer_norm_rms_epsilon" : "layer_norm_epsilon";
    entries.push_back(
        gguf::entry(name + ".attention." + eps, gguf::F32, gguf::number(static_cast<float>(c.norm_eps))));
    entries.push_back(
        gguf::entry(name + ".rope.freq_base", gguf::F32, gguf::number(static_cast<float>(c.rotary.theta))));
    return entries;
}

void write_gguf(const fs::path& checkpoint, const Config& config, const fs::path& to) {
    const WeightFiles files = open_weights(checkpoint);
    std::vector<std::string> tensors;
    std::string data;
    for (const StoredTensor& tensor : files.tensors()) {
        tensors.push_back(tensor_entry(tensor, config.architecture, data.size()));
        const std::vector<float> values = converted(tensor, files.read<float>(tensor), config.architecture);
        data.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
        data.resize((data.size() + 31) / 32 * 32);
    }
    std::ofstream(to, std::ios::binary) << gguf::file(metadata(config), tensors, data);
}

class GgufConformance : public testing::TestWithParam<std::string> {};

TEST_P(GgufConformance, ConvertedFromACheckpointItGivesTheSameAnswers) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const fs::path folder = test::checkpoint(shared, GetParam());
    const test::TemporaryFolder made;
    const Model original = load_model(folder.string(), {.fold = no_folding});
    write_gguf(folder, original.config(), made / "model.gguf");
    const Model converted = load_model((made / "model.gguf").string(), {.fold = no_folding});
    Config config = converted.config();
    config.norm_eps = original.config().norm_eps;  // a float in the file
    EXPECT_EQ(config, original.config());
    const oracle::Run want = oracle::forward(original, {3, 1, 4, 1, 5, 9, 2, 6});
    const oracle::Run got = oracle::forward(converted, {3, 1, 4, 1, 5, 9, 2, 6});
    for (std::size_t q = 0; q < want.logits.size(); ++q)
        for (std::size_t v = 0; v < want.logits[q].size(); ++v)
            EXPECT_NEAR(got.logits[q][v], want.logits[q][v], 1e-5) << q << " " << v;
}

INSTANTIATE_TEST_SUITE_P(Converted, GgufConformance, testing::Values("gpt2", "qwen2", "qwen3", "gemma"),
                         test::checkpoint_label);

}  // namespace
}  // namespace headway

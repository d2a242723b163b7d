// The files of examples/models/ as bytes of the library, so that an installed program finds them. Assembled,
// not compiled:
// 1.6 MB of numbers in an initialiser would cost seconds.
// SPDX-License-Identifier: Apache-2.0
#include "model/example.hpp"

#include <array>

// HEADWAY_EXAMPLE_MODELS is the folder, as a string, from the build.
// NOLINTNEXTLINE: a macro, since the assembler wants literals.
#define HEADWAY_EMBED(symbol, file)                                 \
    asm(".section .rodata\n"                                        \
        ".balign 16\n"                                              \
        ".global " #symbol "\n.global " #symbol "_end\n" #symbol    \
        ":\n"                                                       \
        ".incbin \"" HEADWAY_EXAMPLE_MODELS "/" file "\"\n" #symbol \
        "_end:\n"                                                   \
        ".byte 0\n"                                                 \
        ".text\n");                                                 \
    extern "C" const std::byte symbol[];                            \
    extern "C" const std::byte symbol##_end[];

HEADWAY_EMBED(headway_attn_only_2l_config, "attn-only-2l/config.json")
HEADWAY_EMBED(headway_attn_only_2l_model, "attn-only-2l/model.safetensors")
HEADWAY_EMBED(headway_attn_only_2l_tokenizer, "attn-only-2l/tokenizer.json")

namespace headway {

std::span<const EmbeddedFile> embedded_files() {
    static const std::array<EmbeddedFile, 3> files{{
        {"attn-only-2l/config.json", {headway_attn_only_2l_config, headway_attn_only_2l_config_end}},
        {"attn-only-2l/model.safetensors", {headway_attn_only_2l_model, headway_attn_only_2l_model_end}},
        {"attn-only-2l/tokenizer.json", {headway_attn_only_2l_tokenizer, headway_attn_only_2l_tokenizer_end}},
    }};
    return files;
}

}  // namespace headway

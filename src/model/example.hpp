// The built-in models.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/model/load.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace headway {

/// A file of examples/models/ that is part of the library.
struct EmbeddedFile {
    std::string_view name;  ///< `attn-only-2l/config.json`
    std::span<const std::byte> bytes;
};

/// The embedded files.
std::span<const EmbeddedFile> embedded_files();

/// A trained two-layer attention-only model: see examples/models/README.md.
Model attn_only_2l(const LoadOptions& options);

/// A two-layer attention-only model whose induction circuit is known exactly: see induction.cpp.
Model induction_model(const LoadOptions& options);

}  // namespace headway

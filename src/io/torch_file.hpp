// PyTorch checkpoints: zip archives, and the single stream that PyTorch before 1.6 wrote.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/weight_listing.hpp"

#include <span>

namespace headway {

/// Whether the archive has a pickle as torch.save writes it.
bool is_torch_archive(std::span<const ZipMember> members);

/// The tensors of such an archive. Throws Error: Malformed, Unsupported, Limit, Io.
WeightListing list_torch_archive(const InputFile& file, std::span<const ZipMember> members);

/// The tensors of an old checkpoint. Throws as list_torch_archive.
WeightListing list_torch_stream(const InputFile& file);

}  // namespace headway

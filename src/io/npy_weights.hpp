// NumPy's arrays as weights.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/weight_listing.hpp"

#include <span>

namespace headway {

/// The one array of a .npy, under the name of the file. Throws Error: Malformed, Unsupported, Io.
WeightListing list_npy(const InputFile& file);

/// Whether the archive holds arrays and nothing else.
bool is_npz_archive(std::span<const ZipMember> members);

/// The arrays of an .npz; one that holds no plain numbers is listed as Unknown. Reads headers only.
/// Throws Error: Malformed, Unsupported, Io.
WeightListing list_npz(const InputFile& file, std::span<const ZipMember> members);

}  // namespace headway

// The version of the library, and of those that it was built with, as `headway --version` prints them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace headway {

/// `major.minor.patch`.
std::string_view version();

/// What the library was built with: `fmt 9.1.0, OpenBLAS 0.3.21, ...`.
std::string_view library_versions();

}  // namespace headway

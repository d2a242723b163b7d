// The version of the library, as `headway --version` prints it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace headway {

/// `major.minor.patch`.
std::string_view version();

}  // namespace headway

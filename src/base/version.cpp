// SPDX-License-Identifier: Apache-2.0
#include "headway/base/version.hpp"

namespace headway {

std::string_view version() { return HEADWAY_VERSION; }
std::string_view library_versions() { return HEADWAY_LIBRARIES; }

}  // namespace headway

// The element types of GGUF by number.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/dtype.hpp"

#include <cstdint>
#include <string>

namespace headway {

struct GgufType {
    DType dtype = DType::Unknown;
    std::string unknown_name = {};  ///< what messages call it when it is Unknown: `Q8_K`, `type 99`
};
GgufType gguf_type(std::uint32_t number);

}  // namespace headway

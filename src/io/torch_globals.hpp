// The Python names that a checkpoint of tensors may have. Any other is refused.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/dtype.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace headway {

struct TorchGlobal {
    enum class Role : std::uint8_t {
        Storage,     ///< a storage of `dtype`
        Type,        ///< an element type
        Tensor,      ///< rebuilds a tensor of its storage's type
        TensorOf,    ///< rebuilds a tensor of a type that it is given, over bytes
        Parameter,   ///< wraps a tensor
        FromType,    ///< wraps a call that rebuilds a tensor
        Dictionary,  ///< an ordered dictionary
        Other        ///< holds no tensor, and says nothing to us
    };
    std::string_view module;
    std::string_view name;
    Role role = Role::Other;
    DType dtype = DType::Unknown;
    std::string_view dtype_name = {};  ///< of an Unknown dtype
    int bytes = 0;                     ///< of an element of an Unknown dtype
};

/// The index of a known name in the table, for PickleSource::find_global.
std::optional<std::int64_t> find_torch_global(std::string_view module, std::string_view name);
/// The entry of such an index.
const TorchGlobal& torch_global(std::int64_t index);

}  // namespace headway

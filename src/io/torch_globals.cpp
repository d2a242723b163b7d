// SPDX-License-Identifier: Apache-2.0
#include "io/torch_globals.hpp"

#include <algorithm>
#include <array>

namespace headway {
namespace {

using Role = TorchGlobal::Role;

constexpr auto globals = std::to_array<TorchGlobal>({
    {"torch", "FloatStorage", Role::Storage, DType::F32},
    {"torch", "HalfStorage", Role::Storage, DType::F16},
    {"torch", "BFloat16Storage", Role::Storage, DType::BF16},
    {"torch", "DoubleStorage", Role::Storage, DType::F64},
    {"torch", "LongStorage", Role::Storage, DType::I64},
    {"torch", "IntStorage", Role::Storage, DType::I32},
    {"torch", "ShortStorage", Role::Storage, DType::I16},
    {"torch", "CharStorage", Role::Storage, DType::I8},
    {"torch", "ByteStorage", Role::Storage, DType::U8},
    {"torch", "BoolStorage", Role::Storage, DType::Bool},
    {"torch", "ComplexFloatStorage", Role::Storage, DType::C64},
    {"torch", "ComplexDoubleStorage", Role::Storage, DType::Unknown, "complex128", 16},
    {"torch", "UntypedStorage", Role::Storage, DType::U8},
    {"torch.storage", "UntypedStorage", Role::Storage, DType::U8},

    {"torch", "float32", Role::Type, DType::F32},
    {"torch", "float16", Role::Type, DType::F16},
    {"torch", "bfloat16", Role::Type, DType::BF16},
    {"torch", "float64", Role::Type, DType::F64},
    {"torch", "int64", Role::Type, DType::I64},
    {"torch", "int32", Role::Type, DType::I32},
    {"torch", "int16", Role::Type, DType::I16},
    {"torch", "int8", Role::Type, DType::I8},
    {"torch", "uint8", Role::Type, DType::U8},
    {"torch", "uint16", Role::Type, DType::U16},
    {"torch", "uint32", Role::Type, DType::U32},
    {"torch", "uint64", Role::Type, DType::U64},
    {"torch", "bool", Role::Type, DType::Bool},
    {"torch", "float8_e4m3fn", Role::Type, DType::F8_E4M3},
    {"torch", "float8_e5m2", Role::Type, DType::F8_E5M2},
    {"torch", "float8_e4m3fnuz", Role::Type, DType::F8_E4M3FNUZ},
    {"torch", "float8_e5m2fnuz", Role::Type, DType::F8_E5M2FNUZ},
    {"torch", "float8_e8m0fnu", Role::Type, DType::F8_E8M0},
    {"torch", "complex32", Role::Type, DType::Unknown, "complex32", 4},
    {"torch", "complex64", Role::Type, DType::C64},
    {"torch", "complex128", Role::Type, DType::Unknown, "complex128", 16},

    {"torch._utils", "_rebuild_tensor", Role::Tensor},
    {"torch._utils", "_rebuild_tensor_v2", Role::Tensor},
    {"torch._utils", "_rebuild_tensor_v3", Role::TensorOf},
    {"torch._utils", "_rebuild_parameter", Role::Parameter},
    {"torch._utils", "_rebuild_parameter_with_state", Role::Parameter},
    {"torch._tensor", "_rebuild_from_type_v2", Role::FromType},
    {"collections", "OrderedDict", Role::Dictionary},
    {"collections", "defaultdict", Role::Dictionary},

    {"torch", "Size"},
    {"torch", "Tensor"},
    {"torch", "device"},
    {"torch._tensor", "Tensor"},
    {"torch.nn.parameter", "Parameter"},
    {"torch.nn.parameter", "Buffer"},
    {"collections", "Counter"},
    {"builtins", "set"},
    {"builtins", "frozenset"},
    {"builtins", "dict"},
    {"builtins", "list"},
    {"builtins", "int"},
    {"builtins", "float"},
    {"builtins", "complex"},
    {"builtins", "bytearray"},
    {"__builtin__", "set"},
    {"__builtin__", "dict"},
    {"__builtin__", "list"},
    {"argparse", "Namespace"},
    {"pathlib", "PosixPath"},
    {"_codecs", "encode"},
    {"numpy", "dtype"},
    {"numpy", "ndarray"},
    {"numpy.core.multiarray", "scalar"},
    {"numpy.core.multiarray", "_reconstruct"},
    {"numpy._core.multiarray", "scalar"},
    {"numpy._core.multiarray", "_reconstruct"},
});

}  // namespace

std::optional<std::int64_t> find_torch_global(std::string_view module, std::string_view name) {
    if (module == "torch.cuda" && name.ends_with("Storage")) module = "torch";  // where the tensor was
    const auto found = std::ranges::find_if(
        globals, [&](const TorchGlobal& global) { return global.module == module && global.name == name; });
    if (found == globals.end()) return std::nullopt;
    return found - globals.begin();
}

const TorchGlobal& torch_global(std::int64_t index) { return globals.at(static_cast<std::size_t>(index)); }

}  // namespace headway

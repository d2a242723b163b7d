// A tensor as PyTorch's pickle describes it: a view of a storage that is kept outside the pickle.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/weight_files.hpp"
#include "io/pickle.hpp"

#include <cstdint>
#include <string>

namespace headway {

/// A storage, by the key under which the file has it.
struct TorchStorage {
    std::string key;
    std::uint64_t element_bytes = 1;
    std::uint64_t first =
        0;  ///< element of the storage where this begins: old files have storages inside storages
};

struct TorchTensor {
    StoredTensor tensor;  ///< without name and place
    TorchStorage storage;
    std::uint64_t element_bytes = 1;
    std::uint64_t first = 0;  ///< its first element, counted from the beginning of the storage
};

/// Whether the value is a call that rebuilds a tensor.
bool is_torch_tensor(const Pickle& pickle, const PickleValue& value);

/// The tensor; `where` begins messages. Throws Error(Malformed).
TorchTensor read_torch_tensor(const Pickle& pickle, const PickleValue& call, const std::string& where);

/// The storage that a Persistent value names. Throws Error(Malformed).
TorchStorage read_torch_storage(const Pickle& pickle, const PickleValue& persistent,
                                const std::string& where);

/// Puts a tensor into its storage, which has `storage_bytes` from `offset` on; gives row-major tensors no
/// strides. Throws Error: Malformed when it does not lie in it, Limit when it repeats a small storage
/// beyond 1 GiB.
StoredTensor placed(TorchTensor view, std::uint64_t offset, std::uint64_t storage_bytes,
                    const std::string& where);

}  // namespace headway

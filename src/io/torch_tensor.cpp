// SPDX-License-Identifier: Apache-2.0
#include "io/torch_tensor.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "io/sizes.hpp"
#include "io/torch_globals.hpp"

#include <algorithm>
#include <utility>

namespace headway {
namespace {

using Kind = PickleValue::Kind;
using Role = TorchGlobal::Role;
using Refs = std::vector<std::uint32_t>;

constexpr std::size_t highest_rank = 8;

template <class... Args>
[[noreturn]] void malformed_tensor(fmt::format_string<Args...> message, Args&&... args) {
    throw Error(ErrorKind::Malformed, fmt::format(message, std::forward<Args>(args)...));
}

Role role_of(const PickleValue& value) {
    return value.kind == Kind::Global ? torch_global(value.integer).role : Role::Other;
}

std::uint64_t bytes_of_element(const TorchGlobal& type) {
    const int known = block_size(type.dtype).bytes;
    return static_cast<std::uint64_t>(known > 0 ? known : type.bytes);
}

// Arguments of a call, each of a kind that is demanded.
class Arguments {
public:
    Arguments(const Pickle& pickle, const Refs& values, const std::string& where)
        : pickle_(pickle), values_(values), where_(where) {}

    const PickleValue& at(std::size_t index, Kind kind, std::string_view what) const {
        if (index >= values_.size()) malformed_tensor("{} has no {}", where_, what);
        const PickleValue& value = pickle_.at(values_[index]);
        if (value.kind != kind) malformed_tensor("{} has a {} of the wrong kind", where_, what);
        return value;
    }

    std::uint64_t count(std::size_t index, std::string_view what) const {
        const std::int64_t value = at(index, Kind::Integer, what).integer;
        if (value < 0) malformed_tensor("{} has {} {}, expected at least 0", where_, what, value);
        return static_cast<std::uint64_t>(value);
    }

    std::vector<std::int64_t> counts(std::size_t index, std::string_view what) const {
        const Refs& parts = at(index, Kind::Tuple, what).parts;
        if (parts.size() > highest_rank) {
            malformed_tensor("{} has {} dimensions, expected at most {}", where_, parts.size(), highest_rank);
        }
        const Arguments elements(pickle_, parts, where_);
        std::vector<std::int64_t> values;
        for (std::size_t i = 0; i < parts.size(); ++i)
            values.push_back(static_cast<std::int64_t>(elements.count(i, what)));
        return values;
    }

    const TorchGlobal& global(std::size_t index, Role role, std::string_view what) const {
        const TorchGlobal& global = torch_global(at(index, Kind::Global, what).integer);
        if (global.role != role) malformed_tensor("{} has a {} of the wrong kind", where_, what);
        return global;
    }

private:
    const Pickle& pickle_;
    const Refs& values_;
    const std::string& where_;
};

struct Rebuild {
    Role role = Role::Other;
    const Refs* arguments = nullptr;
};

// The call that makes the tensor itself, out of those that wrap it.
Rebuild unwrapped(const Pickle& pickle, const PickleValue* call, const std::string& where) {
    for (int depth = 0; depth < 8 && call->kind == Kind::Call; ++depth) {
        const Role role = role_of(pickle.at(call->parts[0]));
        const Refs& values = pickle.at(call->parts[1]).parts;
        if (role == Role::Tensor || role == Role::TensorOf) return {role, &values};
        const Arguments arguments(pickle, values, where);
        if (role == Role::FromType) {
            const Role inner = role_of(arguments.at(0, Kind::Global, "function that rebuilds it"));
            const Refs& given = arguments.at(2, Kind::Tuple, "arguments").parts;
            if (inner == Role::Tensor || inner == Role::TensorOf) return {inner, &given};
            if (inner != Role::Parameter) break;
            call = &Arguments(pickle, given, where).at(0, Kind::Call, "tensor");
        } else if (role == Role::Parameter) {
            call = &arguments.at(0, Kind::Call, "tensor");
        } else {
            break;
        }
    }
    malformed_tensor("{} is rebuilt from no tensor", where);
}

bool is_row_major(const StoredTensor& tensor) {
    std::int64_t expected = 1;
    for (std::size_t i = tensor.shape.size(); i-- > 0;) {
        if (tensor.shape[i] != 1 && tensor.strides[i] != expected) return false;
        expected *= tensor.shape[i];
    }
    return true;
}

// The furthest element of a view that has elements, counted from `first`; nothing beyond 2^64.
std::optional<std::uint64_t> last_element(const StoredTensor& tensor, std::uint64_t first) {
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
        std::uint64_t step = 0;
        const bool overflow = __builtin_mul_overflow(static_cast<std::uint64_t>(tensor.shape[i] - 1),
                                                     static_cast<std::uint64_t>(tensor.strides[i]), &step) ||
                              __builtin_add_overflow(first, step, &first);
        if (overflow) return std::nullopt;
    }
    return first;
}

}  // namespace

bool is_torch_tensor(const Pickle& pickle, const PickleValue& value) {
    if (value.kind != Kind::Call) return false;
    const Role role = role_of(pickle.at(value.parts[0]));
    return role == Role::Tensor || role == Role::TensorOf || role == Role::Parameter ||
           role == Role::FromType;
}

TorchStorage read_torch_storage(const Pickle& pickle, const PickleValue& persistent,
                                const std::string& where) {
    const PickleValue& id = pickle.at(persistent.parts[0]);
    if (id.kind != Kind::Tuple) malformed_tensor("{} has a storage without a description", where);
    const Arguments fields(pickle, id.parts, where);
    const std::string& what = fields.at(0, Kind::Text, "storage").text;
    if (what != "storage") malformed_tensor("{} has {} instead of a storage", where, quote(what));
    TorchStorage storage;
    storage.element_bytes = bytes_of_element(fields.global(1, Role::Storage, "storage type"));
    storage.key = fields.at(2, Kind::Text, "storage key").text;
    const bool is_view = id.parts.size() > 5 && pickle.at(id.parts[5]).kind == Kind::Tuple;
    if (is_view) {
        const Refs& view = pickle.at(id.parts[5]).parts;
        storage.first = Arguments(pickle, view, where).count(1, "storage offset");
    }
    return storage;
}

TorchTensor read_torch_tensor(const Pickle& pickle, const PickleValue& call, const std::string& where) {
    const Rebuild rebuild = unwrapped(pickle, &call, where);
    const Arguments arguments(pickle, *rebuild.arguments, where);
    TorchTensor view;
    const PickleValue& persistent = arguments.at(0, Kind::Persistent, "storage");
    view.storage = read_torch_storage(pickle, persistent, where);
    const Arguments storage(pickle, pickle.at(persistent.parts[0]).parts, where);
    const TorchGlobal& type = rebuild.role == Role::TensorOf
                                  ? arguments.global(6, Role::Type, "type")
                                  : storage.global(1, Role::Storage, "storage type");
    view.tensor.dtype = type.dtype;
    view.tensor.dtype_name = type.dtype_name;
    view.element_bytes = bytes_of_element(type);
    view.first = arguments.count(1, "offset");
    if (__builtin_add_overflow(view.first, view.storage.first, &view.first))
        malformed_tensor("{} has an offset beyond 2^64", where);
    view.tensor.shape = arguments.counts(2, "shape");
    view.tensor.strides = arguments.counts(3, "stride");
    if (view.tensor.strides.size() != view.tensor.shape.size()) {
        malformed_tensor("{} has {} strides for {} dimensions", where, view.tensor.strides.size(),
                         view.tensor.shape.size());
    }
    return view;
}

StoredTensor placed(TorchTensor view, std::uint64_t offset, std::uint64_t storage_bytes,
                    const std::string& where) {
    StoredTensor tensor = std::move(view.tensor);
    const auto elements = element_count(tensor.shape);
    const bool counted = elements && !__builtin_mul_overflow(*elements, view.element_bytes, &tensor.bytes);
    if (!counted)
        malformed_tensor("{} has shape {}: more than can be counted", where, shape_text(tensor.shape));
    tensor.offset = offset;
    if (*elements == 0) {
        tensor.strides.clear();
        return tensor;
    }
    const auto last = last_element(tensor, view.first);
    const std::uint64_t held = storage_bytes / view.element_bytes;
    if (!last || *last >= held) {
        malformed_tensor(
            "{} of shape {}, strides {} and offset {} does not lie in its storage of {} elements", where,
            shape_text(tensor.shape), shape_text(tensor.strides), view.first, held);
    }
    constexpr std::uint64_t most_repeated = std::uint64_t{1} << 30;
    require(tensor.bytes <= storage_bytes || tensor.bytes <= most_repeated, ErrorKind::Limit,
            "{} of shape {} repeats {} into {}", where, shape_text(tensor.shape), bytes_text(storage_bytes),
            bytes_text(tensor.bytes));
    tensor.offset += view.first * view.element_bytes;
    if (is_row_major(tensor)) tensor.strides.clear();
    return tensor;
}

}  // namespace headway

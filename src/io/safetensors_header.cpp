// SPDX-License-Identifier: Apache-2.0
#include "io/safetensors_header.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "io/element_formats.hpp"
#include "io/file_signature.hpp"
#include "io/json_members.hpp"
#include "io/sizes.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace headway {
namespace {

static_assert(std::endian::native == std::endian::little,
              "numbers are copied from little-endian files as they are");

constexpr std::uint64_t largest_header = 100'000'000;
constexpr std::uint64_t length_bytes = 8;
constexpr std::size_t highest_rank = 8;
constexpr double largest_integer = 281'474'976'710'655;  // 2^48 - 1, the format's own limit

template <class... Args>
[[noreturn]] void malformed(fmt::format_string<Args...> message, Args&&... args) {
    throw Error(ErrorKind::Malformed, fmt::format(message, std::forward<Args>(args)...));
}

// Reads the entries of one header.
class EntryReader {
public:
    explicit EntryReader(const std::string& shown) : shown_(shown) {}

    void take(std::string&& key, const Json& value) {
        if (key == "__metadata__") {
            if (std::exchange(metadata_seen_, true)) malformed("{}: has \"__metadata__\" twice", shown_);
            check_metadata(value);
            return;
        }
        StoredTensor tensor;
        tensor.name = std::move(key);
        read_fields(tensor, value);
        tensors_.push_back(std::move(tensor));
    }

    WeightListing finish() {
        WeightListing header;
        const auto warn = [&](const Oddity& oddity, std::string_view what) {
            if (oddity.count == 0) return;
            header.warnings.push_back(fmt::format("{}: {} tensor{} with {}, the first {}", shown_,
                                                  oddity.count, oddity.count == 1 ? "" : "s", what,
                                                  oddity.first));
        };
        warn(unknown_dtypes_, "a dtype that is not known");
        warn(unknown_fields_, "a field that is not known");
        header.tensors = std::move(tensors_);
        return header;
    }

private:
    // Something that is no error, counted so that it is told once.
    struct Oddity {
        std::size_t count = 0;
        std::string first;
        void note(const std::string& example) {
            if (count++ == 0) first = example;
        }
    };

    std::string where(const StoredTensor& tensor) const {
        return fmt::format("{}: tensor {}", shown_, quote(tensor.name));
    }

    void check_metadata(const Json& value) const {
        if (value.type() != Json::Type::Object) {
            malformed("{}: \"__metadata__\" is {}, expected an object of texts", shown_, value.shown());
        }
        for (const auto& [key, text] : value.members()) {
            if (text.type() == Json::Type::Text) continue;
            malformed("{}: \"__metadata__\" has {} for {}, expected a text", shown_, text.shown(),
                      quote(key));
        }
    }

    void read_fields(StoredTensor& tensor, const Json& value) {
        if (value.type() != Json::Type::Object) {
            malformed("{} is {}, expected an object", where(tensor), value.shown());
        }
        for (const std::string_view field : {"dtype", "shape", "data_offsets"}) {
            if (!value.contains(field)) malformed("{} has no {}", where(tensor), quote(field));
        }
        for (const std::string& key : value.keys()) {
            if (key == "dtype" || key == "shape" || key == "data_offsets") continue;
            unknown_fields_.note(fmt::format("{} with {}", quote(tensor.name), quote(key)));
        }
        read_dtype(tensor, value.at("dtype"));
        read_shape(tensor, value.at("shape"));
        read_offsets(tensor, value.at("data_offsets"));
        check_size(tensor);
    }

    void read_dtype(StoredTensor& tensor, const Json& value) {
        const bool is_text = value.type() == Json::Type::Text;
        if (is_text) tensor.dtype = safetensors_dtype(value.text());
        if (tensor.dtype != DType::Unknown) return;
        tensor.dtype_name = is_text ? value.text() : value.shown();
        unknown_dtypes_.note(fmt::format("{} with {}", quote(tensor.name), value.shown()));
    }

    std::uint64_t read_integer(const StoredTensor& tensor, std::string_view field, const Json& value) const {
        const bool integer = value.type() == Json::Type::Integer;
        if (integer && value.number() >= 0 && value.number() <= largest_integer) {
            return static_cast<std::uint64_t>(value.number());
        }
        malformed("{} has {} in its {}, expected an integer from 0 to 2^48 - 1", where(tensor), value.shown(),
                  field);
    }

    void read_shape(StoredTensor& tensor, const Json& value) const {
        if (value.type() != Json::Type::Array) {
            malformed("{} has shape {}, expected an array of integers", where(tensor), value.shown());
        }
        if (value.size() > highest_rank) {
            malformed("{} has {} dimensions, expected at most {}", where(tensor), value.size(), highest_rank);
        }
        for (std::size_t i = 0; i < value.size(); ++i) {
            tensor.shape.push_back(static_cast<std::int64_t>(read_integer(tensor, "shape", value.at(i))));
        }
    }

    void read_offsets(StoredTensor& tensor, const Json& value) const {
        const bool two = value.type() == Json::Type::Array && value.size() == 2;
        if (!two) malformed("{} has data_offsets {}, expected two integers", where(tensor), value.shown());
        const std::uint64_t begin = read_integer(tensor, "data_offsets", value.at(std::size_t{0}));
        const std::uint64_t end = read_integer(tensor, "data_offsets", value.at(std::size_t{1}));
        if (begin > end)
            malformed("{} has data_offsets [{}, {}], expected begin <= end", where(tensor), begin, end);
        tensor.offset = begin;
        tensor.bytes = end - begin;
    }

    void check_size(const StoredTensor& tensor) const {
        const std::optional<std::uint64_t> elements = element_count(tensor.shape);
        const auto in_block = static_cast<std::uint64_t>(block_size(tensor.dtype).elements);
        const std::string shape = shape_text(tensor.shape);
        if (elements && *elements % in_block != 0) {
            malformed("{} has shape {} of {}: {} elements, expected whole blocks of {}", where(tensor), shape,
                      dtype_name(tensor.dtype), *elements, in_block);
        }
        const std::optional<std::uint64_t> bytes =
            elements ? bytes_of(tensor.dtype, *elements) : std::nullopt;
        if (!bytes) malformed("{} has shape {}: more than 2^63 elements or 2^64 bytes", where(tensor), shape);
        if (tensor.dtype == DType::Unknown || *bytes == tensor.bytes) return;
        malformed("{} has shape {} of {}: expected {} bytes of data, got {}", where(tensor), shape,
                  dtype_name(tensor.dtype), *bytes, tensor.bytes);
    }

    const std::string& shown_;
    std::vector<StoredTensor> tensors_;
    bool metadata_seen_ = false;
    Oddity unknown_dtypes_;
    Oddity unknown_fields_;
};

// The tensors cover the data from the first byte to the last, each byte once.
void check_layout(std::vector<StoredTensor>& tensors, const std::string& shown, std::uint64_t data_bytes) {
    std::sort(tensors.begin(), tensors.end(), [](const StoredTensor& a, const StoredTensor& b) {
        return std::tie(a.offset, a.bytes, a.name) < std::tie(b.offset, b.bytes, b.name);
    });
    std::uint64_t covered = 0;
    const StoredTensor* before = nullptr;
    for (const StoredTensor& tensor : tensors) {
        if (tensor.offset < covered) {
            malformed("{}: tensor {} begins at byte {} of the data, inside tensor {}, which ends at {}",
                      shown, quote(tensor.name), tensor.offset, quote(before->name), covered);
        }
        if (tensor.offset > covered) {
            malformed(
                "{}: tensor {} begins at byte {} of the data, expected {}: the bytes between belong to none",
                shown, quote(tensor.name), tensor.offset, covered);
        }
        covered = tensor.offset + tensor.bytes;
        before = &tensor;
        if (covered <= data_bytes) continue;
        const std::uint64_t expected = tensors.back().offset + tensors.back().bytes;
        throw Error(
            ErrorKind::Malformed,
            fmt::format("{}: tensor {} ends at byte {} of the data, but there are {} and {} are missing",
                        shown, quote(tensor.name), covered, data_bytes, expected - data_bytes),
            "the file is truncated: copy or download it again");
    }
    if (covered < data_bytes) {
        malformed("{}: {} bytes behind the last tensor belong to none", shown, data_bytes - covered);
    }
}

[[noreturn]] void fail_as_other_format(const InputFile& file, std::string_view beginning,
                                       const std::string& problem) {
    const FileSignature* known = signature_of(beginning);
    if (known == nullptr) throw Error(ErrorKind::Malformed, fmt::format("{}: {}", file.shown(), problem));
    throw Error(ErrorKind::Malformed,
                fmt::format("{}: is no weights file: it looks like {}", file.shown(), known->what),
                std::string(known->hint));
}

}  // namespace

WeightListing parse_header(std::string_view json, const std::string& shown, std::uint64_t data_begin,
                           std::uint64_t file_size) {
    EntryReader entries(shown);
    constexpr std::size_t most_values = 1'000'000;  // of one entry; metadata may have many
    for_each_member(json,
                    {.shown = shown + ": header", .first_byte = length_bytes, .max_values = most_values},
                    [&](std::string key, const Json& value) { entries.take(std::move(key), value); });
    WeightListing header = entries.finish();
    sort_by_name(header.tensors, shown);
    check_layout(header.tensors, shown, file_size - data_begin);
    sort_by_name(header.tensors, shown);
    for (StoredTensor& tensor : header.tensors) tensor.offset += data_begin;
    return header;
}

WeightListing list_safetensors(const InputFile& file) {
    require(file.size() >= length_bytes + 2, ErrorKind::Malformed,
            "{}: the file has {} bytes, a safetensors file has at least 10", file.shown(), file.size());
    std::array<char, 40> beginning = {};
    const std::size_t known = std::min<std::uint64_t>(beginning.size(), file.size());
    file.read(0, std::as_writable_bytes(std::span(beginning).first(known)));
    const std::string_view first(beginning.data(), known);

    std::uint64_t length = 0;
    std::memcpy(&length, beginning.data(), length_bytes);
    const std::uint64_t left = file.size() - length_bytes;
    if (length < 2 || length > left) {
        fail_as_other_format(
            file, first,
            fmt::format("the header says it has {} bytes, expected from 2 to the {} left: truncated?", length,
                        left));
    }
    require(length <= largest_header, ErrorKind::Limit, "{}: the header has {} bytes, the limit is {}",
            file.shown(), length, largest_header);
    std::string json(length, '\0');
    file.read(length_bytes, std::as_writable_bytes(std::span(json)));
    const std::size_t brace = json.find_first_not_of(" \t\r\n");
    if (brace == std::string::npos || json[brace] != '{') {
        if (const FileSignature* other = signature_of(first); other != nullptr)
            fail_as_other_format(file, first, {});
    }
    return parse_header(json, file.shown(), length_bytes + length, file.size());
}

}  // namespace headway

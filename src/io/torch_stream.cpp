// The stream is five pickles (a magic number, a version, the writing system, the state, the keys of the
// storages), then each storage: the number of its elements in eight bytes, and the elements, always
// little-endian.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "io/torch_file.hpp"
#include "io/torch_globals.hpp"
#include "io/torch_state.hpp"

#include <array>
#include <map>

namespace headway {
namespace {

using Kind = PickleValue::Kind;
using namespace std::string_view_literals;

// Reads the pickles one after the other.
class Stream {
public:
    explicit Stream(const InputFile& file) : file_(file) {}

    Pickle next(std::string_view what) {
        const PickleSource source{
            .shown = fmt::format("{}: {}", file_.shown(), what),
            .begin = position_,
            .end = file_.size(),
            .read = [this](std::uint64_t offset, std::span<std::byte> out) { file_.read(offset, out); },
            .find_global = find_torch_global};
        Pickle pickle = read_pickle(source);
        position_ = pickle.end;
        return pickle;
    }

    std::uint64_t position() const { return position_; }

private:
    const InputFile& file_;
    std::uint64_t position_ = 0;
};

struct Place {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};

// Bytes of an element of each storage that the state names.
std::map<std::string, std::uint64_t> element_bytes(const Pickle& state, const std::string& shown) {
    std::map<std::string, std::uint64_t> widths;
    for (const PickleValue& value : state.values) {
        if (value.kind != Kind::Persistent) continue;
        const TorchStorage storage = read_torch_storage(state, value, shown);
        const auto known = widths.emplace(storage.key, storage.element_bytes).first;
        require(known->second == storage.element_bytes, ErrorKind::Malformed,
                "{}: storage {} has elements of {} and of {} bytes", shown, quote(storage.key), known->second,
                storage.element_bytes);
    }
    return widths;
}

// Passes the storages in the order of their keys.
std::map<std::string, Place> places_of(const InputFile& file, const Pickle& state, const Pickle& keys) {
    const auto widths = element_bytes(state, file.shown());
    std::map<std::string, Place> places;
    std::uint64_t position = keys.end;
    for (const std::uint32_t index : keys.at(keys.root).parts) {
        const std::string& key = keys.at(index).text;
        const auto width = widths.find(key);
        require(width != widths.end(), ErrorKind::Malformed, "{}: storage {} belongs to no tensor",
                file.shown(), quote(key));
        std::array<std::byte, 8> bytes = {};
        const bool has_count = file.size() - position >= bytes.size();
        if (has_count) file.read(position, bytes);
        std::uint64_t count = 0;
        for (std::size_t i = bytes.size(); i-- > 0;)
            count = count << 8 | std::to_integer<std::uint64_t>(bytes[i]);
        const std::uint64_t left = has_count ? file.size() - position - bytes.size() : 0;
        require(has_count && count <= left / width->second, ErrorKind::Malformed,
                "{}: storage {} has {} elements of {} bytes, but {} bytes are left: truncated?", file.shown(),
                quote(key), count, width->second, left);
        position += bytes.size();
        const bool first = places.emplace(key, Place{position, count * width->second}).second;
        require(first, ErrorKind::Malformed, "{}: has storage {} twice", file.shown(), quote(key));
        position += count * width->second;
    }
    return places;
}

}  // namespace

WeightListing list_torch_stream(const InputFile& file) {
    constexpr std::string_view magic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv;
    constexpr std::int64_t version = 1001;
    Stream stream(file);
    const Pickle first = stream.next("first pickle");
    const bool is_torch = first.at(first.root).text == magic;
    require(is_torch, ErrorKind::Unsupported, "{}: is a Python pickle, but not one of PyTorch's",
            file.shown());
    const Pickle second = stream.next("version");
    const std::int64_t found = second.at(second.root).integer;
    require(found == version, ErrorKind::Unsupported, "{}: has version {}, expected {}", file.shown(), found,
            version);
    stream.next("system");
    const Pickle pickle = stream.next("state");
    const Pickle keys = stream.next("storage keys");
    require(keys.at(keys.root).kind == Kind::List, ErrorKind::Malformed, "{}: has no list of storages",
            file.shown());

    TorchState state = read_torch_state(pickle, file.shown());
    const auto places = places_of(file, pickle, keys);
    WeightListing listing;
    for (NamedTorchTensor& tensor : state.tensors) {
        const std::string where = fmt::format("{}: tensor {}", file.shown(), quote(tensor.name));
        const std::string& key = tensor.view.storage.key;
        const auto place = places.find(key);
        require(place != places.end(), ErrorKind::Malformed,
                "{} wants storage {}, which the file does not have", where, quote(key));
        StoredTensor stored =
            placed(std::move(tensor.view), place->second.offset, place->second.bytes, where);
        stored.name = std::move(tensor.name);
        listing.tensors.push_back(std::move(stored));
    }
    listing.warnings = std::move(state.warnings);
    return listing;
}

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "io/torch_file.hpp"
#include "io/torch_globals.hpp"
#include "io/torch_state.hpp"

#include <algorithm>
#include <map>

namespace headway {
namespace {

constexpr std::string_view pickle_name = "data.pkl";

bool is_pickle(std::string_view name) {
    return name == pickle_name || (name.ends_with(pickle_name) && name.ends_with("/data.pkl"));
}

// The archive's members by name without the folder that all of them are in.
class Archive {
public:
    Archive(const InputFile& file, std::span<const ZipMember> members) : file_(file) {
        const auto pickle = std::ranges::find_if(members, is_pickle, &ZipMember::name);
        const std::string_view folder =
            std::string_view(pickle->name).substr(0, pickle->name.size() - pickle_name.size());
        for (const ZipMember& member : members) {
            if (!member.name.starts_with(folder)) continue;
            const bool first = members_.emplace(member.name.substr(folder.size()), &member).second;
            require(first, ErrorKind::Malformed, "{}: has member {} twice", file.shown(), quote(member.name));
        }
    }

    const ZipMember* find(std::string_view name) const {
        const auto found = members_.find(name);
        return found == members_.end() ? nullptr : found->second;
    }

    std::string read(const ZipMember& member) const {
        constexpr std::uint64_t longest = 100'000'000;
        require(member.bytes <= longest, ErrorKind::Limit, "{}: member {} has {} bytes, the limit is {}",
                file_.shown(), quote(member.name), member.bytes, longest);
        const std::vector<std::byte> bytes = read_zip_member(file_, member);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

private:
    const InputFile& file_;
    std::map<std::string, const ZipMember*, std::less<>> members_;
};

bool is_big_endian(const Archive& archive, const std::string& shown) {
    const ZipMember* member = archive.find("byteorder");
    if (member == nullptr) return false;
    const std::string order = archive.read(*member);
    require(order == "little" || order == "big", ErrorKind::Malformed,
            "{}: has byte order {}, expected little or big", shown, quote(order));
    return order == "big";
}

Pickle read_state(const Archive& archive, const std::string& shown) {
    const std::string text = archive.read(*archive.find(pickle_name));
    const PickleSource source{.shown = fmt::format("{}: {}", shown, pickle_name),
                              .end = text.size(),
                              .read =
                                  [&](std::uint64_t offset, std::span<std::byte> out) {
                                      text.copy(reinterpret_cast<char*>(out.data()), out.size(), offset);
                                  },
                              .find_global = find_torch_global};
    return read_pickle(source);
}

// Where each storage begins: in the file, or in a member to be unpacked.
class Storages {
public:
    Storages(const InputFile& file, const Archive& archive, WeightListing& listing)
        : file_(file), archive_(archive), listing_(listing) {}

    StoredTensor place(NamedTorchTensor&& tensor) {
        const std::string where = fmt::format("{}: tensor {}", file_.shown(), quote(tensor.name));
        const Place& place = find(tensor.view.storage.key, where);
        StoredTensor stored = placed(std::move(tensor.view), place.offset, place.bytes, where);
        stored.name = std::move(tensor.name);
        stored.source = place.source;
        return stored;
    }

private:
    struct Place {
        std::size_t source = 0;
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
    };

    const Place& find(const std::string& key, const std::string& where) {
        const auto known = places_.find(key);
        if (known != places_.end()) return known->second;
        const ZipMember* member = archive_.find("data/" + key);
        require(member != nullptr, ErrorKind::Malformed, "{} wants storage {}, which the file does not have",
                where, quote(key));
        Place place{.bytes = member->bytes};
        if (member->deflated) {
            listing_.deflated.push_back(*member);
            place.source = listing_.deflated.size();
        } else {
            place.offset = zip_data_offset(file_, *member);
        }
        return places_.emplace(key, place).first->second;
    }

    const InputFile& file_;
    const Archive& archive_;
    WeightListing& listing_;
    std::map<std::string, Place> places_;
};

}  // namespace

bool is_torch_archive(std::span<const ZipMember> members) {
    return std::ranges::any_of(members, is_pickle, &ZipMember::name);
}

WeightListing list_torch_archive(const InputFile& file, std::span<const ZipMember> members) {
    const Archive archive(file, members);
    if (archive.find("constants.pkl") != nullptr) {
        throw Error(ErrorKind::Unsupported, fmt::format("{}: is a TorchScript program", file.shown()),
                    "save its tensors: torch.save(torch.jit.load(FILE).state_dict(), OTHER)");
    }
    const bool big_endian = is_big_endian(archive, file.shown());
    TorchState state = read_torch_state(read_state(archive, file.shown()), file.shown());
    WeightListing listing;
    Storages storages(file, archive, listing);
    for (NamedTorchTensor& tensor : state.tensors) {
        listing.tensors.push_back(storages.place(std::move(tensor)));
        listing.tensors.back().big_endian = big_endian;
    }
    listing.warnings = std::move(state.warnings);
    return listing;
}

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "io/byte_source.hpp"

#include "headway/base/error.hpp"

#include <algorithm>
#include <utility>

namespace headway {

ByteSource::ByteSource(std::filesystem::path file, const FileState& state, std::optional<ZipMember> deflated)
    : file_(std::move(file)), state_(state), deflated_(std::move(deflated)) {}

const std::vector<std::byte>& ByteSource::unpacked(const InputFile& file) const {
    const std::lock_guard lock(unpacking_);
    if (!unpacked_) unpacked_ = read_zip_member(file, *deflated_);
    return *unpacked_;
}

SourceReader::SourceReader(const ByteSource& source) : file_(source.file_), source_(&source) {
    file_.require_unchanged(source.state_);
    if (source.deflated_) unpacked_ = &source.unpacked(file_);
}

void SourceReader::read(std::uint64_t offset, std::span<std::byte> out) const {
    if (unpacked_ == nullptr) return file_.read(offset, out);
    const bool inside = offset <= unpacked_->size() && out.size() <= unpacked_->size() - offset;
    invariant(inside, "what is read of an archive's member lies in it");
    std::copy_n(unpacked_->begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
}

void SourceReader::finish() const { file_.require_unchanged(source_->state_); }

}  // namespace headway

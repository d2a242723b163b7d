// SPDX-License-Identifier: Apache-2.0
#include "contract/arena.hpp"

#include <algorithm>
#include <new>

#include "headway/base/error.hpp"

namespace headway {
namespace {

constexpr std::align_val_t kAlignment{Arena::alignment};

std::size_t round_up(std::size_t bytes) {
    const std::size_t least = std::max<std::size_t>(bytes, 1);
    invariant(least <= Arena::unlimited - Arena::alignment, "arena: size overflows");
    return (least + Arena::alignment - 1) / Arena::alignment * Arena::alignment;
}

}  // namespace

Arena::~Arena() {
    for (const auto& [bytes, buffer] : idle_) ::operator delete(buffer, kAlignment);
}

std::size_t Arena::in_use() const {
    const std::lock_guard lock(mutex_);
    return in_use_;
}

std::size_t Arena::peak() const {
    const std::lock_guard lock(mutex_);
    return peak_;
}

/// A kept buffer of `bytes` to a quarter more, or null; `bytes` becomes its size. Under a budget no more is handed
/// out than was asked for, so that what a program needs is what its shapes say.
void* Arena::take_idle(std::size_t& bytes) {
    const auto found = idle_.lower_bound(bytes);
    const std::size_t more = budget_ == unlimited ? bytes / 4 : 0;
    if (found == idle_.end() || found->first - bytes > more) return nullptr;
    bytes = found->first;
    void* const buffer = found->second;
    idle_.erase(found);
    idle_bytes_ -= bytes;
    return buffer;
}

/// Frees kept buffers, biggest first, until `bytes` more fit into the budget and the kept ones are no more
/// than those in use.
void Arena::make_room(std::size_t bytes) {
    const std::size_t wanted = in_use_ + bytes;
    while (!idle_.empty() && (idle_bytes_ > budget_ - wanted || idle_bytes_ > wanted)) {
        const auto biggest = std::prev(idle_.end());
        ::operator delete(biggest->second, kAlignment);
        idle_bytes_ -= biggest->first;
        idle_.erase(biggest);
    }
}

std::shared_ptr<void> Arena::take(std::size_t bytes) {
    std::size_t size = round_up(bytes);
    const std::lock_guard lock(mutex_);
    require(size <= budget_ - in_use_, ErrorKind::Limit,
            "memory: {} bytes more than the {} in use would pass the limit of {}", size, in_use_, budget_);
    void* buffer = take_idle(size);
    if (buffer == nullptr) {
        make_room(size);
        buffer = ::operator new(size, kAlignment, std::nothrow);
        require(buffer != nullptr, ErrorKind::Limit, "memory: the machine has no {} bytes more", size);
    }
    in_use_ += size;
    peak_ = std::max(peak_, in_use_ + idle_bytes_);
    return {buffer, [arena = shared_from_this(), size](void* p) { arena->give_back(p, size); }};
}

void Arena::give_back(void* buffer, std::size_t bytes) noexcept {
    const std::lock_guard lock(mutex_);
    in_use_ -= bytes;
    try {
        idle_.emplace(bytes, buffer);
        idle_bytes_ += bytes;
    } catch (...) {
        ::operator delete(buffer, kAlignment);
    }
}

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "io/strided_reader.hpp"

#include "headway/base/error.hpp"
#include "io/element_formats.hpp"

#include <algorithm>
#include <cstring>

namespace headway {
namespace {

struct Axis {
    std::uint64_t extent = 1;
    std::uint64_t stride = 0;  // in the source, in elements
    std::uint64_t step = 0;    // among the elements asked for
};

// Elements at `source + Σ i_a stride_a`, which go to `first + Σ i_a step_a`.
struct Box {
    std::uint64_t source = 0;
    std::uint64_t first = 0;
    std::vector<Axis> axes = {};
};

// Cuts a range of a tensor's elements into boxes: what is left of a row, whole rows, the beginning of a row.
class BoxCutter {
public:
    BoxCutter(const StoredTensor& tensor, std::vector<Box>& boxes) : boxes_(boxes) {
        std::uint64_t inner = 1;
        axes_.resize(tensor.shape.size());
        for (std::size_t i = axes_.size(); i-- > 0;) {
            const auto extent = static_cast<std::uint64_t>(tensor.shape[i]);
            axes_[i] = {extent, static_cast<std::uint64_t>(tensor.strides[i]), inner};
            inner *= extent;
        }
    }

    // The elements [from, from + count) of those behind the axes before `axis`.
    void cut(std::size_t axis, std::uint64_t from, std::uint64_t count, Box at) {
        if (axis == axes_.size()) return boxes_.push_back(std::move(at));
        const auto [extent, stride, inner] = axes_[axis];
        while (count > 0) {
            Box piece = at;
            piece.source += from / inner * stride;
            const std::uint64_t within = from % inner;
            const std::uint64_t whole = within == 0 ? count / inner : 0;
            const std::uint64_t taken = whole > 0 ? whole * inner : std::min(count, inner - within);
            if (whole > 0) {
                piece.axes.assign(axes_.begin() + static_cast<std::ptrdiff_t>(axis), axes_.end());
                piece.axes.front().extent = whole;
                boxes_.push_back(std::move(piece));
            } else {
                cut(axis + 1, within, taken, std::move(piece));
            }
            from += taken;
            count -= taken;
            at.first += taken;
        }
    }

private:
    std::vector<Box>& boxes_;
    std::vector<Axis> axes_;  // of the whole tensor
};

// A piece of the source in memory, which moves forward; small after a jump, large when it goes on.
class Window {
public:
    Window(const SourceReader& source, std::uint64_t end) : source_(source), end_(end) {}

    const std::byte* at(std::uint64_t offset, std::uint64_t bytes) {
        const bool inside = offset >= begin_ && offset + bytes <= begin_ + bytes_.size();
        if (!inside) load(offset, bytes);
        return bytes_.data() + (offset - begin_);
    }

private:
    void load(std::uint64_t offset, std::uint64_t bytes) {
        constexpr std::uint64_t small = std::uint64_t{1} << 12;
        constexpr std::uint64_t large = std::uint64_t{1} << 18;
        const std::uint64_t end = begin_ + bytes_.size();
        const bool goes_on = offset >= begin_ && offset <= end + small;
        invariant(offset <= end_ && bytes <= end_ - offset, "a view lies in what holds it");
        bytes_.resize(std::min(std::max(bytes, goes_on ? large : small), end_ - offset));
        source_.read(offset, bytes_);
        begin_ = offset;
    }

    const SourceReader& source_;
    std::uint64_t end_;  // nothing behind it is read
    std::uint64_t begin_ = 0;
    std::vector<std::byte> bytes_;
};

class BoxReader {
public:
    BoxReader(const SourceReader& source, const StoredTensor& tensor, std::uint64_t end,
              const std::function<void(const StoredRun&)>& visit)
        : window_(source, end),
          tensor_(tensor),
          width_(static_cast<std::uint64_t>(element_format(tensor.dtype).bytes)),
          visit_(visit) {}

    void read(Box box) {
        // The axis with the smallest stride runs fastest, so that the source is passed forward.
        std::ranges::stable_sort(box.axes, std::ranges::greater{}, &Axis::stride);
        Axis inner;
        if (!box.axes.empty()) {
            inner = box.axes.back();
            box.axes.pop_back();
        }
        std::vector<std::uint64_t> index(box.axes.size(), 0);
        do read_runs(box.source, box.first, inner);
        while (advance(box, index));
    }

private:
    // Moves the box's corner to the next index of its outer axes; false behind the last.
    static bool advance(Box& box, std::vector<std::uint64_t>& index) {
        for (std::size_t i = index.size(); i-- > 0;) {
            const Axis& axis = box.axes[i];
            box.source += axis.stride;
            box.first += axis.step;
            if (++index[i] < axis.extent) return true;
            box.source -= axis.extent * axis.stride;
            box.first -= axis.extent * axis.step;
            index[i] = 0;
        }
        return false;
    }

    void read_runs(std::uint64_t source, std::uint64_t first, const Axis& axis) {
        constexpr std::uint64_t longest = 4096;
        const auto swap = element_format(tensor_.dtype).swap;
        for (std::uint64_t done = 0; done < axis.extent; done += longest) {
            const std::uint64_t count = std::min(longest, axis.extent - done);
            codes_.resize(count * width_);
            for (std::uint64_t i = 0; i < count; ++i) {
                const std::uint64_t element = source + (done + i) * axis.stride;
                std::memcpy(codes_.data() + i * width_, window_.at(tensor_.offset + element * width_, width_),
                            width_);
            }
            if (tensor_.big_endian && swap != nullptr) swap(codes_.data(), count);
            visit_({.codes = codes_, .count = count, .first = first + done * axis.step, .step = axis.step});
        }
    }

    Window window_;
    const StoredTensor& tensor_;
    std::uint64_t width_;
    const std::function<void(const StoredRun&)>& visit_;
    std::vector<std::byte> codes_;
};

}  // namespace

void read_strided(const SourceReader& source, const StoredTensor& tensor, std::uint64_t first,
                  std::uint64_t count, const std::function<void(const StoredRun&)>& visit) {
    const ElementFormat& format = element_format(tensor.dtype);
    invariant(format.elements == 1 && tensor.strides.size() == tensor.shape.size(),
              "a view has a stride for each axis, over single elements");
    if (count == 0) return;
    std::uint64_t last = 0;  // the furthest element
    for (std::size_t i = 0; i < tensor.shape.size(); ++i)
        last +=
            static_cast<std::uint64_t>(tensor.shape[i] - 1) * static_cast<std::uint64_t>(tensor.strides[i]);
    const std::uint64_t end = tensor.offset + (last + 1) * static_cast<std::uint64_t>(format.bytes);
    std::vector<Box> boxes;
    BoxCutter(tensor, boxes).cut(0, first, count, {});
    BoxReader reader(source, tensor, end, visit);
    for (Box& box : boxes) reader.read(std::move(box));
}

}  // namespace headway

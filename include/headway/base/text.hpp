// Small text: strings made safe for a one-line message, "did you mean", sizes in bytes as people write them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace headway {

/// `text` as it may appear in a message or on a terminal: control, bidirectional and invalid bytes are
/// C-escaped, the result is cut at `max_bytes` with "..." behind. Valid printable UTF-8 stays. Different
/// texts that are not cut stay different.
std::string escaped(std::string_view text, std::size_t max_bytes = 200);

/// `escaped` in double quotes: the one way to show a foreign name.
std::string quote(std::string_view text, std::size_t max_bytes = 200);

/// A shape as messages show it: `[4, 32, 8]`.
std::string shape_text(std::span<const std::int64_t> shape);

/// The candidate with the smallest edit distance (a swap of neighbours counts once) to `word`, the first of
/// equals; empty when none is near: more than a third of the longer word differs.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

/// Reads `4G`, `512M`, `1.5GiB`, `100k`, `4096` or `64B`: powers of 1024. Throws Error(Usage) that shows the
/// text.
std::uint64_t parse_bytes(std::string_view text);

/// `4 GiB`, `1.5 MiB`, `640 bytes`: three digits at most behind the point, none that say nothing.
std::string bytes_text(std::uint64_t bytes);

}  // namespace headway

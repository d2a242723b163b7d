// Text of a picture: words with a subscript and a superscript set one above the other, and the one function
// that makes any string, whatever model or file it comes from, safe and unambiguous to show.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// A word with optional scripts: `W` with sub `OV` and sup `L1H4`.
struct Atom {
    std::string base;
    std::string sub;
    std::string sup;
    bool operator==(const Atom&) const = default;
};

/// A run of atoms on one line.
using Words = std::vector<Atom>;

/// One atom without scripts.
Words plain(std::string_view words);

/// The string as it is shown: one line of visible characters, at most `limit` code points (then a mark and a
/// digest follow). Invalid bytes appear as `\xNN`, controls, bidirectional and invisible characters as `\n`,
/// `\u{202e}`, a backslash as `\\`, spaces that would not be seen as U+2423. Different strings are shown
/// differently.
std::string shown(std::string_view text, std::size_t limit = 120);

/// Text of our own, or text that is `shown` already, as a file may hold it: bytes that are no UTF-8, controls
/// and invisible characters as `shown` has them, everything else as it is. Twice is the same as once.
std::string printable(std::string_view text);

/// Width in points of `text` as it is shown in DejaVu Sans of `size` points.
double text_width(std::string_view text, double size);

/// Width in points of a line; scripts are set at 0.65 of the size, stacked.
double text_width(const Words& text, double size);

}  // namespace headway

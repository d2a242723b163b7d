// Reading one line of the text form from left to right: words, numbers, indices, the tags behind names.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/network/index.hpp"

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// One line of text and a place in it. Whatever cannot be read is an Error(Usage) with line and column.
class Cursor {
public:
    Cursor(std::string_view text, int line) : text_(text), line_(line) {}

    [[noreturn]] void fail(const std::string& what) const {
        throw Error(ErrorKind::Usage,
                    fmt::format("network text, line {}, column {}: {}", line_, at_ + 1, what));
    }
    void expect_that(bool holds, const std::string& what) const {
        if (!holds) fail(what);
    }
    void blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    }
    bool done() {
        blanks();
        return at_ == text_.size();
    }
    char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    bool take(std::string_view what) {
        blanks();
        if (text_.substr(at_, what.size()) != what) return false;
        at_ += what.size();
        return true;
    }
    void expect(std::string_view what) {
        if (!take(what))
            fail(fmt::format("expected \"{}\", got {}", what,
                             done() ? std::string("the end") : quote(text_.substr(at_, 12))));
    }
    std::string word() {
        blanks();
        const std::size_t start = at_;
        while (letter_or_digit(peek()) || peek() == '_' || peek() == '.') ++at_;
        return std::string(text_.substr(start, at_ - start));
    }
    template <class Number>
    Number number(const char* what) {
        blanks();
        Number value{};
        const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
        expect_that(error == std::errc{}, fmt::format("expected {}", what));
        at_ = static_cast<std::size_t>(end - text_.data());
        return value;
    }
    /// The same line from `begin` to `end`.
    Cursor part(std::size_t begin, std::size_t end) const {
        Cursor result(text_.substr(0, end), line_);
        result.at_ = begin;
        return result;
    }
    std::size_t place() const { return at_; }
    void back(std::size_t place) { at_ = place; }

private:
    static bool letter_or_digit(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }

    std::string_view text_;
    int line_;
    std::size_t at_ = 0;
};

/// `[L0]`, `[L0H3]`, `[L0G1]`, `[L0-11]` behind a name; layer -1 when there is none.
struct Tag {
    int layer = -1, last = -1, head = -1, group = -1;
    bool one_head() const { return head >= 0 || group >= 0; }
};

/// Reads a tag where one follows.
Tag take_tag(Cursor& in);

/// Reads `q1`: its first letter tells the space.
Index parse_index(Cursor& in);

/// Reads `[q,k]`; no indices where no bracket follows.
std::vector<Index> parse_indices(Cursor& in);

}  // namespace headway

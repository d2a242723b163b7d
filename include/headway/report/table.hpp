// Tables: every result that a command prints is one, with a caption that says what it is, and the same rows
// in every format.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace headway {

enum class ColumnKind { Text, Integer, Number };

struct Column {
    std::string name;
    ColumnKind kind = ColumnKind::Number;
    int decimals = 4;     ///< of a number in text and Markdown; the other formats write all digits
    bool detail = false;  ///< left out of text and Markdown
    bool safe = false;    ///< text that is safe already, as shown tokens are: not escaped again
};

/// Nothing (absent), text, an integer, or a number; a number that is not finite is an undefined one.
using Cell = std::variant<std::monostate, std::string, std::int64_t, double>;

struct Table {
    /// What the rows are: formula, baseline, foldings, filters. One sentence a line.
    std::vector<std::string> caption;
    std::vector<Column> columns;
    std::vector<std::vector<Cell>> rows;

    /// Index of the column of that name. Throws Error(Usage) with the nearest name.
    std::size_t column(std::string_view name) const;
};

/// Caption, then columns aligned by spaces: numbers rounded and flush right. Foreign text is escaped.
std::string to_text(const Table& table);

/// RFC 4180 with a header line, numbers as the shortest text that reads back to the same bits, `nan` where
/// undefined. A text that a spreadsheet would take for a formula gets a `'` in front. Ends lines with \n.
std::string to_csv(const Table& table);
/// The same cells between tabs; tabs and line ends inside a text become `\t`, `\n`.
std::string to_tsv(const Table& table);

/// The caption and a pipe table.
std::string to_markdown(const Table& table);

/// One object a row, on a line of its own; undefined numbers are null.
std::string to_jsonl(const Table& table);

}  // namespace headway

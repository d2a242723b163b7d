// SPDX-License-Identifier: Apache-2.0
#include "headway/report/table.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "report/cell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace headway {

namespace {

// Width in columns of a terminal: code points. Escaping has left no control characters.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

std::vector<std::size_t> shown_columns(const Table& table) {
    std::vector<std::size_t> shown;
    for (std::size_t i = 0; i < table.columns.size(); ++i)
        if (!table.columns[i].detail) shown.push_back(i);
    return shown;
}

// Header and rows as they are shown.
std::vector<std::vector<std::string>> shown_cells(const Table& table,
                                                  const std::vector<std::size_t>& columns) {
    std::vector<std::vector<std::string>> lines(1);
    for (const std::size_t i : columns) lines.front().push_back(table.columns[i].name);
    for (const std::vector<Cell>& row : table.rows) {
        std::vector<std::string>& line = lines.emplace_back();
        for (const std::size_t i : columns) line.push_back(shown_cell(row[i], table.columns[i]));
    }
    return lines;
}

std::string aligned(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths,
                    const std::vector<bool>& flush_left) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::string blanks(widths[i] - width(cells[i]), ' ');
        line += (i == 0 ? "" : "  ") + (flush_left[i] ? cells[i] + blanks : blanks + cells[i]);
    }
    return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

// In Markdown every character that could begin markup is a reference.
std::string markdown_escaped(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (std::string_view("\\`*_{}[]<>&|#!~$").find(c) == std::string_view::npos)
            result += c;
        else
            result += fmt::format("&#{};", static_cast<int>(c));
    }
    return result;
}

}  // namespace

std::size_t Table::column(std::string_view name) const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].name == name) return i;
        names.push_back(columns[i].name);
    }
    const std::string near = nearest(name, names);
    throw Error(ErrorKind::Usage, fmt::format("there is no column {}", quote(name)),
                near.empty() ? fmt::format("the columns are {}", fmt::join(names, ", "))
                             : fmt::format("did you mean {}?", near));
}

std::string to_text(const Table& table) {
    const std::vector<std::size_t> columns = shown_columns(table);
    const std::vector<std::vector<std::string>> lines = shown_cells(table, columns);
    std::vector<std::size_t> widths(columns.size(), 0);
    std::vector<bool> flush_left;
    for (const std::size_t i : columns) flush_left.push_back(table.columns[i].kind == ColumnKind::Text);
    for (const std::vector<std::string>& line : lines)
        for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));
    std::string text;
    for (const std::string& line : table.caption) text += line + "\n";
    if (!table.caption.empty()) text += "\n";
    for (const std::vector<std::string>& line : lines) text += aligned(line, widths, flush_left);
    return text;
}

std::string to_markdown(const Table& table) {
    const std::vector<std::size_t> columns = shown_columns(table);
    std::string text;
    for (const std::string& line : table.caption) text += markdown_escaped(line) + "\n";
    if (!table.caption.empty()) text += "\n";
    bool header = true;
    for (const std::vector<std::string>& line : shown_cells(table, columns)) {
        for (const std::string& cell : line) text += "| " + markdown_escaped(cell) + " ";
        text += "|\n";
        if (!std::exchange(header, false)) continue;
        for (const std::size_t i : columns)
            text += table.columns[i].kind == ColumnKind::Text ? "| --- " : "| ---: ";
        text += "|\n";
    }
    return text;
}

}  // namespace headway

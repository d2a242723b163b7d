// Comma- and tab-separated values.
// SPDX-License-Identifier: Apache-2.0
#include "headway/report/table.hpp"
#include "report/cell.hpp"

namespace headway {

namespace {

// A spreadsheet runs a cell that begins so as a formula.
std::string guarded(const std::string& text) {
    const bool formula =
        !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
    return formula ? "'" + text : text;
}

std::string csv_cell(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
}

std::string tsv_cell(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (c == '\t')
            result += "\\t";
        else if (c == '\n')
            result += "\\n";
        else if (c == '\r')
            result += "\\r";
        else if (c == '\\')
            result += "\\\\";
        else
            result += c;
    }
    return result;
}

std::string separated(const Table& table, char separator, std::string (*cell_text)(const std::string&)) {
    std::string text;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (i > 0) text += separator;
        text += cell_text(guarded(table.columns[i].name));
    }
    text += '\n';
    for (const std::vector<Cell>& row : table.rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i > 0) text += separator;
            const std::string full = full_cell(row[i]);
            text += cell_text(std::holds_alternative<std::string>(row[i]) ? guarded(full) : full);
        }
        text += '\n';
    }
    return text;
}

}  // namespace

std::string to_csv(const Table& table) { return separated(table, ',', csv_cell); }
std::string to_tsv(const Table& table) { return separated(table, '\t', tsv_cell); }

}  // namespace headway

// A result with where it comes from: the model, how it was folded, the options. As JSON it is
// `{schema, tool, model, options, approximations, data}`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/npy.hpp"
#include "headway/model/model.hpp"
#include "headway/report/table.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headway {

enum class Format { Text, Csv, Tsv, Json, Jsonl, Markdown, Npz, Svg };

/// `table`, `csv`, `tsv`, `json`, `jsonl`, `md`, `npz`, `svg`. Throws Error(Usage) with the nearest name.
Format parse_format(std::string_view name);
/// The format of a file by its extension (`.txt` is a table); nothing for others.
std::optional<Format> format_of(const std::filesystem::path& file);

struct Result {
    std::string command;                                       ///< `compose`
    std::optional<Model> model = std::nullopt;                 ///< what it is of
    std::vector<std::pair<std::string, std::string>> options;  ///< those that change the result
    Table table;
    /// What an .npz holds; filled only when asked for one. Without: the table's columns of numbers.
    std::vector<NpyArray> arrays = {};
    /// JSON text that stands for `data` instead of the table's caption and rows.
    std::string data = {};
    /// In JSON `data` is the list of the table's rows, and its caption stands beside it as `caption`.
    bool rows_are_data = false;
    /// In JSON the model has the SHA-256 of its files, which are read for it.
    bool hash = true;
    /// What an .svg holds: a plot (plot.hpp); filled only when asked for one.
    std::string picture = {};
};

/// The text of a result in any format but Npz. Throws Error(Usage) for Svg without a picture.
std::string to_text(const Result& result, Format format);

/// The columns of numbers of a table as arrays, NaN where a cell is empty: what an .npz holds when a result
/// has no arrays of its own.
std::vector<NpyArray> number_columns(const Table& table);

/// The sentences of a caption about a model: its name and sizes; what was folded.
std::vector<std::string> model_caption(const Model& model);

}  // namespace headway

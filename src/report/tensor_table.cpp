// SPDX-License-Identifier: Apache-2.0
#include "headway/report/tensor_table.hpp"

#include "headway/base/text.hpp"
#include "headway/io/tensor_statistics.hpp"

#include <fmt/format.h>

#include <array>

namespace headway {

namespace {

const char* word(TensorUse::Status status) {
    switch (status) {
        case TensorUse::Status::Consumed:
            return "consumed";
        case TensorUse::Status::Ignored:
            return "ignored";
        case TensorUse::Status::Unknown:
            return "unknown";
    }
    return "";
}

// What the tensor became, or why it became nothing.
std::string became(const TensorUse& use) {
    switch (use.status) {
        case TensorUse::Status::Consumed:
            return use.leaves;
        case TensorUse::Status::Ignored:
            return use.leaves.empty() ? "(no weight: a mask or a table)" : use.leaves;
        case TensorUse::Status::Unknown:
            return "(the architecture has no such tensor)";
    }
    return "";
}

Cell size_cell(std::uint64_t value) { return static_cast<std::int64_t>(value); }

Table empty_table() {
    Table table;
    table.columns = {{"tensor", ColumnKind::Text}, {"dtype", ColumnKind::Text},
                     {"shape", ColumnKind::Text},  {"bytes", ColumnKind::Integer},
                     {"status", ColumnKind::Text}, {"leaves", ColumnKind::Text}};
    return table;
}

}  // namespace

std::string tensor_counts(const std::vector<TensorUse>& tensors) {
    std::array<std::size_t, 3> count{};
    for (const TensorUse& use : tensors) ++count[static_cast<std::size_t>(use.status)];
    return fmt::format("{} consumed, {} ignored, {} unknown", count[0], count[1], count[2]);
}

Table tensor_rows(const Model& model, const WeightFiles* files) {
    Table table = empty_table();
    std::uint64_t all = 0;
    for (const TensorUse& use : model.description().tensors) {
        const StoredTensor* stored = files == nullptr ? nullptr : files->find(use.name);
        if (stored != nullptr) all += stored->bytes;
        table.rows.push_back({use.name, use.dtype, shape_text(use.shape),
                              stored == nullptr ? Cell() : size_cell(stored->bytes),
                              std::string(word(use.status)), became(use)});
    }
    table.caption.push_back(fmt::format("{}: {}{}.", escaped(model.name()),
                                        tensor_counts(model.description().tensors),
                                        files == nullptr ? "" : "; " + bytes_text(all)));
    return table;
}

Table tensor_rows(const WeightFiles& files) {
    Table table = empty_table();
    std::uint64_t all = 0;
    for (const StoredTensor& tensor : files.tensors()) {
        all += tensor.bytes;
        table.rows.push_back({tensor.name, std::string(tensor.type_name()), shape_text(tensor.shape),
                              size_cell(tensor.bytes), std::string("no model"), std::string()});
    }
    table.caption.push_back(fmt::format("{}: {} tensors; {}.", escaped(files.files().front().string()),
                                        files.tensors().size(), bytes_text(all)));
    return table;
}

void add_statistics(Table& rows, const WeightFiles& files, Progress* progress) {
    for (const StoredTensor& tensor : files.tensors())
        if (is_readable(tensor.dtype)) advance(progress, &Progress::all_bytes, tensor.bytes);
    const std::size_t place = rows.columns.size() - 1;  // in front of the leaves
    const std::array<Column, 7> columns{{{"min"},
                                         {"max"},
                                         {"mean"},
                                         {"rms"},
                                         {"zeros", ColumnKind::Integer},
                                         {"nan", ColumnKind::Integer},
                                         {"infinite", ColumnKind::Integer}}};
    rows.columns.insert(rows.columns.begin() + static_cast<std::ptrdiff_t>(place), columns.begin(),
                        columns.end());
    for (std::vector<Cell>& row : rows.rows) {
        std::array<Cell, 7> cells;
        const StoredTensor* tensor = files.find(std::get<std::string>(row.front()));
        if (tensor != nullptr && is_readable(tensor->dtype)) {
            const TensorStatistics s = statistics_of(
                files, *tensor, [&](std::uint64_t bytes) { advance(progress, &Progress::bytes, bytes); });
            if (s.finite() > 0) cells = {s.least, s.largest, s.mean(), s.root_mean_square()};
            cells[4] = size_cell(s.zeros);
            cells[5] = size_cell(s.nan);
            cells[6] = size_cell(s.infinite);
        }
        row.insert(row.begin() + static_cast<std::ptrdiff_t>(place), cells.begin(), cells.end());
    }
    rows.caption.emplace_back("min, max, mean and rms (root mean square) are those of the finite values.");
}

}  // namespace headway

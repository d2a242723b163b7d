// SPDX-License-Identifier: Apache-2.0
#include "cli/matrix_flags.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/report/selection.hpp"

#include <algorithm>

namespace headway {

namespace {

// `0-3,7`: numbers below `extent`.
std::vector<int> parse_numbers(std::string_view list, std::string_view flag, std::int64_t extent) {
    std::vector<int> numbers;
    while (true) {
        const std::size_t comma = list.find(',');
        const std::string_view item = list.substr(0, comma);
        const std::size_t dash = item.find('-', 1);
        const std::int64_t first = parse_integer(item.substr(0, dash), flag);
        const std::int64_t last =
            dash == std::string_view::npos ? first : parse_integer(item.substr(dash + 1), flag);
        require(first >= 0 && first <= last && last < extent, ErrorKind::Usage,
                "{}: {} is not within 0 to {}", flag, quote(item), extent - 1);
        for (std::int64_t i = first; i <= last; ++i) numbers.push_back(static_cast<int>(i));
        if (comma == std::string_view::npos) return numbers;
        list.remove_prefix(comma + 1);
    }
}

std::int64_t rows_of(const Model& model, const AskedMatrix& matrix, std::size_t port) {
    const std::vector<int>& chosen = port == 0 ? matrix.window.rows : matrix.window.columns;
    return chosen.empty() ? matrix_extent(model.config(), matrix.expression, port)
                          : static_cast<std::int64_t>(chosen.size());
}

std::vector<int> all_or(const std::vector<int>& chosen, std::int64_t n) {
    std::vector<int> numbers = chosen;
    for (int i = 0; chosen.empty() && i < n; ++i) numbers.push_back(i);
    return numbers;
}

std::vector<double> as_doubles(const std::vector<int>& numbers) { return {numbers.begin(), numbers.end()}; }

std::vector<NpyArray> window_arrays(const Model& model, const AskedMatrix& matrix,
                                    const EvaluateOptions& options) {
    const xt::xtensor<double, 2> values = window_values(model, matrix.expression, matrix.window, options);
    const std::int64_t rows = rows_of(model, matrix, 0), columns = rows_of(model, matrix, 1);
    return {number_array("values", {rows, columns}, {values.begin(), values.end()}, options.precision),
            number_array("rows", {rows}, as_doubles(all_or(matrix.window.rows, rows)), Precision::Double),
            number_array("columns", {columns}, as_doubles(all_or(matrix.window.columns, columns)),
                         Precision::Double)};
}

std::string picture_of(const Model& model, const AskedMatrix& matrix, const TokenText& text,
                       const EvaluateOptions& options, std::vector<std::string> caption) {
    constexpr std::int64_t most = 200;
    const std::int64_t rows = rows_of(model, matrix, 0), columns = rows_of(model, matrix, 1);
    require(rows <= most && columns <= most, ErrorKind::Usage,
            "a heat map of {} x {} entries is not readable: choose at most {} with --rows and --cols", rows,
            columns, most);
    AskedMatrix chosen = matrix;
    chosen.window = {all_or(matrix.window.rows, rows), all_or(matrix.window.columns, columns)};
    const xt::xtensor<double, 2> values = window_values(model, matrix.expression, chosen.window, options);
    Heatmap plot = window_plot(values, chosen.window, matrix.axes, text);
    plot.title = fmt::format("{}: {}", escaped(model.name()), matrix.title);
    plot.caption = std::move(caption);
    return svg(plot);
}

}  // namespace

std::vector<int> numbers_of_flag(const Arguments& arguments, const char* flag, const MatrixAxis& axis,
                                 const TokenText& text, const Model& model, std::int64_t extent) {
    if (!arguments.has(flag)) return {};
    if (axis.tokens) return parse_token_list(arguments.text(flag), text, model.config().d_vocab);
    return parse_numbers(arguments.text(flag), flag, extent);
}

void show_matrix(const Arguments& arguments, const Model& model, const AskedMatrix& matrix,
                 const TokenText& text, const EvaluateOptions& options, const Destination& to) {
    Result result = result_of(arguments, model);
    std::vector<std::string>& caption = result.table.caption;
    caption.insert(caption.end(), matrix.caption.begin(), matrix.caption.end());
    const std::size_t count = arguments.top(10);
    if (to.format == Format::Npz) {
        result.arrays = window_arrays(model, matrix, options);
    } else if (to.format == Format::Svg) {
        result.picture = picture_of(model, matrix, text, options, caption);
    } else {
        const Strongest of = matrix.window.rows.empty() ? Strongest::OfAll : Strongest::OfEachRow;
        const std::vector<MatrixEntry> entries =
            strongest_entries(model, matrix.expression, count, of, matrix.window, options);
        add_rows(result.table, entry_rows(entries, matrix.axes, text));
        const bool all = of == Strongest::OfAll;
        result.table.caption.push_back(fmt::format(
            "Showing the {} largest entries of {}{}.", all ? entries.size() : count,
            all ? "all rows" : fmt::format("each of {} rows", matrix.window.rows.size()),
            matrix.window.columns.empty() ? ""
                                          : fmt::format(" within {} columns", matrix.window.columns.size())));
    }
    result.rows_are_data = true;
    write(result, to);
}

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "headway/report/value_table.hpp"

#include "headway/base/text.hpp"
#include "headway/network/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace headway {

namespace {

// The greatest size, by which the entries are divided before they are squared.
double norm(const xt::xarray<double>& value) {
    double most = 0;
    for (const double x : value) most = std::max(most, std::abs(x));
    if (most == 0 || !std::isfinite(most)) return most;
    double sum = 0;
    for (const double x : value) sum += (x / most) * (x / most);
    return most * std::sqrt(sum);
}

}  // namespace

Table largest_entries(const xt::xarray<double>& value, const std::vector<Space>& ports, std::size_t top) {
    const std::vector<std::string> names = label_names(ports, {});
    std::vector<std::int64_t> shape(value.shape().begin(), value.shape().end());
    std::vector<std::string> axes;
    for (std::size_t i = 0; i < ports.size(); ++i)
        axes.push_back(fmt::format("{}={} ({})", names[i], shape[i], name(ports[i])));

    std::vector<std::size_t> order(value.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const std::size_t n = std::min(top, order.size());
    const double* data = value.data();
    std::partial_sort(
        order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n), order.end(),
        [&](std::size_t a, std::size_t b) {
            return std::abs(data[a]) != std::abs(data[b]) ? std::abs(data[a]) > std::abs(data[b]) : a < b;
        });

    Table table;
    table.caption = {fmt::format("Shape [{}], Frobenius norm {:.6g}.", fmt::join(axes, ", "), norm(value)),
                     fmt::format("Showing the {} largest of {} entries.", n, value.size())};
    for (const std::string& each : names) table.columns.push_back({each, ColumnKind::Integer});
    table.columns.push_back({"value", ColumnKind::Number, 6});
    for (std::size_t i = 0; i < n; ++i) {
        std::vector<Cell> row(ports.size() + 1);
        std::size_t rest = order[i];
        for (std::size_t axis = ports.size(); axis-- > 0;) {
            const auto extent = static_cast<std::size_t>(shape[axis]);
            row[axis] = static_cast<std::int64_t>(rest % extent);
            rest /= extent;
        }
        row.back() = data[order[i]];
        table.rows.push_back(std::move(row));
    }
    return table;
}

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "headway/contract/tiles.hpp"

#include "contract/evaluate_arrays.hpp"
#include "contract/gemm.hpp"
#include "contract/kernels.hpp"
#include "headway/contract/plan.hpp"

#include <algorithm>
#include <atomic>
#include <numeric>

namespace headway {

namespace {

// Tokens at once: their embeddings are gathered, and stay small.
constexpr std::int64_t chunk_of_tokens = 4096;

// What a side needs of the list of tokens that it is evaluated on.
struct TokenNeeds {
    bool whole = false;         ///< it reads where in the list a token is
    std::int64_t at_least = 1;  ///< positions that it names
};

void look_for_positions(const Expr& node, TokenNeeds& needs) {
    const auto* structure = node->as<Structure>();
    if (structure != nullptr && structure->relation == Relation::OneHot &&
        node->ports().front() == Space::Position)
        needs.at_least = std::max(needs.at_least, structure->value + 1);
    for (const Expr& child : children(*node)) look_for_positions(child, needs);
}

TokenNeeds needs_of(const Expr& side) {
    TokenNeeds needs;
    look_for_positions(side, needs);
    const auto* product = side->as<Product>();
    const auto reads_position = [](const Use& use) {
        const auto* structure = use.node->as<Structure>();
        const bool token = structure != nullptr && structure->relation == Relation::Token;
        return !token && std::find(use.labels.begin(), use.labels.end(), 0) != use.labels.end();
    };
    needs.whole =
        product == nullptr || std::any_of(product->factors.begin(), product->factors.end(), reads_position);
    return needs;
}

TokenNeeds needs_of(std::span<const Expr> sides) {
    TokenNeeds all;
    for (const Expr& side : sides) {
        const TokenNeeds needs = needs_of(side);
        all.whole = all.whole || needs.whole;
        all.at_least = std::max(all.at_least, needs.at_least);
    }
    return all;
}

// Rows of a side into a list of them.
template <class T>
void put_rows(const Array<T>& value, std::int64_t rows, std::int64_t bond, T* out, Workspace& workspace) {
    const Array<T> dense = value.contiguous() ? value : copy(value, workspace);
    std::copy(dense.data(), dense.data() + rows * bond, out);
}

// How many rows a side has.
std::int64_t rows_of(const Config& config, const Expr& side, std::size_t tokens) {
    const Space space = side->ports().front();
    require((space == Space::Position) == (tokens > 0), ErrorKind::Usage,
            "rows and columns are chosen by tokens where a port of the matrix is a position, and only there");
    return tokens > 0 ? static_cast<std::int64_t>(tokens) : sizes_of(config, 0)[space];
}

// Every side on all tokens, `[tokens, bond]`.
template <class T>
std::vector<std::shared_ptr<T[]>> side_values(const Model& model, std::span<const Expr> sides,
                                              const std::vector<std::int64_t>& bonds,
                                              std::span<const int> tokens, const EvaluateOptions& options,
                                              Arena& kept) {
    check_tokens(model.config(), tokens);
    std::vector<std::shared_ptr<T[]>> values;
    const std::int64_t n = rows_of(model.config(), sides.front(), tokens.size());
    for (const std::int64_t bond : bonds)
        values.push_back(
            std::static_pointer_cast<T[]>(kept.take(static_cast<std::size_t>(n * bond) * sizeof(T))));
    WorkspaceOptions within = workspace_options(options);
    if (options.max_memory > 0) within.max_memory -= kept.in_use();
    Workspace workspace(within);
    const TokenNeeds needs = needs_of(sides);
    const std::int64_t step = needs.whole || tokens.empty() ? n : std::min(n, chunk_of_tokens);
    for (std::int64_t first = 0; first < n; first += step) {
        const std::int64_t rows = std::min(step, n - first);
        std::vector<int> chunk;
        if (!tokens.empty()) chunk.assign(tokens.begin() + first, tokens.begin() + first + rows);
        // A rotation by an offset reads so many positions, whatever their tokens.
        if (!tokens.empty() || needs.at_least > 1)
            chunk.resize(std::max(chunk.size(), static_cast<std::size_t>(needs.at_least)));
        evaluate_arrays<T>(model, sides, chunk, options, workspace,
                           [&](std::size_t i, const Array<T>& value) {
                               put_rows(value, rows, bonds[i], values[i].get() + first * bonds[i], workspace);
                           });
    }
    return values;
}

struct Sides {
    std::vector<Expr> left, right;
    std::vector<std::int64_t> bonds;
};

Sides split_all(std::span<const Expr> matrices, const Config& config, std::size_t rows, std::size_t columns) {
    Sides sides;
    const Sizes sizes = sizes_of(config, static_cast<std::int64_t>(std::max(rows, columns)));
    for (const Expr& matrix : matrices) {
        require(matrix->ports() == matrices.front()->ports(), ErrorKind::Usage,
                "matrices that are made together have the same ports");
        MatrixSides split = split_matrix(matrix, sizes);
        sides.left.push_back(std::move(split.left));
        sides.right.push_back(std::move(split.right));
        sides.bonds.push_back(split.bond);
    }
    return sides;
}

// One pass over a matrix.
template <class T>
class Pass {
public:
    Pass(const FactoredMatrix<T>& matrix, const TileOptions& options, const VisitTile<T>& visit)
        : matrix_(matrix),
          options_(options),
          visit_(visit),
          workspace_({.threads = options.threads, .max_memory = Arena::unlimited, .progress = nullptr}),
          rows_(static_cast<std::size_t>(matrix.rows)) {
        std::iota(rows_.begin(), rows_.end(), std::int64_t{0});
    }

    TileCount run() {
        const std::uint64_t all = work(matrix_.rows, matrix_.columns);
        advance(options_.progress, &Progress::all_work, all);
        std::int64_t width = options_.columns;
        for (std::int64_t first = 0; first < matrix_.columns && !rows_.empty(); first += width) {
            if (first > 0) width = std::min(2 * width, 8 * options_.columns);
            stage(first, std::min(matrix_.columns, first + width));
        }
        advance(options_.progress, &Progress::work,
                all - entries_ * static_cast<std::uint64_t>(matrix_.bond));
        return {entries_, widest_};
    }

private:
    std::uint64_t work(std::int64_t rows, std::int64_t columns) const {
        return static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(columns) *
               static_cast<std::uint64_t>(matrix_.bond);
    }

    // Columns of all rows that are left; then these are packed.
    void stage(std::int64_t first, std::int64_t last) {
        const auto n = static_cast<std::int64_t>(rows_.size());
        std::vector<char> stays(rows_.size());
        for_blocks(workspace_.threads(), n, options_.rows, [&](std::int64_t begin, std::int64_t end) {
            block({rows_.begin() + begin, rows_.begin() + end}, first, last, stays.data() + begin);
        });
        std::size_t kept = 0;
        for (std::size_t i = 0; i < rows_.size(); ++i)
            if (stays[i] != 0) rows_[kept++] = rows_[i];
        rows_.resize(kept);
        widest_ = last;
    }

    void block(std::vector<std::int64_t> rows, std::int64_t first, std::int64_t last, char* stays) {
        const auto left = buffer(options_.rows * matrix_.bond),
                   values = buffer(options_.rows * options_.columns);
        std::vector<std::size_t> places(rows.size());
        std::iota(places.begin(), places.end(), std::size_t{0});
        std::vector<char> finished;
        bool gathered = false;
        for (std::int64_t column = first; column < last && !rows.empty(); column += options_.columns) {
            if (!gathered) gather(rows, left.get());
            finished.assign(rows.size(), 0);
            const Tile<T> tile{rows, column, std::min(options_.columns, last - column), values.get()};
            gemm<T>(static_cast<std::int64_t>(rows.size()), tile.columns, matrix_.bond, T{1},
                    {left.get(), matrix_.bond, false},
                    {matrix_.right.get() + column * matrix_.bond, matrix_.bond, true}, T{0}, values.get(),
                    tile.columns);
            visit_(tile, finished);
            count(tile);
            gathered = !drop(finished, rows, places);
        }
        for (std::size_t i = 0; i < rows.size(); ++i) stays[places[i]] = 1;
    }

    // Takes out what is finished; true when something was.
    static bool drop(const std::vector<char>& finished, std::vector<std::int64_t>& rows,
                     std::vector<std::size_t>& places) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (finished[i] != 0) continue;
            rows[kept] = rows[i];
            places[kept++] = places[i];
        }
        const bool some = kept < rows.size();
        rows.resize(kept);
        places.resize(kept);
        return some;
    }

    void gather(const std::vector<std::int64_t>& rows, T* out) const {
        for (const std::int64_t row : rows) out = std::copy_n(matrix_.row(row).data(), matrix_.bond, out);
    }

    void count(const Tile<T>& tile) {
        const std::uint64_t entries =
            static_cast<std::uint64_t>(tile.rows.size()) * static_cast<std::uint64_t>(tile.columns);
        entries_ += entries;
        advance(options_.progress, &Progress::work, entries * static_cast<std::uint64_t>(matrix_.bond));
    }

    std::shared_ptr<T> buffer(std::int64_t elements) {
        return std::static_pointer_cast<T>(
            workspace_.arena().take(static_cast<std::size_t>(elements) * sizeof(T)));
    }

    const FactoredMatrix<T>& matrix_;
    const TileOptions& options_;
    const VisitTile<T>& visit_;
    Workspace workspace_;
    std::vector<std::int64_t> rows_;  ///< not finished
    std::atomic<std::uint64_t> entries_{0};
    std::int64_t widest_ = 0;
};

}  // namespace

template <class T>
std::vector<FactoredMatrix<T>> factor_matrices(const Model& model, std::span<const Expr> matrices,
                                               std::span<const int> rows, std::span<const int> columns,
                                               const EvaluateOptions& options) {
    if (matrices.empty()) return {};
    const Sides sides = split_all(matrices, model.config(), rows.size(), columns.size());
    const std::int64_t n_rows = rows_of(model.config(), sides.left.front(), rows.size()),
                       n_columns = rows_of(model.config(), sides.right.front(), columns.size());
    const auto kept = std::make_shared<Arena>(workspace_options(options).max_memory);
    const auto left = side_values<T>(model, sides.left, sides.bonds, rows, options, *kept);
    const auto right = side_values<T>(model, sides.right, sides.bonds, columns, options, *kept);
    std::vector<FactoredMatrix<T>> result;
    for (std::size_t i = 0; i < matrices.size(); ++i)
        result.push_back({n_rows, n_columns, sides.bonds[i], left[i], right[i]});
    return result;
}

template <class T>
TileCount visit_tiles(const FactoredMatrix<T>& matrix, const TileOptions& options,
                      const VisitTile<T>& visit) {
    require(options.rows >= 1 && options.columns >= 1, ErrorKind::Usage, "a tile has rows and columns");
    return Pass<T>(matrix, options, visit).run();
}

TileCost tile_cost(const Config& config, std::span<const Expr> matrices, std::int64_t rows,
                   std::int64_t columns, const EvaluateOptions& options) {
    TileCost cost;
    const Sides sides =
        split_all(matrices, config, static_cast<std::size_t>(rows), static_cast<std::size_t>(columns));
    const auto add = [&](std::span<const Expr> side, std::int64_t tokens) {
        const TokenNeeds needs = needs_of(side);
        const std::int64_t step = needs.whole ? tokens : std::min(tokens, chunk_of_tokens);
        const double times = static_cast<double>(tokens) / static_cast<double>(step);
        cost.sides += times * plan(config, side, std::max(step, needs.at_least), options).multiply_adds;
    };
    add(sides.left, rows);
    add(sides.right, columns);
    for (const std::int64_t bond : sides.bonds) cost.bond += bond;
    const auto m = static_cast<double>(rows), n = static_cast<double>(columns),
               k = static_cast<double>(cost.bond);
    cost.tiles = m * n * k;
    cost.bytes = (m + n) * k * (options.precision == Precision::Double ? 8 : 4);
    return cost;
}

template std::vector<FactoredMatrix<float>> factor_matrices(const Model&, std::span<const Expr>,
                                                            std::span<const int>, std::span<const int>,
                                                            const EvaluateOptions&);
template std::vector<FactoredMatrix<double>> factor_matrices(const Model&, std::span<const Expr>,
                                                             std::span<const int>, std::span<const int>,
                                                             const EvaluateOptions&);
template TileCount visit_tiles(const FactoredMatrix<float>&, const TileOptions&, const VisitTile<float>&);
template TileCount visit_tiles(const FactoredMatrix<double>&, const TileOptions&, const VisitTile<double>&);

}  // namespace headway

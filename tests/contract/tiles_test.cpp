// Matrices in two sides and in tiles, against the whole matrix.
// SPDX-License-Identifier: Apache-2.0
#include "headway/contract/tiles.hpp"

#include "headway/expand/head_circuit.hpp"
#include "headway/model/load.hpp"
#include "headway/network/text.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace headway {
namespace {

const std::string shape =
    "random:layers=3,heads=4,kv_heads=2,d_model=12,d_head=4,d_mlp=10,vocab=150,ctx=30,norm=rmsnorm,";

Expr circuit(const Model& model, const char* text) {
    return circuit_matrix(model.config(), parse_head_circuit(text, model.config()), CircuitEnds::Vocabulary);
}

std::vector<int> some_tokens(std::size_t n, int step, int limit) {
    std::vector<int> tokens(n);
    for (std::size_t i = 0; i < n; ++i) tokens[i] = static_cast<int>(i) * step % limit;
    return tokens;
}

// The matrix from tiles of an odd size.
template <class T>
std::vector<T> from_tiles(const FactoredMatrix<T>& matrix, int threads = 1) {
    std::vector<T> whole(static_cast<std::size_t>(matrix.rows * matrix.columns), T{-1});
    const TileCount count = visit_tiles<T>(
        matrix, {.rows = 7, .columns = 11, .threads = threads}, [&](const Tile<T>& tile, std::span<char>) {
            for (std::size_t i = 0; i < tile.rows.size(); ++i)
                std::copy_n(tile.row(i).data(), tile.columns,
                            whole.data() + tile.rows[i] * matrix.columns + tile.first_column);
        });
    EXPECT_EQ(count.entries, whole.size());
    EXPECT_EQ(count.widest, matrix.columns);
    return whole;
}

void expect_whole(const Model& model, const Expr& matrix, std::span<const int> rows,
                  std::span<const int> columns, std::int64_t bond, const char* name) {
    std::vector<int> both(rows.begin(), rows.end());
    both.insert(both.end(), columns.begin(), columns.end());
    const xt::xarray<double> expected = evaluate(model, matrix, both, {.precision = Precision::Double});
    const auto sides = factor_matrices<double>(model, std::span(&matrix, 1), rows, columns);
    EXPECT_EQ(sides.front().bond, bond) << name;
    const std::vector<double> values = from_tiles(sides.front());
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (std::size_t j = 0; j < columns.size(); ++j)
            ASSERT_NEAR(values[i * columns.size() + j], expected(i, rows.size() + j), 1e-10)
                << name << " at " << i << ", " << j;
}

TEST(Tiles, AreThoseOfTheWholeMatrixAtEveryBond) {
    const Model model = load_model(shape + "norms=sandwich,qk_norm=head,positions=rotary,embed_scale=2");
    const std::vector<int> rows = some_tokens(41, 7, 150), columns = some_tokens(29, 11, 150);
    const std::array<std::pair<const char*, std::int64_t>, 9> table{{{"direct", 12},
                                                                     {"ov:L1H2", 4},
                                                                     {"ov:L1H{0,1}", 12},
                                                                     {"ov:L0H1>L2H3", 4},
                                                                     {"ov:L0H*>L1H{1,2}", 12},
                                                                     {"qk:L1H2", 4},
                                                                     {"qk:L1H2@5", 4},
                                                                     {"qk:L0H1>L2H2.K", 4},
                                                                     {"qk:L0H{1,2}>L2H2.Q", 4}}};
    for (const auto& [text, bond] : table)
        expect_whole(model, circuit(model, text), rows, columns, bond, text);
}

TEST(Tiles, CutAnyProduct) {
    const Model model = load_model("random:layers=1,heads=2,d_model=12,d_head=4,vocab=150,biases=1,ctx=30");
    const std::vector<int> rows = some_tokens(9, 7, 150), columns = some_tokens(5, 11, 150);
    const std::array<std::pair<const char*, std::int64_t>, 3> table{
        {{"token[q,v] W_E[v,d] W_V[L0][h,d,e] W_O[L0][h,e,d1] W_U[d1,v1] token[k,v1] -> [q,k]", 8},
         {"token[q,v] W_E[v,d] b_O[L0][d] token[k,v1] b_U[v1] -> [q,k]", 1},
         {"token[q,v] W_E[v,d] b_O[L0][d] W_E[v1,d] token[k,v1] -> [q,k]", 12}}};
    for (const auto& [text, bond] : table)
        expect_whole(model, parse_network(text).output, rows, columns, bond, text);
}

TEST(Tiles, OfPositionsAreNotTakenInChunks) {
    const Model model = load_model(shape + "positions=learned");
    std::vector<int> places(30);
    const Expr matrix = circuit(model, "qk-pos:L0H1>L1H0.K");
    const xt::xarray<double> expected = evaluate(model, matrix, places, {.precision = Precision::Double});
    const auto sides = factor_matrices<double>(model, std::span(&matrix, 1), places, places);
    const std::vector<double> values = from_tiles(sides.front());
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected.data()[i], 1e-10);
}

TEST(Tiles, OfWholeSpacesNeedNoTokens) {
    const Model model = load_model(shape);
    const Expr matrix = parse_network("W_out[L1][m,d] W_U[d,v] -> [m,v]").output;
    const xt::xarray<double> expected = evaluate(model, matrix, {}, {.precision = Precision::Double});
    const auto sides = factor_matrices<double>(model, std::span(&matrix, 1), {}, {});
    EXPECT_EQ(sides.front().bond, 12);
    const std::vector<double> values = from_tiles(sides.front());
    ASSERT_EQ(values.size(), 10U * 150);
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected.data()[i], 1e-12);
}

TEST(Tiles, OfMoreTokensThanPositionsAndThanAChunk) {
    const Model model =
        load_model("random:layers=1,heads=2,d_model=8,d_head=2,vocab=5000,ctx=4,positions=learned");
    std::vector<int> tokens(5000);
    std::iota(tokens.begin(), tokens.end(), 0);
    const Expr matrix = circuit(model, "ov:L0H1");
    const auto sides = factor_matrices<double>(model, std::span(&matrix, 1), tokens, tokens);
    const std::vector<int> last{4999, 4096, 0};
    const xt::xarray<double> expected = evaluate(model, matrix, last, {.precision = Precision::Double});
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 3; ++j) {
            const std::span<const double> l = sides.front().row(last[i]), r = sides.front().column(last[j]);
            EXPECT_NEAR(std::inner_product(l.begin(), l.end(), r.begin(), 0.0), expected(i, j), 1e-12);
        }
}

TEST(Tiles, AreTheSameBitsForAnyNumberOfThreads) {
    const Model model = load_model(shape + "positions=rotary");
    const std::vector<int> tokens = some_tokens(150, 1, 150);
    const std::array matrices{circuit(model, "ov:L1H2"), circuit(model, "ov:L1H3")};
    const auto one = factor_matrices<float>(model, matrices, tokens, tokens, {.threads = 1});
    const auto three = factor_matrices<float>(model, matrices, tokens, tokens, {.threads = 3});
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(from_tiles(one[i], 1), from_tiles(three[i], 3));
}

// Row i is finished after i columns or more.
TEST(Tiles, FinishedRowsDoNotComeAgain) {
    const Model model = load_model(shape + "positions=rotary");
    const std::vector<int> tokens = some_tokens(150, 1, 150);
    const Expr matrix = circuit(model, "ov:L1H2");
    const auto sides = factor_matrices<double>(model, std::span(&matrix, 1), tokens, tokens);
    std::vector<std::int64_t> seen(150);
    const TileCount count = visit_tiles<double>(
        sides.front(), {.rows = 7, .columns = 11, .threads = 2},
        [&](const Tile<double>& tile, std::span<char> finished) {
            for (std::size_t i = 0; i < tile.rows.size(); ++i) {
                std::int64_t& columns = seen[static_cast<std::size_t>(tile.rows[i])];
                EXPECT_EQ(columns, tile.first_column);
                const std::span<const double> l = sides.front().row(tile.rows[i]),
                                              r = sides.front().column(tile.first_column);
                EXPECT_NEAR(tile.row(i)[0], std::inner_product(l.begin(), l.end(), r.begin(), 0.0), 1e-12);
                columns += tile.columns;
                finished[i] = columns >= tile.rows[i];
            }
        });
    std::uint64_t entries = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        const auto tiles = std::max<std::int64_t>(1, (static_cast<std::int64_t>(i) + 10) / 11);
        EXPECT_EQ(seen[i], std::min<std::int64_t>(150, 11 * tiles));
        entries += static_cast<std::uint64_t>(seen[i]);
    }
    EXPECT_EQ(count.entries, entries);
}

TEST(Tiles, CostIsThatOfBothSidesAndOfTheirProduct) {
    const Model model = load_model(shape + "positions=rotary");
    const std::array matrices{circuit(model, "ov:L1H2"), circuit(model, "ov:L1H3")};
    const TileCost cost = tile_cost(model.config(), matrices, 150, 100);
    EXPECT_EQ(cost.bond, 8);
    EXPECT_EQ(cost.tiles, 150.0 * 100 * 8);
    EXPECT_EQ(cost.bytes, (150 + 100) * 8 * 4.0);
    // Both heads share their values: W_E W_V once, W_O W_U twice.
    EXPECT_EQ(cost.sides, 150.0 * 12 * 4 + 100.0 * 12 * 4 * 2);
}

TEST(Tiles, RefuseWhatIsNoMatrixOfTwoSides) {
    const Model model = load_model(shape + "positions=rotary");
    const std::vector<int> tokens{1, 2};
    const auto sides_of = [&](const char* text) {
        const Expr matrix = parse_network(text).output;
        return factor_matrices<float>(model, std::span(&matrix, 1), tokens, tokens);
    };
    test::expect_error(ErrorKind::Usage, "a matrix has two ports, rows and columns; this expression has 1",
                       [&] { return sides_of("b_O[L0][d] -> [d]"); });
    test::expect_error(ErrorKind::Usage, "chosen by tokens where a port of the matrix is a position",
                       [&] { return sides_of("W_E[v,d] W_U[d,v1] -> [v,v1]"); });
    test::expect_error(ErrorKind::Unsupported, "rows and columns of this matrix meet in one factor", [&] {
        return sides_of("token[q,v] W_E[v,d] W_E[v1,d] token[k,v1] causal[q,k] -> [q,k]");
    });
    const Expr matrix = circuit(model, "ov:L1H2");
    const std::vector<int> wrong{150};
    test::expect_error(ErrorKind::Usage, "token 150 at position 0 is out of range",
                       [&] { return factor_matrices<float>(model, std::span(&matrix, 1), wrong, tokens); });
    test::expect_error(ErrorKind::Limit, "", [&] {
        return factor_matrices<float>(model, std::span(&matrix, 1), tokens, tokens, {.max_memory = 40});
    });
}

}  // namespace
}  // namespace headway

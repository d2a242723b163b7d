// Scores a model: the strongest K-composition edges of the built-in trained one, or of the model named on the command line.
#include <headway/headway.hpp>

#include <fmt/core.h>

#include <algorithm>

int main(int argc, char** argv) try {
    const headway::Model model = headway::load_model(argc > 1 ? argv[1] : "example:attn-only-2l");
    headway::CompositionTable table = headway::composition(model, {headway::Composition::K});
    std::ranges::sort(table.rows, std::ranges::greater{}, &headway::CompositionRow::score);
    for (std::size_t i = 0; i < std::min<std::size_t>(5, table.rows.size()); ++i) {
        const headway::CompositionRow& row = table.rows[i];
        fmt::print("{} -> {}.K  {:.3f}  (baseline {:.3f})\n", label(row.writer), label(row.reader), row.score,
                   row.baseline);
    }
} catch (const headway::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}

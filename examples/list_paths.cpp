// Lists paths: what each path through at most two heads adds to the logits of four tokens, strongest first, and that they add up.
#include <headway/headway.hpp>

#include <fmt/core.h>

#include <algorithm>

int main(int argc, char** argv) try {
    const headway::Model model = headway::load_model(argc > 1 ? argv[1] : "example:attn-only-2l");
    const std::vector<int> tokens{0, 5, 17, 5};
    const headway::PathTable table = headway::path_contributions(model, tokens);
    std::vector<const headway::PathRow*> rows;
    for (const headway::PathRow& row : table.rows) rows.push_back(&row);
    std::ranges::sort(rows, std::ranges::greater{}, &headway::PathRow::target_logit);
    rows.resize(std::min<std::size_t>(5, rows.size()));
    for (const headway::PathRow* row : rows) fmt::print("{:+.3f}  {}\n", row->target_logit, label(*row));
    fmt::print("largest |sum of paths - logits| = {:.1e}\n", table.closure);
} catch (const headway::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}

// Lists paths: what each path through at most two heads adds to the logits of four tokens, strongest first, and that they add up.
#include <headway/headway.hpp>

#include <fmt/core.h>

#include <algorithm>

int main(int argc, char** argv) try {
    const headway::Model model = headway::load_model(argc > 1 ? argv[1] : "example:attn-only-2l");
    const std::vector<int> tokens{0, 5, 17, 5};
    headway::PathTable table = headway::path_contributions(model, tokens);
    std::ranges::sort(table.rows, std::ranges::greater{}, &headway::PathRow::target_logit);
    for (std::size_t i = 0; i < std::min<std::size_t>(5, table.rows.size()); ++i)
        fmt::print("{:+.3f}  {}\n", table.rows[i].target_logit, label(table.rows[i]));
    fmt::print("largest |sum of paths - logits| = {:.1e}\n", table.closure);
} catch (const headway::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}

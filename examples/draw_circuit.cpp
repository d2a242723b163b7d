// Draws a circuit: the composition edges that stand out in the built-in trained model, as an SVG file.
#include <headway/headway.hpp>

#include <fmt/core.h>

int main(int argc, char** argv) try {
    const headway::Model model = headway::load_model(argc > 1 ? argv[1] : "example:attn-only-2l");
    const headway::Circuit whole = headway::circuit_of(model);
    const headway::Circuit circuit = headway::keep(whole, headway::default_selection());
    const std::string dot = headway::dot(headway::circuit_diagram(circuit));
    headway::write_file("circuit.svg", headway::render(dot, headway::Picture::Svg));
    fmt::print("circuit.svg: {}\n", circuit.filter);
} catch (const headway::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}

// SPDX-License-Identifier: Apache-2.0
#include "headway/draw/gallery.hpp"
#include "draw/graphviz.hpp"
#include "draw/overlaps.hpp"
#include "draw/random_expression.hpp"
#include "headway/draw/dot.hpp"
#include "support/errors.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace headway::test {

namespace {

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

TEST(Gallery, EveryDiagramIsTheOneInTheFolder) {
    const std::filesystem::path folder = std::filesystem::path(HEADWAY_SOURCE_DIR) / "diagrams";
    for (const std::string& name : gallery_names()) {
        const std::string drawn = dot(gallery_diagram(name));
        const std::filesystem::path golden = folder / (name + ".dot");
        if (drawn == read(golden)) continue;
        std::ofstream(folder / (name + ".new"), std::ios::binary) << drawn;
        ADD_FAILURE() << golden << " differs from what is drawn now: see " << name << ".new";
    }
}

TEST(Gallery, NothingOverlaps) {
    for (const std::string& name : gallery_names()) {
        const Diagram diagram = gallery_diagram(name);
        EXPECT_THAT(overlapping_boxes(diagram), testing::IsEmpty()) << name;
        EXPECT_THAT(crossed_boxes(diagram), testing::IsEmpty()) << name;
    }
}

TEST(Gallery, PicturesDoNotDependOnWhatWasDrawnBefore) {
    const std::string sheet = dot(gallery_diagram("composed-score"));
    const std::string before = render(sheet, Picture::Svg);
    for (const std::string& name : gallery_names()) {
        const std::string held(1000 + 37 * name.size(), ' ');  // moves what is allocated next
        render(dot(gallery_diagram(name)), Picture::Svg);
        EXPECT_EQ(render(sheet, Picture::Svg), before) << name;
    }
}

TEST(Gallery, ClustersStandInTheOrderOfTheText) {
    const std::string svg = render(dot(gallery_diagram("composed-score")), Picture::Svg);
    std::size_t last = 0;
    for (const char* cluster : {"cluster_r0", "cluster_r1", "cluster_r2", "cluster_r3", "cluster_r4"}) {
        const std::size_t at = svg.find(cluster);
        ASSERT_NE(at, std::string::npos);
        EXPECT_GT(at, last);
        last = at;
    }
}

TEST(Gallery, EveryLabelFitsItsBox) {
    for (const std::string& name : gallery_names()) {
        EXPECT_EQ(draw_picture(dot(gallery_diagram(name)), Picture::Svg).warnings, "") << name;
    }
}

TEST(Gallery, AnUnknownNameGetsTheNearestOne) {
    const Error error = error_of([] { return gallery_entry("virtual-haed"); });
    EXPECT_STREQ(error.what(), "there is no diagram \"virtual-haed\"");
    EXPECT_EQ(error.hint(), "did you mean virtual-head?");
}

TEST(TensorDiagram, BoxesOf200RandomExpressionsDoNotOverlap) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        const Diagram diagram = diagram_of(RandomExpression(seed).make(3));
        Diagram boxes = diagram;
        std::erase_if(boxes.boxes, [](const Box& box) { return box.kind == BoxKind::Note; });
        EXPECT_THAT(overlapping_boxes(boxes), testing::IsEmpty()) << "seed " << seed;
    }
}

TEST(TensorDiagram, PositionsRunAboveFeatures) {
    const Diagram diagram = gallery_diagram("virtual-head");
    double lowest_pattern = 1e9;
    double highest_weight = -1e9;
    for (const Box& box : diagram.boxes) {
        if (box.kind == BoxKind::Pattern)
            lowest_pattern = std::min(lowest_pattern, box.at.y - box.height / 2);
        if (box.kind == BoxKind::Weight) highest_weight = std::max(highest_weight, box.at.y + box.height / 2);
    }
    EXPECT_GT(lowest_pattern, highest_weight);
}

TEST(TensorDiagram, RailsAreStraight) {
    for (const Wire& wire : gallery_diagram("virtual-head").wires) {
        EXPECT_EQ(wire.path.front().y, wire.path.back().y) << wire.name;
    }
}

TEST(TensorDiagram, TooManyBoxesAreRefused) {
    std::vector<Wired> factors;
    const Expr m = tensor({"M"}, {Space::Residual, Space::Residual});
    for (int i = 0; i < 500; ++i) factors.push_back({m, {{Space::Residual, i}, {Space::Residual, i + 1}}});
    const Expr product_of_many = product(factors, {{Space::Residual, 0}, {Space::Residual, 500}});
    expect_error(ErrorKind::Limit, "more than 400 boxes", [&] { return diagram_of(product_of_many); });
}

}  // namespace headway::test

// Two models leaf by leaf.
// SPDX-License-Identifier: Apache-2.0
#include "headway/model/compare.hpp"

#include "headway/model/load.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace headway {
namespace {

Config tiny() { return parse_random_shape("layers=1,heads=2,d_model=4,d_head=2,vocab=3,ctx=2"); }

using Arrays = std::map<LeafName, std::vector<double>>;

Arrays arrays_of(const Config& config) {
    Arrays arrays;
    for (const Leaf& leaf : stored_leaves(config))
        arrays[leaf.name] = std::vector<double>(static_cast<std::size_t>(leaf.size()), 1.0);
    return arrays;
}

Model model_of(const Arrays& arrays) { return model_from_arrays(tiny(), arrays, no_folding, "m"); }

const LeafDifference& find(const std::vector<LeafDifference>& all, const std::string& name) {
    return *std::find_if(all.begin(), all.end(),
                         [&](const LeafDifference& d) { return label(d.name) == name; });
}

TEST(Compare, AModelEqualsItself) {
    const Model model = load_model("example:induction", {.fold = no_folding});
    for (const LeafDifference& leaf : compare_leaves(model, model))
        EXPECT_TRUE(leaf.equal()) << label(leaf.name);
}

TEST(Compare, OneChangedNumberIsFoundWithItsPlaceAndSize) {
    Arrays arrays = arrays_of(tiny());
    const Model a = model_of(arrays);
    arrays[{"W_Q", 0}][13] = 1.5;  // of [2, 4, 2]: head 1, row 2, column 1
    const std::vector<LeafDifference> all = compare_leaves(a, model_of(arrays));
    const LeafDifference& leaf = find(all, "W_Q[L0]");
    EXPECT_EQ(leaf.differing, 1);
    EXPECT_EQ(leaf.largest, 0.5);
    EXPECT_EQ(leaf.at, (std::vector<std::int64_t>{1, 2, 1}));
    EXPECT_DOUBLE_EQ(leaf.relative, 0.5 / 4);
    EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const LeafDifference& d) { return !d.equal(); }), 1);
}

TEST(Compare, DoublesAreComparedAsDoublesWhenAsked) {
    Arrays arrays = arrays_of(tiny());
    const Model a = model_of(arrays);
    arrays[{"W_E", -1}][0] = 1 + 1e-12;
    const Model b = model_of(arrays);
    EXPECT_EQ(find(compare_leaves(a, b), "W_E").differing, 0);
    EXPECT_EQ(find(compare_leaves(a, b, true), "W_E").differing, 1);
}

TEST(Compare, ANumberAgainstNaNIsNoSmallDifference) {
    Arrays arrays = arrays_of(tiny());
    const Model a = model_of(arrays);
    arrays[{"W_E", -1}][5] = std::numeric_limits<double>::quiet_NaN();
    const Model b = model_of(arrays);
    const LeafDifference leaf = find(compare_leaves(a, b), "W_E");
    EXPECT_EQ(leaf.differing, 1);
    EXPECT_TRUE(std::isnan(leaf.largest));
    EXPECT_TRUE(find(compare_leaves(b, b), "W_E").equal());
}

TEST(Compare, ALeafThatOneModelLacksAndAnotherShapeAreShown) {
    const Model a = load_model("random:layers=1,heads=2,d_model=8,vocab=5", {.fold = no_folding});
    const Model b = load_model("random:layers=1,heads=2,d_model=8,vocab=6,biases=1", {.fold = no_folding});
    const std::vector<LeafDifference> all = compare_leaves(a, b);
    EXPECT_FALSE(find(all, "W_E").same_shape());
    EXPECT_FALSE(find(all, "b_Q[L0]").in_a);
    EXPECT_TRUE(find(all, "b_Q[L0]").in_b);
}

}  // namespace
}  // namespace headway

// Cases of an ablation as pictures.
// SPDX-License-Identifier: Apache-2.0
#include "headway/draw/case_picture.hpp"

#include "headway/expand/edit_text.hpp"
#include "headway/model/load.hpp"
#include "support/errors.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace headway {
namespace {

struct Subject {
    Model model = load_model("example:attn-only-2l");
    std::vector<AblationRow> rows = ablate(
        model,
        {{"none", {}}, {"previous tokens unseen", parse_edits("L0H{0,2,4}>L1H{5,7}.K", model.config())}},
        {.probe = probe_rows(model.config(), {.rows = 2}), .text = {}});
    Circuit whole = circuit_of(model, {.heads_only = true});
    CircuitPicture picture(std::size_t which) const {
        return case_picture(whole, rows, which, {{1, 5}, {1, 7}});
    }
};

std::size_t closed_edges(const CircuitPicture& picture) {
    return static_cast<std::size_t>(std::count_if(picture.edges.begin(), picture.edges.end(),
                                                  [](const DrawnEdge& edge) { return edge.factor == 0; }));
}

std::string role_of(const CircuitPicture& picture, const std::string& label) {
    const auto found = std::ranges::find(picture.components, label, &DrawnComponent::label);
    return found == picture.components.end() ? "(absent)" : found->role;
}

TEST(CasePicture, CrossesOutWhatTheCaseCloses) {
    const Subject subject;
    EXPECT_EQ(closed_edges(subject.picture(0)), 0u);
    EXPECT_EQ(closed_edges(subject.picture(1)), 6u);
    EXPECT_EQ(subject.picture(1).title, "attn-only-2l: previous tokens unseen");
}

TEST(CasePicture, CallsHeadsByWhatTheyDidInTheRun) {
    const Subject subject;
    const CircuitPicture before = subject.picture(0), after = subject.picture(1);
    EXPECT_EQ(role_of(before, "L0H0"), "previous token");
    EXPECT_EQ(role_of(after, "L0H0"), "previous token");
    EXPECT_EQ(role_of(before, "L1H5"), "induction");
    EXPECT_EQ(role_of(after, "L1H5"), "");
    EXPECT_EQ(role_of(after, "L1H2"), "induction");
}

TEST(CasePicture, ShowsInputsOfTheKindThatAnyCaseCloses) {
    const Subject subject;
    for (const DrawnEdge& edge : subject.picture(0).edges)
        EXPECT_TRUE(!edge.weight || edge.port == DrawnPort::K);
}

TEST(CasePicture, OfACaseThatIsNotThereIsRefused) {
    const Subject subject;
    test::expect_error(ErrorKind::Usage, "there is no case 2 of 2", [&] { return subject.picture(2); });
}

}  // namespace
}  // namespace headway

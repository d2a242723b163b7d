// SPDX-License-Identifier: Apache-2.0
#include "headway/base/head.hpp"

#include "headway/base/error.hpp"

#include <gtest/gtest.h>

namespace headway {

TEST(Head, LabelPrintsAndReadsBack) {
    EXPECT_EQ(label(Head{1, 4}), "L1H4");
    EXPECT_EQ(parse_head("L1H4"), (Head{1, 4}));
    EXPECT_EQ(parse_head("0.11"), (Head{0, 11}));
}

TEST(Head, WhatIsNotAHeadIsRefusedWithTheText) {
    for (const char* text : {"", "L1", "L1H", "1", "1.", ".1", "-1.0", "1.0.0", "a.b", " 1.0", "L1.4", "1H4",
                             "L99999999999H0"}) {
        try {
            parse_head(text);
            FAIL() << text;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Usage);
            EXPECT_NE(std::string(error.what()).find(std::string("\"") + text + "\""), std::string::npos);
        }
    }
}

}  // namespace headway

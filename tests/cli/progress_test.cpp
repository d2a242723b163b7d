// The line that says how far a command is.
// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.hpp"

#include <gtest/gtest.h>

namespace headway {
namespace {

constexpr std::size_t wide = 200;

TEST(Progress, BytesShareAndTimeLeftAreShown) {
    Progress progress;
    progress.bytes = 1 << 20;
    progress.all_bytes = 4 << 20;
    EXPECT_EQ(progress_text("convert", progress, 10, wide),
              "convert: 1.0 MiB of 4.0 MiB, [=====               ] 25 %, 30 s left");
}

TEST(Progress, WorkCountsMoreThanBytesWhereThereIsAny) {
    Progress progress;
    progress.bytes = 3 << 20;
    progress.work = 500;
    progress.all_work = 1000;
    EXPECT_EQ(progress_text("compose", progress, 90, wide),
              "compose: 3.0 MiB read, [==========          ] 50 %, 1 min 30 s left");
}

TEST(Progress, WhatIsNotKnownIsLeftOut) {
    const Progress progress;
    EXPECT_EQ(progress_text("run", progress, 2, wide), "run: 2 s so far");
}

TEST(Progress, TheLineFitsTheTerminal) {
    Progress progress;
    progress.work = 1;
    progress.all_work = 2;
    EXPECT_EQ(progress_text("compose", progress, 7200, 20), "compose: [==========");
}

}  // namespace
}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "contract/array.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <numeric>
#include <stdexcept>

#include "contract/arrays.hpp"

namespace headway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::values;

/// 0, 1, 2, ... in row-major order.
Array<double> counting(Dims shape, Workspace& workspace) {
    Array<double> array = Array<double>::uninitialised(std::move(shape), workspace);
    std::iota(array.mutable_data(), array.mutable_data() + array.size(), 0.0);
    return array;
}

TEST(Array, ViewsShowTheElementsOfTheSameStorage) {
    Workspace workspace;
    const Array<double> a = counting({2, 3}, workspace);
    EXPECT_THAT(values(a.permuted(std::vector{1, 0})), ElementsAre(0, 3, 1, 4, 2, 5));
    EXPECT_THAT(values(a.slice(1, 1, 3)), ElementsAre(1, 2, 4, 5));
    EXPECT_THAT(values(a.fixed(0, 1)), ElementsAre(3, 4, 5));
    EXPECT_THAT(values(a.slice(1, 0, 2).diagonal(0, 1)), ElementsAre(0, 4));
    EXPECT_THAT(values(a.fixed(0, 0).broadcast(0, 2)), ElementsAre(0, 1, 2, 0, 1, 2));
    a.fixed(0, 1).mutable_data()[0] = 30;
    EXPECT_EQ(a.data()[3], 30);
}

TEST(Array, IsContiguousOnlyInRowMajorOrderWithoutGaps) {
    Workspace workspace;
    const Array<double> a = counting({4, 3}, workspace);
    EXPECT_TRUE(a.contiguous());
    EXPECT_TRUE(a.slice(0, 1, 3).contiguous());
    EXPECT_TRUE(a.slice(0, 1, 2).permuted(std::vector{1, 0}).contiguous());
    EXPECT_FALSE(a.slice(1, 0, 2).contiguous());
    EXPECT_FALSE(a.permuted(std::vector{1, 0}).contiguous());
    EXPECT_FALSE(a.fixed(1, 0).broadcast(1, 2).contiguous());
}

TEST(Array, AViewOfForeignElementsCannotBeWritten) {
    const std::vector<float> weights{1, 2, 3};
    const Array<float> view = Array<float>::view(weights.data(), row_major({3}));
    EXPECT_THAT(values(view.slice(0, 1, 3)), ElementsAre(2, 3));
    EXPECT_THROW(view.mutable_data(), InvariantFailure);
}

TEST(Array, ASliceOutOfRangeIsOurBug) {
    Workspace workspace;
    const Array<double> a = counting({2, 3}, workspace);
    EXPECT_THROW(a.slice(1, 2, 4), InvariantFailure);
    EXPECT_THROW(a.fixed(0, -1), InvariantFailure);
    EXPECT_THROW(a.diagonal(0, 1), InvariantFailure);
    EXPECT_THROW(a.permuted(std::vector{0, 0}), InvariantFailure);
}

TEST(Array, ASizeThatOverflowsIsRefusedBeforeAnythingIsAllocated) {
    Workspace workspace;
    const std::int64_t huge = std::int64_t{1} << 33;
    EXPECT_THROW(Array<double>::uninitialised({huge, huge}, workspace), Error);
    EXPECT_EQ(workspace.arena().peak(), 0U);
}

TEST(Arena, CountsWhatIsInUseAndThePeakInBytes) {
    Workspace workspace;
    {
        const Array<double> a = counting({1000}, workspace);
        const Array<double> view = a.slice(0, 0, 10);
        EXPECT_EQ(workspace.arena().in_use(), 8000U);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(a.data()) % Arena::alignment, 0U);
    }
    EXPECT_EQ(workspace.arena().in_use(), 0U);
    EXPECT_EQ(workspace.arena().peak(), 8000U);
}

TEST(Arena, GivesAFreedBufferToTheNextArrayOfItsSize) {
    Workspace workspace;
    const double* first = counting({1000}, workspace).data();
    EXPECT_EQ(counting({1000}, workspace).data(), first);
    EXPECT_EQ(workspace.arena().peak(), 8000U);
}

TEST(Arena, RefusesWhatWouldPassTheBudgetAndSaysTheNumbers) {
    Workspace workspace({.max_memory = 10000});
    const Array<double> a = counting({1000}, workspace);
    try {
        counting({300}, workspace);
        FAIL() << "expected an Error";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Limit);
        EXPECT_THAT(error.what(),
                    HasSubstr("memory: 2432 bytes more than the 8000 in use would pass the limit of 10000"));
    }
}

TEST(Arena, BuffersKeptForReuseGiveWayToNewOnesUnderTheBudget) {
    Workspace workspace({.max_memory = 10000});
    counting({1000}, workspace);
    EXPECT_NO_THROW(counting({1200}, workspace));
    EXPECT_NO_THROW(counting({100}, workspace));
    EXPECT_LE(workspace.arena().peak(), 10000U);
}

TEST(Arena, ArraysOutliveTheirWorkspace) {
    Array<double> a;
    {
        Workspace workspace;
        a = counting({5}, workspace);
    }
    EXPECT_THAT(values(a), ElementsAre(0, 1, 2, 3, 4));
}

TEST(Threads, RunEveryTaskOnce) {
    for (const int count : {1, 2, 5}) {
        Threads threads(count);
        for (const std::int64_t n : {0, 1, 7, 1000}) {
            std::vector<std::atomic<int>> done(static_cast<std::size_t>(n));
            threads.run(n, [&](std::int64_t i) { ++done[static_cast<std::size_t>(i)]; });
            for (const std::atomic<int>& times : done) EXPECT_EQ(times, 1);
        }
    }
}

TEST(Threads, PassTheExceptionOfATaskOn) {
    Threads threads(3);
    const auto fail = [](std::int64_t i) {
        if (i == 5) throw std::runtime_error("task 5");
    };
    EXPECT_THROW(threads.run(10, fail), std::runtime_error);
    std::atomic<int> done = 0;
    threads.run(10, [&](std::int64_t) { ++done; });
    EXPECT_EQ(done, 10);
}

TEST(Threads, ServeACallFromInsideATask) {
    Threads threads(2);
    std::atomic<int> done = 0;
    threads.run(4, [&](std::int64_t) { threads.run(4, [&](std::int64_t) { ++done; }); });
    EXPECT_EQ(done, 16);
}

TEST(Threads, LessThanOneIsAnErrorOfTheCaller) { EXPECT_THROW(Threads(0), Error); }

}  // namespace
}  // namespace headway

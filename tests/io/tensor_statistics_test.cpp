// What the numbers of a tensor look like, against plain loops.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/tensor_statistics.hpp"

#include "headway/io/safetensors.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace headway {
namespace {

using test::TemporaryFolder;

WeightFiles file_of(const TemporaryFolder& folder, const std::vector<float>& values) {
    write_safetensors(
        folder / "m.safetensors",
        std::vector<TensorToWrite>{
            {"w", DType::F32, {static_cast<std::int64_t>(values.size())}, std::as_bytes(std::span(values))}});
    return open_weights(folder / "m.safetensors");
}

TEST(TensorStatistics, AreThoseOfTheFiniteValues) {
    const TemporaryFolder folder;
    const float infinite = std::numeric_limits<float>::infinity();
    const WeightFiles files = file_of(folder, {0, -3, 4, std::nanf(""), infinite, -infinite, 0, 3});
    const TensorStatistics s = statistics_of(files, files.at("w"));
    EXPECT_EQ(s.count, 8U);
    EXPECT_EQ(s.nan, 1U);
    EXPECT_EQ(s.infinite, 2U);
    EXPECT_EQ(s.zeros, 2U);
    EXPECT_EQ(s.least, -3.0);
    EXPECT_EQ(s.largest, 4.0);
    EXPECT_DOUBLE_EQ(s.mean(), 0.8);
    EXPECT_DOUBLE_EQ(s.root_mean_square(), std::sqrt(34.0 / 5));
}

TEST(TensorStatistics, ManyBlocksAreOneTensorAndEveryByteIsReported) {
    const TemporaryFolder folder;
    std::vector<float> values(700001);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 7) - 3.0F;
    values.back() = 100;
    const WeightFiles files = file_of(folder, values);
    std::uint64_t bytes = 0;
    const TensorStatistics s =
        statistics_of(files, files.at("w"), [&](std::uint64_t block) { bytes += block; });
    EXPECT_EQ(s.count, values.size());
    EXPECT_EQ(s.zeros, 100000U);
    EXPECT_EQ(s.largest, 100.0);
    EXPECT_EQ(s.sum, 100.0);  // 100,000 whole sevens
    EXPECT_EQ(bytes, 4 * values.size());
}

TEST(TensorStatistics, OfNothingAreUndefined) {
    const TemporaryFolder folder;
    const WeightFiles files = file_of(folder, {});
    const TensorStatistics s = statistics_of(files, files.at("w"));
    EXPECT_EQ(s.finite(), 0U);
    EXPECT_TRUE(std::isnan(s.mean()));
}

}  // namespace
}  // namespace headway

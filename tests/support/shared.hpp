// The folder of other people's answers (see CONTRIBUTING.md): a test that needs it skips without it and says so; with
// HEADWAY_REQUIRE_SHARED=1 in the environment it fails instead.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace headway::test {

/// The folder, or an empty path when there is none.
inline std::filesystem::path shared_folder() {
    const std::filesystem::path folder = HEADWAY_SHARED_DIR;
    return !folder.empty() && std::filesystem::is_directory(folder) ? folder : std::filesystem::path();
}

/// Whether a missing folder is a failure.
inline bool shared_is_required() {
    const char* value = std::getenv("HEADWAY_REQUIRE_SHARED");
    return value != nullptr && std::string_view(value) == "1";
}

}  // namespace headway::test

/// Declares `variable`, the path of the shared folder, or leaves the test: as a failure when the folder is required.
#define HEADWAY_SHARED_OR_SKIP(variable)                                                                \
    const std::filesystem::path variable = ::headway::test::shared_folder();                            \
    if (variable.empty() && ::headway::test::shared_is_required())                                      \
        GTEST_FAIL() << "HEADWAY_REQUIRE_SHARED=1, and there is no folder at '" HEADWAY_SHARED_DIR "'"; \
    if (variable.empty())                                                                               \
    GTEST_SKIP() << "the folder `shared` is absent: configure with -DHEADWAY_SHARED=FOLDER"

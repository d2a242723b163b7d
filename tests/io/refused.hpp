// Files that open_weights refuses: what each test of malformed weights says of a row.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/error.hpp"
#include "headway/io/weight_files.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace headway::test {

/// The bytes of a file, and a part of the message that it is refused with.
struct Refused {
    std::string bytes;
    std::string message;
    ErrorKind kind = ErrorKind::Malformed;
};

/// Each row is refused with its kind and message, in one printable line that begins with the file.
inline void expect_refused(const std::string& file_name, const std::vector<Refused>& rows) {
    const TemporaryFolder folder;
    for (const Refused& row : rows) {
        const std::filesystem::path file = folder.write(file_name, row.bytes);
        const Error error = error_of([&] { return open_weights(file); });
        const std::string_view message = error.what();
        EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(row.kind)) << message;
        EXPECT_THAT(error.what(), testing::HasSubstr(row.message));
        EXPECT_TRUE(message.starts_with(file.native() + ": ")) << message;
        EXPECT_LT(message.size(), 1000U);
        for (const char c : message) EXPECT_GE(static_cast<unsigned char>(c), 0x20U) << message;
    }
}

}  // namespace headway::test

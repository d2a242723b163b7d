// SHA-256 against the answers of FIPS 180-4, and of files that change.
// SPDX-License-Identifier: Apache-2.0
#include "headway/io/sha256.hpp"

#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace headway {

using test::expect_error;
using test::TemporaryFolder;

namespace {

constexpr std::string_view of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

std::string of_text(std::string_view text) { return sha256(std::as_bytes(std::span(text))); }

TEST(Sha256, IsThatOfTheStandardsExamples) {
    EXPECT_EQ(of_text(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(of_text("abc"), of_abc);
    EXPECT_EQ(of_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(of_text(std::string(1'000'000, 'a')),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, OfAFileIsThatOfItsBytesInPieces) {
    const TemporaryFolder folder;
    const std::string text = std::string((1 << 20) + 1, 'a') + std::string(1 << 20, 'b');
    EXPECT_EQ(sha256_of(folder.write("long", text))(), of_text(text));
    EXPECT_EQ(sha256_of(folder.write("abc", "abc"))(), of_abc);
    EXPECT_EQ(sha256_of(folder.write("empty", ""))(), of_text(""));
}

TEST(Sha256, AFileThatChangedSinceItWasNotedHasNone) {
    const TemporaryFolder folder;
    const FileHash hash = sha256_of(folder.write("file", "abc"));
    static_cast<void>(folder.write("file", "abcd"));
    expect_error(ErrorKind::Malformed, "file: was changed while it was read", [&] { return hash(); });
    std::filesystem::remove(folder / "file");
    expect_error(ErrorKind::Io, "file: cannot be opened", [&] { return hash(); });
}

TEST(Sha256, AFileThatIsNotThereCannotBeNoted) {
    const TemporaryFolder folder;
    expect_error(ErrorKind::Io, "none: cannot be opened", [&] { return sha256_of(folder / "none"); });
}

}  // namespace
}  // namespace headway

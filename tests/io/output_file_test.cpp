// SPDX-License-Identifier: Apache-2.0
#include "headway/io/output_file.hpp"

#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <thread>
#include <vector>

namespace headway {

using test::bytes_of;
using test::expect_error;
using test::TemporaryFolder;

namespace {

void expect_no_output(ErrorKind kind, const std::string& message, const std::filesystem::path& target) {
    const auto check = [&] { return check_output(target), 0; };
    const auto write = [&] { return write_file(target, "new"), 0; };
    expect_error(kind, message, check);
    expect_error(kind, message, write);
}

}  // namespace

TEST(OutputFile, AppearsWholeOnCommit) {
    const TemporaryFolder folder;
    OutputFile file(folder / "out");
    file.write("one ");
    file.write("two");
    EXPECT_FALSE(std::filesystem::exists(folder / "out"));
    file.commit();
    EXPECT_EQ(bytes_of(folder / "out"), "one two");
    EXPECT_EQ(folder.entries(), 1U);
}

TEST(OutputFile, WithoutCommitTheOldFileStaysAndNothingElse) {
    const TemporaryFolder folder;
    folder.write("out", "old");
    { OutputFile(folder / "out").write("new"); }
    EXPECT_EQ(bytes_of(folder / "out"), "old");
    EXPECT_EQ(folder.entries(), 1U);
}

TEST(OutputFile, ReplacesTheOldFileAndKeepsItsMode) {
    const TemporaryFolder folder;
    const auto target = folder.write("out", "old and longer");
    ASSERT_EQ(::chmod(target.c_str(), 0640), 0);
    write_file(target, "new");
    EXPECT_EQ(bytes_of(target), "new");
    struct stat status = {};
    ASSERT_EQ(::stat(target.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST(OutputFile, ANewFileHasTheUsersMode) {
    const TemporaryFolder folder;
    const mode_t mask = ::umask(027);
    write_file(folder / "out", "new");
    ::umask(mask);
    struct stat status = {};
    ASSERT_EQ(::stat((folder / "out").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST(OutputFile, FollowsALinkAndKeepsIt) {
    const TemporaryFolder folder;
    folder.write("real", "old");
    std::filesystem::create_symlink("real", folder / "link");
    write_file(folder / "link", "new");
    EXPECT_EQ(bytes_of(folder / "real"), "new");
    EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
}

TEST(OutputFile, IsWrittenInTheCurrentFolderWithoutOne) {
    const TemporaryFolder folder;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path());
    write_file("out", "new");
    std::filesystem::current_path(before);
    EXPECT_EQ(bytes_of(folder / "out"), "new");
}

TEST(OutputFile, ADeviceIsWrittenAsItIs) {
    write_file("/dev/null", "gone");
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
    expect_error(ErrorKind::Io, "/dev/full: cannot be written: No space left on device",
                 [] { return write_file("/dev/full", "x"), 0; });
}

TEST(OutputFile, PlacesThatCannotBeWrittenAreToldBeforehand) {  // CL13
    const TemporaryFolder folder;
    expect_no_output(ErrorKind::Io, "none/out: cannot be written: No such file or directory",
                     folder / "none/out");
    expect_no_output(ErrorKind::Io, "cannot be written: Is a directory", folder.path());
    expect_no_output(ErrorKind::Io, "cannot be written: Is a directory", folder / "new/");
    std::filesystem::create_symlink("nowhere", folder / "dangling");
    expect_no_output(ErrorKind::Io, "dangling: cannot be written: No such file or directory",
                     folder / "dangling");
    folder.write("file", "");
    expect_no_output(ErrorKind::Io, "file/out: cannot be written: Not a directory", folder / "file/out");
    expect_no_output(ErrorKind::Io, "\"\" is not a file name", "");
    expect_no_output(ErrorKind::Io, "\"a\\x00b\" is not a file name",
                     std::filesystem::path(std::string("a\0b", 3)));
    expect_no_output(ErrorKind::Io, "cannot be written: No such file", "/proc/none");
    EXPECT_EQ(folder.entries(), 2U);
}

TEST(OutputFile, AFolderThatCannotBeWrittenIsToldBeforehand) {  // CL13
    const TemporaryFolder folder;
    ASSERT_EQ(::chmod(folder.path().c_str(), 0555), 0);
    const uid_t user = ::geteuid();
    constexpr uid_t nobody = 65534;
    if (user == 0) {
        ASSERT_EQ(::seteuid(nobody), 0);  // root may write everywhere
    }
    expect_no_output(ErrorKind::Io, "out: cannot be written: Permission denied", folder / "out");
    ASSERT_EQ(::seteuid(user), 0);
}

TEST(OutputFile, AnOutputMayNotBeAnInput) {  // CL12
    const TemporaryFolder folder;
    const auto input = folder.write("in", "old");
    std::filesystem::create_symlink("in", folder / "link");
    std::filesystem::create_hard_link(input, folder / "hard");
    const std::vector<std::filesystem::path> inputs = {folder / "absent", input};
    for (const char* name : {"in", "link", "hard", "./in"}) {
        expect_error(ErrorKind::OutputIsInput, "is the input",
                     [&] { return check_output(folder / name, inputs), 0; });
    }
    EXPECT_NO_THROW(check_output(folder / "out", inputs));
    folder.write("other", "");
    EXPECT_NO_THROW(check_output(folder / "other", inputs));
    EXPECT_FALSE(std::filesystem::exists(folder / "out"));
}

TEST(OutputFile, AWriteThatFailsLeavesTheOldFileAndNoOther) {  // CL14
    const TemporaryFolder folder;
    folder.write("out", "old");
    const auto previous = std::signal(SIGXFSZ, SIG_IGN);
    rlimit before = {};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit small = before;
    small.rlim_cur = 1000;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    expect_error(ErrorKind::Io, "out: cannot be written: File too large",
                 [&] { return write_file(folder / "out", std::string(2000, 'x')), 0; });
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, previous);
    EXPECT_EQ(bytes_of(folder / "out"), "old");
    EXPECT_EQ(folder.entries(), 1U);
}

TEST(OutputFile, ManyWritersLeaveOneWholeFile) {  // CL23
    const TemporaryFolder folder;
    std::vector<std::thread> writers;
    for (int i = 0; i < 8; ++i) {
        writers.emplace_back(
            [&, i] { write_file(folder / "out", std::string(100'000, static_cast<char>('a' + i))); });
    }
    for (std::thread& writer : writers) writer.join();
    const std::string bytes = bytes_of(folder / "out");
    EXPECT_EQ(bytes, std::string(100'000, bytes.front()));
    EXPECT_EQ(folder.entries(), 1U);
}

}  // namespace headway

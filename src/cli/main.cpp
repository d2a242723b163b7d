// The command line: finds the command, and turns what it throws into one line and an exit code.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.hpp"

#include <cstddef>
#include <span>

int main(int argc, char** argv) {
    const std::span<const char* const> words(argv, static_cast<std::size_t>(argc));
    return headway::command_line(words.subspan(words.empty() ? 0 : 1));
}

// The command line: finds the command, and turns what it throws into one line and an exit code.
// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.hpp"

int main(int argc, char** argv) { return headway::command_line({argv + 1, argv + argc}); }

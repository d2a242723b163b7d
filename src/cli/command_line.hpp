// `headway COMMAND ...` as a function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

namespace headway {

/// Runs the command that the words name; returns the exit code. Nothing is thrown.
int command_line(const std::vector<std::string>& words) noexcept;
int command_line(std::span<const char* const> words) noexcept;

}  // namespace headway

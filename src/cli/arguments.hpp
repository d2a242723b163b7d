// The arguments of one command, parsed and named.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/verb.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headway {

class Arguments {
public:
    /// Throws Error(Usage) with the nearest flag.
    Arguments(const Verb& verb, std::span<const std::string> words);

    const Verb& verb() const { return verb_; }
    const std::vector<std::string>& positionals() const { return positionals_; }
    /// The positional of that place, or empty.
    std::string positional(std::size_t place) const;

    bool has(std::string_view flag) const;
    /// Of a repeatable flag the last.
    std::string text(std::string_view flag, std::string_view otherwise = {}) const;
    /// Every value of a repeatable flag, in order.
    std::vector<std::string> texts(std::string_view flag) const;
    /// A whole number within [least, most]. Throws Error(Usage).
    std::int64_t integer(std::string_view flag, std::int64_t otherwise, std::int64_t least,
                         std::int64_t most) const;
    /// A finite number. Throws Error(Usage).
    double number(std::string_view flag, double otherwise) const;
    /// `--top`: at least 1.
    std::size_t top(std::size_t otherwise) const;

    /// The flags that were given, with their values, in the order of the command's flags.
    std::vector<std::pair<std::string, std::string>> given() const;

private:
    Verb verb_;
    std::vector<std::string> positionals_;
    std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

}  // namespace headway

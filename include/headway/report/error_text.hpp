// An error as text: for people, or as one line of JSON for programs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace headway {

/// What a command says when it fails. `code`: the exit code.
struct Failure {
    int code = 0;
    std::string message;
    std::string hint = {};
};

/// `headway: error[3]: MESSAGE`, and `hint: HINT` on a second line when there is one.
std::string to_text(const Failure& failure);
/// `{"error":{"code":3,"kind":"malformed","message":MESSAGE,"hint":HINT}}`; no hint: null.
std::string to_json(const Failure& failure);

}  // namespace headway

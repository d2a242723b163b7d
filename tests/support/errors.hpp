// What an action throws, for tests that read messages.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace headway::test {

/// The Error that `action` throws; without one the test fails.
template <class Action>
Error error_of(Action action) {
    try {
        static_cast<void>(action());
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "no Error was thrown";
    return Error(ErrorKind::Usage, "(no error)");
}

/// `action` throws an Error of `kind` whose message holds `text`.
template <class Action>
void expect_error(ErrorKind kind, const std::string& text, Action action) {
    const Error error = error_of(action);
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(kind)) << error.what();
    EXPECT_THAT(error.what(), testing::HasSubstr(text));
}

}  // namespace headway::test

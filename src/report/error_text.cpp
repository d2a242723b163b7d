// SPDX-License-Identifier: Apache-2.0
#include "headway/report/error_text.hpp"

#include "headway/base/error.hpp"
#include "report/json_text.hpp"

#include <fmt/format.h>

namespace headway {

namespace {

const char* kind_of(int code) {
    switch (static_cast<ErrorKind>(code)) {
        case ErrorKind::Usage:
            return "usage";
        case ErrorKind::Malformed:
            return "malformed";
        case ErrorKind::Unsupported:
            return "unsupported";
        case ErrorKind::Io:
            return "io";
        case ErrorKind::Numeric:
            return "numeric";
        case ErrorKind::Limit:
            return "limit";
        case ErrorKind::OutputIsInput:
            return "output-is-input";
    }
    return "internal";
}

}  // namespace

std::string to_text(const Failure& failure) {
    const std::string line = fmt::format("headway: error[{}]: {}", failure.code, failure.message);
    return failure.hint.empty() ? line : fmt::format("{}\nhint: {}", line, failure.hint);
}

std::string to_json(const Failure& failure) {
    OrderedJson error{{"code", failure.code}, {"kind", kind_of(failure.code)}, {"message", failure.message}};
    error["hint"] = failure.hint.empty() ? OrderedJson(nullptr) : OrderedJson(failure.hint);
    return json_text({{"error", std::move(error)}}, -1);
}

}  // namespace headway

// A column of numbers of a table: its name and where a row has the number.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace headway {

template <class Row>
struct NumberColumn {
    const char* name;
    double Row::*value;
    int decimals;
    bool detail = false;
};

}  // namespace headway

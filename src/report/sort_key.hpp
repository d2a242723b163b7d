// By what rows of numbers are sorted.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace headway {

/// The value to 12 significant digits, so that the last bits decide nothing; undefined ones are least.
double sort_key(double value);

}  // namespace headway

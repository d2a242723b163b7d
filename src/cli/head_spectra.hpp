// heads --pairs, --judge and --eigenvalues: what copies and matches, and induction heads from weights alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/session.hpp"

namespace headway {

/// `--pairs`, `--judge`, `--eigenvalues`, and what they are of: `--circuit`, `--embed`, `--rope-offset`.
FlagGroup spectra_flags();

/// Whether the command is one of the three. Throws Error(Usage) for the other flags without one.
bool asks_for_spectra(const Arguments& arguments);

/// The command. Throws Error(Usage) for more than one of them.
int heads_spectra(const Arguments& arguments);

}  // namespace headway

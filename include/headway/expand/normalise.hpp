// The normal form: products flat, sums flat, copy tensors merged into the wires they join, equal terms
// collected.
//
// Two orders of passes end in the same object, so "are these the same terms" is a comparison of pointers.
// A sum that is a factor therefore has its ports in an order of their own: heads, positions, other
// spaces, vocabulary, and those of one space by a hash. What is left: a factor that equals itself with
// two ports exchanged may be wired either way, and a sum with more than 720 orders of ports may keep one
// that it was written in. Products are not multiplied out, that is `distribute`; hence the cost stays
// linear on residual networks. Every pass keeps the ports, looks into the arguments of functions, and
// leaves what a Frozen node links to alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/network/expression.hpp"

namespace headway {

/// Products inside products, and sums inside sums, become one; the coefficient of a single-term sum moves out
/// of its product. Throws Error(Limit) when a product would have more than a million factors.
Expr flatten(const Expr& expression);

/// Copy tensors disappear into the wires that they join: identities are dropped, chains of copies become one
/// hyper-index, `ones` next to another carrier of its index goes. What must stay: a copy that joins two
/// ports, `ones` as the only carrier of an index.
Expr merge_copies(const Expr& expression);

/// Both, to the end. Idempotent.
Expr normalise(const Expr& expression);

}  // namespace headway

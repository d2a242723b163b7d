// The gallery: tensor diagrams by name, each built from a real network expression.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/draw/tensor_diagram.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace headway {

/// A picture of the gallery and what it is a picture of.
struct GalleryEntry {
    std::string name;
    std::string title;
    Expr expression;
    TensorDiagramOptions options;
};

/// All names, from a scalar to the induction circuit.
std::vector<std::string> gallery_names();

/// Throws Error(Usage) with the nearest name.
GalleryEntry gallery_entry(std::string_view name);

/// The entry drawn, with its caption.
Diagram gallery_diagram(std::string_view name);

}  // namespace headway

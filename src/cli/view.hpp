// Which rows of a table about heads a command shows, by its flags.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/arguments.hpp"
#include "headway/report/selection.hpp"

namespace headway {

/// `--heads`, `--layers`, `--threshold`, `--top` and `--sort`; what is not given stays as in a fresh View.
template <class View>
View view_of(const Arguments& arguments, const Config& config) {
    View view;
    if (arguments.has("--heads")) view.heads = parse_heads(arguments.text("--heads"), config);
    if (arguments.has("--layers")) view.layers = parse_layers(arguments.text("--layers"), config);
    view.threshold = arguments.number("--threshold", view.threshold);
    view.top = arguments.top(view.top);
    view.sort = arguments.text("--sort", view.sort);
    return view;
}

}  // namespace headway

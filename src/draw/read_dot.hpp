// DOT text as a graph of cgraph whose order does not depend on the machine. By itself cgraph numbers named
// objects by the address of their name, and walks subgraphs in the order of these numbers: the same clusters
// then come out in another order from run to run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cgraph.h>

#include <memory>
#include <string_view>

namespace headway {

struct CloseGraph {
    void operator()(Agraph_t* graph) const { agclose(graph); }
};
using GraphPointer = std::unique_ptr<Agraph_t, CloseGraph>;

/// Null when the text is not DOT: cgraph has said why.
GraphPointer read_dot(std::string_view text);

}  // namespace headway

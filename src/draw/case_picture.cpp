// SPDX-License-Identifier: Apache-2.0
#include "headway/draw/case_picture.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/circuit/marks.hpp"
#include "headway/circuit/select.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace headway {

namespace {

constexpr double least_attention = 0.3;  // of a head that is called by what it does

// The inputs that any case edits edges into; all when none does.
std::set<Reader> inputs_of(const std::vector<AblationRow>& rows) {
    std::set<Reader> inputs;
    for (const AblationRow& row : rows)
        for (const ScaledEdge& edge : row.of.edits.edges) inputs.insert(edge.input);
    return inputs;
}

void call_heads(Circuit& circuit, const Probe& probe) {
    for (Component& component : circuit.components) {
        if (component.kind != ComponentKind::Head) continue;
        const HeadProbe& head = probe.at({component.layer, component.head});
        component.role = head.induction >= least_attention  ? "induction"
                         : head.previous >= least_attention ? "previous token"
                                                            : "";
    }
}

std::string behaviour(const AblationRow& row, const std::vector<Head>& heads) {
    std::string induction;
    for (const Head head : heads)
        induction += fmt::format("{}{} {:.2f}", induction.empty() ? "" : ", ", label(head),
                                 row.probe.at(head).induction);
    return fmt::format("In this run: induction of {}; loss {:.3f} on the first r, {:.3f} on its repetition.",
                       induction, row.probe.loss_first, row.probe.loss_second);
}

// Only edges into these inputs, as if there were no others.
void keep_inputs(Circuit& circuit, const std::set<Reader>& inputs) {
    if (inputs.empty()) return;
    std::erase_if(circuit.edges, [&](const CircuitEdge& edge) { return !inputs.contains(edge.port); });
    circuit.possible = count_edges(circuit);
}

std::string inputs_in_words(const std::set<Reader>& inputs) {
    std::string names;
    for (const Reader input : inputs)
        names += fmt::format("{}{}", names.empty() ? "" : ", ", port_name(input));
    return inputs.empty() ? "" : fmt::format("Edges into {} only.", names);
}

}  // namespace

CircuitPicture case_picture(const Circuit& whole, const std::vector<AblationRow>& rows, std::size_t which,
                            const std::vector<Head>& heads) {
    require(which < rows.size(), ErrorKind::Usage, "there is no case {} of {}", which, rows.size());
    const AblationRow& row = rows[which];
    Circuit circuit = whole;
    const std::set<Reader> inputs = inputs_of(rows);
    keep_inputs(circuit, inputs);
    mark_edits(circuit, row.of.edits);
    call_heads(circuit, row.probe);
    CircuitPicture picture = picture_of(keep(circuit, default_selection()));
    picture.title = fmt::format("{}: {}", whole.model, escaped(row.of.name));
    if (!inputs.empty()) picture.remarks.push_back(plain(inputs_in_words(inputs)));
    picture.remarks.push_back(plain(behaviour(row, heads)));
    return picture;
}

}  // namespace headway

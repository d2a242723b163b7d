// What the colours, dashes and widths of a circuit mean, below it.
// SPDX-License-Identifier: Apache-2.0
#include "draw/circuit_colours.hpp"
#include "draw/circuit_work.hpp"
#include "draw/legend.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace headway {

const char* colour_of(DrawnPort port) {
    return port == DrawnPort::Q   ? colour_q
           : port == DrawnPort::K ? colour_k
           : port == DrawnPort::V ? colour_v
                                  : colour_other;
}

std::string paler(const std::string& colour, int rank) {
    static constexpr std::array shares = {1.0, 0.66, 0.48, 0.36, 0.2};
    const double share = shares[std::min(static_cast<std::size_t>(rank), shares.size() - 1)];
    std::string mixed = "#";
    for (const std::size_t at : {1U, 3U, 5U}) {
        const int full = std::stoi(colour.substr(at, 2), nullptr, 16);
        mixed += fmt::format("{:02x}", std::lround(255 + share * (full - 255)));
    }
    return mixed;
}

std::optional<double> common_factor(const CircuitPicture& circuit) {
    constexpr int many = 6;
    std::optional<double> factor;
    int scaled = 0;
    for (const DrawnEdge& edge : circuit.edges) {
        if (!is_scaled(edge)) continue;
        if (factor && *factor != edge.factor) return std::nullopt;
        factor = edge.factor;
        ++scaled;
    }
    return scaled >= many ? factor : std::nullopt;
}

namespace {

/// The colours of the roles that heads have.
void add_roles(const CircuitPicture& circuit, Legend& legend) {
    std::vector<std::string> roles;
    for (const DrawnComponent& c : circuit.components)
        if (c.kind == DrawnKind::Head && !c.role.empty() && c.factor != 0 &&
            std::find(roles.begin(), roles.end(), c.role) == roles.end())
            roles.push_back(c.role);
    if (roles.empty()) return;
    legend.next_line();
    legend.words("heads:");
    for (const std::string& role : roles) legend.sample({tint_of_role(circuit, role), 11, Dash::Solid}, role);
}

/// How the parts of an edge are told apart.
void add_parts(const CircuitPicture& circuit, Legend& legend) {
    static constexpr std::array places = {"strongest component", "second", "third", "further"};
    std::size_t most = 0;
    for (const DrawnEdge& edge : circuit.edges) most = std::max(most, edge.parts.size());
    if (most == 0) return;
    legend.next_line();
    legend.words("parts as wide as their share of the square:");
    for (std::size_t i = 0; i < std::min(most, places.size()); ++i)
        legend.sample({paler("#444444", static_cast<int>(i)), 5, Dash::Solid}, places[i]);
    legend.sample({paler("#444444", palest), 5, Dash::Solid}, "the rest");
}

}  // namespace

void add_legend(CircuitWork& work, const EdgeScale& scale) {
    static constexpr std::array names = {"Q-composition", "K-composition", "V-composition",
                                         "into MLP or unembedding"};
    std::set<DrawnPort> ports;
    bool grey = false;
    bool negative = false;
    bool closed = false, scaled = false;
    bool cut = false;
    for (std::size_t e = 0; e < work.circuit.edges.size(); ++e) {
        const DrawnEdge& edge = work.circuit.edges[e];
        closed = closed || is_closed(edge);
        scaled = scaled || is_scaled(edge);
        cut = cut || is_stub(work, e);
        if (is_closed(edge)) continue;
        if (quiet(edge)) grey = true;
        if (!quiet(edge)) ports.insert(edge.port);
        negative = negative || (!quiet(edge) && *edge.weight < 0);
    }
    Legend legend(work.diagram);
    for (const DrawnPort port : ports)
        legend.sample({colour_of(port), 3, Dash::Solid}, names[static_cast<std::size_t>(port)]);
    if (negative) legend.sample({"#555555", 2, Dash::Dashed}, "negative");
    if (closed) legend.sample({colour_closed, 1.3, Dash::Dashed}, "closed (crossed out)");
    const std::optional<double> factor = common_factor(work.circuit);
    if (scaled)
        legend.sample({"#555555", 2, Dash::Dotted},
                      factor ? fmt::format("scaled by {:.3g}", *factor) : "scaled by the factor on it");
    if (grey)
        legend.sample({colour_quiet, 1.2, Dash::Solid},
                      cut ? "residual stream (cut short where it is long)" : "residual stream");
    if (!ports.empty()) {
        legend.next_line();
        legend.words(work.circuit.weight_name + ":");
        for (const double weight : {scale.least, (scale.least + scale.most) / 2, scale.most}) {
            legend.sample({"#555555", scale.width(weight), Dash::Solid}, fmt::format("{:.3g}", weight));
            if (scale.least == scale.most) break;
        }
        legend.words("edges run upwards: output o of a head to input q, k or v");
    }
    add_parts(work.circuit, legend);
    add_roles(work.circuit, legend);
}

}  // namespace headway

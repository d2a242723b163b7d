// The circuit graph as a picture, with the caption that says what it shows.
// SPDX-License-Identifier: Apache-2.0
#include "headway/draw/circuit_diagram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace headway {

namespace {

DrawnKind drawn(ComponentKind kind) {
    switch (kind) {
        case ComponentKind::Embed:
            return DrawnKind::Embed;
        case ComponentKind::Position:
            return DrawnKind::Position;
        case ComponentKind::Head:
            return DrawnKind::Head;
        case ComponentKind::Mlp:
            return DrawnKind::Mlp;
        case ComponentKind::Unembed:
            return DrawnKind::Unembed;
    }
    return DrawnKind::Head;
}

DrawnPort drawn(Reader port) {
    switch (port) {
        case Reader::Q:
            return DrawnPort::Q;
        case Reader::K:
            return DrawnPort::K;
        case Reader::V:
            return DrawnPort::V;
        case Reader::Mlp:
        case Reader::Unembed:
            return DrawnPort::Other;
    }
    return DrawnPort::Other;
}

/// ‖A B‖ / (‖A‖ ‖B‖), and what A and B are.
Words formula_of(const Circuit& circuit) {
    const Atom ov{"W", "OV", ""}, qk{"W", "QK", ""}, qk_transposed{"W", "QK", "T"};
    if (circuit.heads_only)
        return {{"score = \u2016", "", ""},
                {"W", "OV", "writer"},
                {" M", "", "reader"},
                {"\u2016 / (\u2016", "", ""},
                ov,
                {"\u2016 \u2016M\u2016);  M: ", "", ""},
                qk,
                {" (q), ", "", ""},
                qk_transposed,
                {" (k), ", "", ""},
                ov,
                {" (v)", "", ""}};
    Words text{{"score = \u2016A B\u2016 / (\u2016A\u2016 \u2016B\u2016);  A: ", "", ""},
               ov,
               {", ", "", ""},
               {"W", "E", ""}};
    const auto add = [&](const char* before, const char* sub, const char* sup, const char* after) {
        text.push_back({before, "", ""});
        text.push_back({"W", sub, sup});
        if (*after) text.push_back({after, "", ""});
    };
    const bool positions =
        circuit.config.positions == Positions::Learned || circuit.config.positions == Positions::Shortformer;
    if (positions) add(", ", "pos", "", "");
    if (circuit.config.has_mlp()) add(", ", "out", "", "");
    add(";  B: ", "QK", "", " (q)");
    add(", ", "QK", "T", " (k)");
    add(", ", "OV", "", " (v)");
    if (circuit.config.has_mlp()) add(", ", "in", "", "");
    add(", ", "U", "", "");
    return text;
}

std::string filter_in_words(const Circuit& circuit) {
    const std::string baseline =
        fmt::format("baseline 1/\u221a{} = {:.3f}", circuit.effective_dimension, circuit.baseline);
    return circuit.filter.empty() ? baseline : fmt::format("{}; {}", baseline, circuit.filter);
}

std::string folded_in_words(const Config& config) {
    if (config.norm == Norm::None) return {};
    if (!config.folding.gains) return "Norms are left out: nothing is folded.";
    return config.folding.centring ? "Norm gains and centring are folded into the weights."
                                   : "Norm gains are folded into the weights.";
}

// How many edges are closed, and how many scaled.
std::string edits_in_words(const Circuit& circuit) {
    std::string text;
    const auto count = [&](const char* how, const auto& holds) {
        const auto n = std::count_if(circuit.edges.begin(), circuit.edges.end(), holds);
        if (n == 0) return;
        text += text.empty() ? fmt::format("{} {} {}", n, n == 1 ? "edge is" : "edges are", how)
                             : fmt::format(", {} {} {}", n, n == 1 ? "is" : "are", how);
    };
    count("closed", [](const CircuitEdge& edge) { return edge.factor == 0; });
    count("scaled", [](const CircuitEdge& edge) { return edge.factor != 0 && edge.factor != 1; });
    return text.empty() ? text : text + ": scores are those of the untouched model.";
}

std::vector<std::string> remarks_of(const Circuit& circuit) {
    const Config& config = circuit.config;
    std::vector<std::string> lines{filter_in_words(circuit)};
    std::string line;
    const auto say = [&](const std::string& sentence) {
        if (!sentence.empty()) line += (line.empty() ? "" : " ") + sentence;
    };
    say(folded_in_words(config));
    if (config.positions == Positions::Rotary) say("Rotary positions: query and key at the same place.");
    if (config.group_size() > 1)
        say(fmt::format("{} heads share keys and values: an edge into k or v is their group's.",
                        config.group_size()));
    if (config.has_mlp())
        say(circuit.heads_only
                ? "MLPs between the heads are not looked at."
                : fmt::format("An MLP is its input and output weights{}: its function is ignored.",
                              config.gated_mlp ? ", without the gate" : ""));
    if (const std::size_t n = circuit.stream.size(); n > 0)
        say(fmt::format("Grey: {} {} of the residual stream {}, to show where components stand.", n,
                        n == 1 ? "edge" : "edges",
                        circuit.heads_only ? "without a weight" : "that the filter left out"));
    say(edits_in_words(circuit));
    if (circuit.undefined.all > 0)
        say(fmt::format("Edges without a score, since one end is zero: {}.", circuit.undefined.all));
    if (!line.empty()) lines.push_back(line);
    return lines;
}

}  // namespace

CircuitPicture picture_of(const Circuit& circuit) {
    CircuitPicture picture;
    picture.title = fmt::format("{}: {}, from the weights alone", circuit.model,
                                circuit.heads_only ? "composition of heads" : "composition of components");
    picture.formula = formula_of(circuit);
    for (const std::string& line : remarks_of(circuit)) picture.remarks.push_back(plain(line));
    picture.baseline = circuit.baseline;
    picture.parallel_blocks = circuit.config.parallel_block;
    for (const Component& c : circuit.components)
        picture.components.push_back({c.label, drawn(c.kind), c.layer, c.role, c.factor});
    for (const auto& [from, to] : circuit.stream)
        picture.edges.push_back({from, to, DrawnPort::Other, std::nullopt});
    for (const CircuitEdge& edge : circuit.edges) {
        DrawnEdge line{edge.from, edge.to, drawn(edge.port), edge.weight.score};
        if (std::isnan(edge.weight.score)) line.weight.reset();
        line.factor = edge.factor;
        for (const EdgePart& part : edge.parts)
            line.parts.push_back({part.first == part.last
                                      ? fmt::format("component {}", part.first)
                                      : fmt::format("components {}-{}", part.first, part.last),
                                  part.share});
        picture.edges.push_back(line);
    }
    return picture;
}

Diagram circuit_diagram(const Circuit& circuit) { return circuit_diagram(picture_of(circuit)); }

}  // namespace headway

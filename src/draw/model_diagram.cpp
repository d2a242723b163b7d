// SPDX-License-Identifier: Apache-2.0
#include "headway/draw/model_diagram.hpp"

#include "headway/base/error.hpp"
#include "headway/draw/tensor_diagram.hpp"
#include "headway/expand/fold.hpp"
#include "headway/expand/normalise.hpp"
#include "headway/expand/path_term.hpp"
#include "headway/expand/paths.hpp"

#include <algorithm>
#include <array>

namespace headway {

namespace {

// A term with all heads of its layers: the head ports are summed over.
Expr over_all_heads(const Expr& term) {
    std::vector<Index> indices;
    for (std::size_t i = 0; i < term->ports().size(); ++i)
        indices.push_back({term->ports()[i], static_cast<int>(i)});
    return normalise(product({{term, indices}}, {indices[indices.size() - 2], indices.back()}));
}

std::string title_of(const std::vector<int>& layers) {
    constexpr std::array classes{"direct path", "single-head paths", "virtual heads"};
    std::string text = fmt::format("{}: embed", classes[std::min(layers.size(), classes.size() - 1)]);
    for (const int layer : layers) text += fmt::format(" > L{}H*.V", layer);
    return text + " > unembed";
}

TensorDiagramOptions titled(const char* name, const std::string& title) {
    TensorDiagramOptions options;
    options.name = name;
    options.title = title;
    return options;
}

Diagram expansion(const FrozenModel& model) {
    constexpr std::size_t most = 16;
    TensorDiagramOptions options =
        titled("expansion", "Paths from the embedding through at most two heads, patterns frozen");
    std::vector<WiredTerm> terms;
    const std::vector<Index> ports{{Space::Position, 0}, {Space::Vocab, 0}};
    for (int heads = 0; heads <= std::min(2, model.config().n_layers); ++heads)
        for (const std::vector<int>& layers : layer_sequences(model.config(), Source{}, heads)) {
            const Expr term =
                fold(over_all_heads(layer_term(model, Source{}, layers)), model.config().group_size());
            options.terms.push_back({term, title_of(layers)});
            terms.push_back({1, {term, ports}});
            require(terms.size() <= most, ErrorKind::Limit,
                    "the expansion has more than {} terms: too many to draw", most);
        }
    return diagram_of(sum(terms, ports), options);
}

}  // namespace

Diagram model_diagram(const Config& config, const std::string& what) {
    const FrozenModel model(config);
    if (what == "expansion") return expansion(model);
    if (what.find('>') != std::string::npos && what.find("->") == std::string::npos) {
        const Path path = parse_path(what);
        return diagram_of(path_term(model, path), titled("path", label(path)));
    }
    TensorDiagramOptions options = titled("part", what);
    for (const Definition& definition : model.untouched().definitions) {
        if (definition.name != what) continue;
        for (const Definition& other : model.untouched().definitions)
            if (other.node != definition.node) options.boxes.push_back(other);
        return diagram_of(definition.node, options);
    }
    options.boxes = model.frozen().definitions;
    const Expr expression = parse_network(what, model.frozen().definitions).output;
    std::erase_if(options.boxes, [&](const Definition& box) { return box.node == expression; });
    return diagram_of(expression, options);
}

}  // namespace headway

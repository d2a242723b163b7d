// headway diagram: the notation as pictures.
// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/draw/dot.hpp"
#include "headway/draw/gallery.hpp"
#include "headway/draw/model_diagram.hpp"
#include "headway/draw/render.hpp"
#include "headway/draw/tensor_diagram.hpp"
#include "headway/io/output_file.hpp"
#include "headway/measure/quantity.hpp"

namespace headway {

namespace {

Table gallery_rows() {
    Table table;
    table.caption = {"Diagrams by name: headway diagram NAME -o FILE.svg (or .dot, .png, .pdf)."};
    table.columns = {{"name", ColumnKind::Text}, {"shows", ColumnKind::Text}};
    for (const std::string& name : gallery_names()) table.rows.push_back({name, gallery_entry(name).title});
    return table;
}

// The network behind a number.
Diagram quantity_diagram(const Config& config, const std::string& name) {
    const Quantity made = quantity(config, name);
    TensorDiagramOptions options;
    options.name = "quantity";
    options.title = name;
    options.boxes = made.network.definitions;
    return diagram_of(made.network.output, options);
}

Diagram diagram_of_model(const Config& config, const std::string& name) {
    return names_quantity(name) ? quantity_diagram(config, name) : model_diagram(config, name);
}

int diagram(const Arguments& arguments) {
    const std::string name = arguments.positional(0);
    if (name.empty()) {
        write({.command = "diagram", .options = arguments.given(), .table = gallery_rows()},
              destination(arguments, {}));
        return 0;
    }
    const std::filesystem::path file = arguments.text("--output");
    const Picture format = picture_format(arguments);
    const std::string where = arguments.positional(1);
    check_text_output(arguments, {where});
    require(!file.empty() || format == Picture::Dot || format == Picture::Svg, ErrorKind::Usage,
            "diagram: a picture needs a file: -o FILE.png");
    require(!where.empty() || !names_quantity(name), ErrorKind::Usage,
            "diagram: {} is of a model: headway diagram NAME MODEL", quote(name));
    const Diagram picture =
        where.empty() ? gallery_diagram(name) : diagram_of_model(open_model(arguments, where).config(), name);
    write_bytes(file, render(dot(picture), format));
    return 0;
}

}  // namespace

Verb diagram_verb() {
    return {
        .name = "diagram",
        .summary = "Tensor diagrams: heads, layers, expansions, composition, virtual heads, induction",
        .usage = "[NAME [MODEL] -o FILE]",
        .positionals = {"NAME", "MODEL"},
        .required = 0,
        .groups = {picture_flags(), model_flags(), general_flags()},
        .examples = {"headway diagram", "headway diagram k-composition -o k-composition.svg",
                     "headway diagram two-layer-expansion -o sheet.pdf",
                     "headway diagram expansion example:attn-only-2l -o expansion.svg",
                     "headway diagram 'embed > L0H3.V > L1H4.V > unembed' example:attn-only-2l -o path.svg",
                     "headway diagram 'attn[L0]' llama/ -o attention.svg",
                     "headway diagram 'matching:L0H3>L1H4.K' example:attn-only-2l -o matching.svg"},
        .notes =
            "Without a name the diagrams in general are listed. With a MODEL, NAME is a part of its network "
            "(attn[L0], A[L1],\n"
            "logits), a path, expansion, a number (network --score), or any network text. Without -o the "
            "picture is DOT text on stdout.",
        .run = diagram};
}

}  // namespace headway

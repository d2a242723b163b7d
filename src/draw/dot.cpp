// SPDX-License-Identifier: Apache-2.0
#include "headway/draw/dot.hpp"

#include "draw/style.hpp"
#include "headway/base/error.hpp"

#include <fmt/core.h>

#include <cmath>

namespace headway {

namespace {

/// A length or place in points: two decimals, no trailing zeros, no minus zero.
std::string number(double value) {
    const double rounded = std::round(value * 100) / 100;
    std::string text = fmt::format("{:.2f}", rounded == 0 ? 0.0 : rounded);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

std::string inches(double points) { return fmt::format("{:.4f}", points / 72); }

std::string place(Point p) { return number(p.x) + "," + number(p.y); }

bool is_plain(const Words& text) {
    return text.size() <= 1 && (text.empty() || (text[0].sub.empty() && text[0].sup.empty()));
}

/// A line as cells of one row; the scripts of an atom are two small rows beside its base.
std::string html_line(const Words& text, double size, bool bold) {
    const auto font = [&](const std::string& words, double points) {
        const std::string set = fmt::format("<FONT POINT-SIZE=\"{}\">{}</FONT>", number(points), words);
        return bold ? "<B>" + set + "</B>" : set;
    };
    std::string cells;
    std::string below;
    bool scripts = false;
    for (const Atom& atom : text) scripts = scripts || !atom.sub.empty() || !atom.sup.empty();
    const char* span = scripts ? " ROWSPAN=\"2\"" : "";
    for (const Atom& atom : text) {
        if (!atom.base.empty())
            cells += fmt::format("<TD{}>{}</TD>", span, font(dot_html(atom.base, 400), size));
        if (atom.sub.empty() && atom.sup.empty()) continue;
        const auto script = [&](const std::string& words) {
            return "<TD ALIGN=\"LEFT\">" + font(words.empty() ? "&#160;" : dot_html(words), 0.65 * size) +
                   "</TD>";
        };
        cells += script(atom.sup);
        below += script(atom.sub);
    }
    if (scripts && below.empty()) below = "<TD></TD>";
    return "<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"0\"><TR>" + cells + "</TR>" +
           (scripts ? "<TR>" + below + "</TR>" : "") + "</TABLE>";
}

std::string label_of(const Box& box) {
    if (box.note.empty()) {
        if (is_plain(box.label)) {
            const std::string words = box.label.empty() ? "" : box.label[0].base;
            if (box.kind != BoxKind::Note) return dot_quoted(words);
            std::string quoted = dot_quoted(words, 400);
            quoted.insert(quoted.size() - 1, box.flipped ? "\\r" : "\\l");
            return quoted;
        }
        const std::string line = html_line(box.label, box.size, box.bold);
        if (box.kind != BoxKind::Note) return "<" + line + ">";
        // Flush left as plain words are, whatever the fonts make of the width.
        return fmt::format(
            "<<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"0\" WIDTH=\"{}\"><TR>"
            "<TD ALIGN=\"LEFT\">{}</TD></TR></TABLE>>",
            number(box.width), line);
    }
    return fmt::format(
        "<<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"0\"><TR><TD>{}</TD></TR>"
        "<TR><TD><FONT POINT-SIZE=\"{}\" COLOR=\"#555555\">{}</FONT></TD></TR></TABLE>>",
        html_line(box.label, box.size, box.bold), number(0.7 * box.size), dot_html(box.note));
}

/// An attention head: `o` above, its name, and `q k v` below, where edges arrive.
std::string head_label(const Box& box) {
    const double port = box.width / 3;
    const auto cell = [&](const char* name, const char* colour, const char* sides) {
        return fmt::format(
            "<TD PORT=\"{0}\" WIDTH=\"{1}\" HEIGHT=\"{2}\" SIDES=\"{3}\" BGCOLOR=\"#ffffff\">"
            "<FONT POINT-SIZE=\"9\" COLOR=\"{4}\"><B>{0}</B></FONT></TD>",
            name, number(port), number(head_port_height), sides, colour);
    };
    const std::string fill = box.colour.empty() ? fill_of(box.kind) : box.colour;
    std::string role;
    if (!box.note.empty()) {
        role = fmt::format("<BR/><FONT POINT-SIZE=\"8.5\" COLOR=\"#444444\">{}</FONT>", dot_html(box.note));
    }
    return fmt::format(
        "<<TABLE BORDER=\"0\" CELLBORDER=\"1\" CELLSPACING=\"0\" CELLPADDING=\"0\" COLOR=\"{0}\">"
        "<TR><TD COLSPAN=\"3\" PORT=\"o\" WIDTH=\"{1}\" HEIGHT=\"{2}\" SIDES=\"LTR\" BGCOLOR=\"#ffffff\">"
        "<FONT POINT-SIZE=\"9\" COLOR=\"#555555\">o</FONT></TD></TR>"
        "<TR><TD COLSPAN=\"3\" WIDTH=\"{1}\" HEIGHT=\"{3}\" SIDES=\"LTRB\" BGCOLOR=\"{4}\">"
        "<FONT POINT-SIZE=\"12\"><B>{5}</B></FONT>{6}</TD></TR><TR>{7}{8}{9}</TR></TABLE>>",
        line_of(box.kind), number(box.width), number(head_output_height),
        number(box.height - head_port_height - head_output_height), fill,
        dot_html(box.label.empty() ? "" : box.label[0].base), role, cell("q", colour_q, "LBR"),
        cell("k", colour_k, "BR"), cell("v", colour_v, "BR"));
}

std::string attributes(const Box& box) {
    const std::string fill = box.colour.empty() ? fill_of(box.kind) : box.colour;
    switch (box.kind) {
        case BoxKind::Head:
            return "shape=plain, fixedsize=false, label=" + head_label(box);
        case BoxKind::Note:
            return fmt::format("shape=none, margin=0, fontsize={}, fontcolor=\"{}\"{}, label={}",
                               number(box.size), box.colour.empty() ? "#1a1a1a" : box.colour,
                               box.bold && is_plain(box.label) ? ", fontname=\"DejaVu Sans Bold\"" : "",
                               label_of(box));
        case BoxKind::Mark:
            return "shape=point, style=invis, label=\"\"";
        case BoxKind::Copy:
        case BoxKind::Junction:
            return "shape=circle, style=filled, fillcolor=\"#1a1a1a\", label=\"\"";
        case BoxKind::Diagonal:
            return fmt::format(
                "shape=circle, style=filled, fillcolor=\"{}\", color=\"{}\", fontsize={}, label={}", fill,
                line_of(box.kind), number(box.size), label_of(box));
        case BoxKind::Isometry:
            return fmt::format(
                "shape=triangle, orientation={}, style=filled, fillcolor=\"{}\", color=\"{}\", "
                "fontsize={}, label={}",
                box.flipped ? 270 : 90, fill, line_of(box.kind), number(box.size), label_of(box));
        default:
            return fmt::format(
                "shape=box, style=\"rounded,filled\", fillcolor=\"{}\", color=\"{}\", fontsize={}, label={}",
                fill, line_of(box.kind), number(box.size), label_of(box));
    }
}

std::string box_line(const Box& box) {
    std::string line = fmt::format("\"{}\" [class=\"{}\"", box.id, name_of(box.kind));
    if (box.operand >= 0) line += fmt::format(", operand={}", box.operand);
    if (box.leg >= 0) line += fmt::format(", leg={}", box.leg);
    line += fmt::format(", pos=\"{}\", width={}, height={}, {}", place(box.at), inches(box.width),
                        inches(box.height), attributes(box));
    if (!box.tooltip.empty()) line += ", tooltip=" + dot_quoted(box.tooltip, 400);
    return line + "];\n";
}

std::string end_of(const End& end) {
    return end.port.empty() ? "\"" + end.box + "\"" : "\"" + end.box + "\":\"" + end.port + "\"";
}

std::string wire_line(const Wire& wire, std::size_t number_of_wire) {
    invariant(wire.path.size() >= 4 && wire.path.size() % 3 == 1, "a wire's path is a cubic spline");
    std::string path;
    for (const Point& p : wire.path) path += (path.empty() ? "" : " ") + place(p);
    std::string line =
        fmt::format("{} -> {} [id=\"wire{}\"", end_of(wire.from), end_of(wire.to), number_of_wire);
    if (wire.from.leg >= 0 || wire.to.leg >= 0)
        line += fmt::format(", legs=\"{},{}\"", wire.from.leg, wire.to.leg);
    if (!wire.name.empty()) line += ", class=" + dot_quoted(wire.name);
    line += fmt::format(", color=\"{}\", penwidth={}", wire.stroke.colour, number(wire.stroke.width));
    if (wire.stroke.dash == Dash::Dashed) line += ", style=dashed";
    if (wire.stroke.dash == Dash::Dotted) line += ", style=dotted";
    if (!wire.label.empty())
        line += ", label=" + dot_quoted(wire.label) + ", lp=\"" + place(wire.label_at) + "\"";
    if (!wire.tooltip.empty()) line += ", tooltip=" + dot_quoted(wire.tooltip, 400);
    return line + ", pos=\"" + path + "\"];\n";
}

std::string region_text(const Diagram& diagram, int index, const std::string& indent) {
    std::string out;
    for (const Box& box : diagram.boxes) {
        if (box.region == index) out += indent + box_line(box);
    }
    for (std::size_t i = 0; i < diagram.regions.size(); ++i) {
        const Region& region = diagram.regions[i];
        if (region.parent != index) continue;
        out += fmt::format("{}subgraph \"cluster_{}\" {{\n{}  graph [label=\"\", class=\"{}\"", indent,
                           region.id, indent, name_of(region.kind));
        if (region.operand >= 0) out += fmt::format(", operand={}", region.operand);
        if (region.kind == RegionKind::Term) out += fmt::format(", coefficient={}", region.coefficient);
        out += fmt::format(
            ", bb=\"{},{}\", style=\"{}\", color=\"{}\", bgcolor=\"{}\"];\n", place(region.low),
            place(region.high), region.kind == RegionKind::Function ? "dashed,rounded" : "rounded",
            region.kind == RegionKind::Sum && region.operand < 0 ? "#ffffff" : line_of(region.kind),
            fill_of(region.kind));
        out += region_text(diagram, static_cast<int>(i), indent + "  ") + indent + "}\n";
    }
    for (std::size_t i = 0; i < diagram.wires.size(); ++i) {
        if (diagram.wires[i].region == index) out += indent + wire_line(diagram.wires[i], i);
    }
    return out;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

}  // namespace

std::string dot_quoted(std::string_view text, std::size_t limit) {
    std::string out = shown(text, limit);
    replace_all(out, "\\", "\\\\");
    replace_all(out, "&", "&amp;");
    replace_all(out, "\"", "\\\"");
    return "\"" + out + "\"";
}

std::string dot_html(std::string_view text, std::size_t limit) {
    if (text.empty()) return "&#160;";  // an element without text is an error
    std::string safe = shown(text, limit);
    replace_all(safe, "\u2423", "\u00a0");  // inside a formula a blank at the edge of a word is just a blank
    replace_all(safe, "\\", "\\\\");        // HTML-like labels expand \N, \G ... as plain ones do
    std::string out;
    for (const char c : safe) {
        const bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                            c == ' ' || static_cast<unsigned char>(c) >= 0x80;
        out += letter ? std::string(1, c) : fmt::format("&#{};", static_cast<int>(c));
    }
    return out;
}

std::string dot(const Diagram& diagram) {
    std::string out = "digraph " + dot_quoted(diagram.name) + " {\n";
    out += "  graph [layout=nop2, outputorder=edgesfirst, bgcolor=white, fontname=\"DejaVu Sans\"];\n";
    out += "  node [fontname=\"DejaVu Sans\", fixedsize=true, fontcolor=\"#1a1a1a\"];\n";
    out += "  edge [fontname=\"DejaVu Sans\", fontsize=9, fontcolor=\"#555555\", dir=none];\n";
    out += region_text(diagram, -1, "  ");
    return out + "}\n";
}

}  // namespace headway

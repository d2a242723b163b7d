// SPDX-License-Identifier: Apache-2.0
#include "draw/style.hpp"

namespace headway {

const char* fill_of(BoxKind kind) {
    switch (kind) {
        case BoxKind::Weight:
            return "#dde7f1";
        case BoxKind::Input:
            return "#f4ead2";
        case BoxKind::Pattern:
            return "#dcefdc";
        case BoxKind::Structure:
            return "#f3f3f3";
        case BoxKind::Function:
            return "#eee4f4";
        case BoxKind::Isometry:
            return "#dde7f1";
        case BoxKind::Diagonal:
            return "#ffffff";
        case BoxKind::Stream:
            return "#f4ead2";
        default:
            return "#f3f3f3";
    }
}

const char* line_of(BoxKind kind) {
    switch (kind) {
        case BoxKind::Pattern:
            return "#5f8a5f";
        case BoxKind::Input:
        case BoxKind::Stream:
            return "#9a8a5c";
        case BoxKind::Weight:
        case BoxKind::Isometry:
            return "#5f7386";
        case BoxKind::Function:
            return "#85689a";
        default:
            return "#8a8a8a";
    }
}

const char* name_of(BoxKind kind) {
    switch (kind) {
        case BoxKind::Weight:
            return "weight";
        case BoxKind::Input:
            return "input";
        case BoxKind::Pattern:
            return "pattern";
        case BoxKind::Structure:
            return "structure";
        case BoxKind::Function:
            return "function";
        case BoxKind::Isometry:
            return "isometry";
        case BoxKind::Diagonal:
            return "diagonal";
        case BoxKind::Copy:
            return "copy";
        case BoxKind::Junction:
            return "junction";
        case BoxKind::Stream:
            return "stream";
        case BoxKind::Head:
            return "head";
        case BoxKind::Mark:
            return "mark";
        case BoxKind::Note:
            return "note";
    }
    return "";
}

const char* fill_of(RegionKind kind) { return kind == RegionKind::Function ? "#fbf8fd" : "#ffffff"; }

const char* line_of(RegionKind kind) { return kind == RegionKind::Function ? "#85689a" : "#c8c8c8"; }

const char* name_of(RegionKind kind) {
    return kind == RegionKind::Function ? "function" : kind == RegionKind::Sum ? "sum" : "term";
}

Stroke stroke_of(Space space) {
    switch (space) {
        case Space::Vocab:
            return {"#2166ac", 2.2, Dash::Solid};
        case Space::Position:
            return {"#8c8c8c", 1.6, Dash::Solid};
        case Space::Residual:
            return {"#1a1a1a", 1.9, Dash::Solid};
        case Space::HeadInner:
            return {"#7b3f98", 1.4, Dash::Solid};
        case Space::Head:
            return {"#d9822b", 1.2, Dash::Solid};
        case Space::Member:
            return {"#d9822b", 1.0, Dash::Dashed};
        case Space::Neuron:
            return {"#8c5a2b", 2.2, Dash::Solid};
        case Space::Layer:
            return {"#3b8f8f", 1.0, Dash::Solid};
        case Space::Channel:
            return {"#b0235f", 1.0, Dash::Solid};
    }
    return {};
}

}  // namespace headway

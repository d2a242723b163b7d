// SPDX-License-Identifier: Apache-2.0
#include "network/structure_text.hpp"

namespace headway {

namespace {

// `rope(8,10000)`, `rope(8,10000,adjacent)`, `rope(8,10000,linear(4))`, `rope(8,10000,llama3(8,1,4,8192))`.
std::string rope_name(const Rotary& rotary) {
    std::string text =
        fmt::format("rope({},{}{}", rotary.dims, rotary.theta, rotary.adjacent_pairs ? ",adjacent" : "");
    if (rotary.scaling == RotaryScaling::Linear) text += fmt::format(",linear({})", rotary.factor);
    if (rotary.scaling == RotaryScaling::Llama3)
        text += fmt::format(",llama3({},{},{},{})", rotary.factor, rotary.low_factor, rotary.high_factor,
                            rotary.original_ctx);
    return text + ")";
}

}  // namespace

std::string structure_name(const Structure& structure) {
    switch (structure.relation) {
        case Relation::Token:
            return "token";
        case Relation::Causal:
            return structure.value == 0 ? "causal" : fmt::format("causal({})", structure.value);
        case Relation::Before:
            return "before";
        case Relation::Shift:
            return fmt::format("shift({})", structure.value);
        case Relation::OneHot:
            return fmt::format("one_hot({})", structure.value);
        case Relation::Centre:
            return "centre";
        case Relation::Rope:
            return rope_name(structure.rotary);
        case Relation::Distance:
            return "distance";
    }
    return {};
}

namespace {

// `(8,10000)` and what follows the name in the other forms of a rotation.
Rotary take_rotary(Cursor& in) {
    Rotary rotary;
    in.expect("(");
    rotary.dims = in.number<int>("the number of rotated dimensions");
    in.expect(",");
    rotary.theta = in.number<double>("theta");
    if (in.take(",adjacent")) rotary.adjacent_pairs = true;
    if (in.take(",linear(")) {
        rotary.scaling = RotaryScaling::Linear;
        rotary.factor = in.number<double>("a factor");
        in.expect(")");
    } else if (in.take(",llama3(")) {
        rotary.scaling = RotaryScaling::Llama3;
        for (double* number : {&rotary.factor, &rotary.low_factor, &rotary.high_factor}) {
            *number = in.number<double>("a factor");
            in.expect(",");
        }
        rotary.original_ctx = in.number<int>("the context length before scaling");
        in.expect(")");
    }
    in.expect(")");
    return rotary;
}

}  // namespace

std::int64_t take_number_in_brackets(Cursor& in) {
    in.expect("(");
    const auto value = in.number<std::int64_t>("a whole number");
    in.expect(")");
    return value;
}

std::optional<Expr> take_structure(Cursor& in, std::string_view name) {
    if (name == "token") return structure({Relation::Token, 0, {}});
    if (name == "causal")
        return structure({Relation::Causal, in.peek() == '(' ? take_number_in_brackets(in) : 0, {}});
    if (name == "before") return structure({Relation::Before, 0, {}});
    if (name == "centre") return structure({Relation::Centre, 0, {}});
    if (name == "distance") return structure({Relation::Distance, 0, {}});
    if (name == "shift") return structure({Relation::Shift, take_number_in_brackets(in), {}});
    if (name == "rope") return structure({Relation::Rope, 0, take_rotary(in)});
    return std::nullopt;
}

}  // namespace headway

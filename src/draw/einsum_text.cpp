// SPDX-License-Identifier: Apache-2.0
#include "draw/einsum_text.hpp"

#include <set>

namespace headway {

namespace {

std::string letters_of(Space space) {
    switch (space) {
        case Space::Position:
            return "qklpst";
        case Space::Vocab:
            return "vwu";
        case Space::Head:
            return "hgij";
        case Space::Member:
            return "rij";
        case Space::Neuron:
            return "mn";
        case Space::Channel:
            return "cab";
        case Space::Layer:
            return "xyz";
        default:
            return "defijabc";
    }
}

std::string fresh(Space space, std::set<char>& used) {
    for (const char c : letters_of(space) + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
        if (used.insert(c).second) return {c};
    }
    return "?";
}

}  // namespace

std::string einsum_text(const Expr& expression) {
    const auto* product = expression->as<Product>();
    std::vector<Space> spaces = expression->ports();
    if (product != nullptr) spaces.insert(spaces.end(), product->bound.begin(), product->bound.end());
    std::set<char> used;
    std::vector<std::string> letters(spaces.size());
    std::string out;
    const auto take = [&](int label) {
        std::string& letter = letters[static_cast<std::size_t>(label)];
        if (letter.empty()) letter = fresh(spaces[static_cast<std::size_t>(label)], used);
        return letter;
    };
    if (product != nullptr) {
        for (const Use& use : product->factors) {
            if (!out.empty()) out += ",";
            for (const int label : use.labels) out += take(label);
        }
    } else {
        for (std::size_t i = 0; i < spaces.size(); ++i) out += take(static_cast<int>(i));
    }
    out += " \u2192 ";
    for (std::size_t i = 0; i < expression->ports().size(); ++i) out += take(static_cast<int>(i));
    return out;
}

}  // namespace headway

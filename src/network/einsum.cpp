// SPDX-License-Identifier: Apache-2.0
#include "headway/network/notation.hpp"
#include "network/functions.hpp"
#include "network/listing.hpp"

#include <fmt/format.h>

#include <map>

namespace headway {

namespace {

std::string utf8(char32_t point) {
    const auto byte = [](char32_t bits) { return static_cast<char>(static_cast<unsigned char>(bits)); };
    if (point < 0x80) return {byte(point)};
    if (point < 0x800) return {byte(0xC0 | (point >> 6)), byte(0x80 | (point & 0x3F))};
    if (point < 0x10000)
        return {byte(0xE0 | (point >> 12)), byte(0x80 | ((point >> 6) & 0x3F)), byte(0x80 | (point & 0x3F))};
    return {byte(0xF0 | (point >> 18)), byte(0x80 | ((point >> 12) & 0x3F)),
            byte(0x80 | ((point >> 6) & 0x3F)), byte(0x80 | (point & 0x3F))};
}

// Letters of labels by first appearance.
class Letters {
public:
    std::string of(const std::vector<int>& labels) {
        std::string text;
        for (const int label : labels)
            text += einsum_letter(numbers_.try_emplace(label, numbers_.size()).first->second);
        return text;
    }

private:
    std::map<int, std::size_t> numbers_;
};

// One product, its port i being `outer[i]` of where it stands: the outputs in the order 0, 1, ...
Einsum einsum_of(const Listing& listing, std::int64_t coefficient, const std::vector<Use>& factors,
                 const std::vector<int>& outer) {
    Letters letters;
    Einsum result{.coefficient = coefficient, .equation = {}, .operands = {}};
    for (const Use& factor : factors) {
        result.equation += (result.operands.empty() ? "" : ",") + letters.of(factor.labels);
        result.operands.push_back(listing.name(factor.node));
    }
    std::vector<int> ports(outer.size());
    for (std::size_t i = 0; i < outer.size(); ++i)
        ports[static_cast<std::size_t>(outer[i])] = static_cast<int>(i);
    result.equation += "->" + letters.of(ports);
    return result;
}

Einsum einsum_of(const Listing& listing, std::int64_t coefficient, const Use& use, bool open) {
    const auto* product = use.node->as<Product>();
    if (open && product != nullptr) return einsum_of(listing, coefficient, product->factors, use.labels);
    // A node that stands alone: its own ports are the labels, in the order that `use.labels` gives them.
    return einsum_of(listing, coefficient, {Use{use.node, straight_ports(use.labels.size())}}, use.labels);
}

EinsumLine line_of(const Listing& listing, const Definition& line) {
    EinsumLine result{.name = line.name, .function = {}, .mask = {}, .terms = {}};
    const std::vector<int> ports = straight_ports(line.node->ports().size());
    if (const auto* sum = line.node->as<Sum>()) {
        for (const Term& term : sum->terms)
            result.terms.push_back(
                einsum_of(listing, term.coefficient, term.use, listing.in_place(term.use.node)));
    } else if (const auto* apply = line.node->as<Apply>()) {
        Letters letters;
        const std::vector<int> all = straight_ports(apply->argument->ports().size());
        const std::string own = letters.of(all);
        result.function = function_name(apply->function);
        if (apply->function == Function::Softmax) result.function += "_" + letters.of({apply->axis});
        if (apply->function == Function::Rstd)
            result.function += "_" + letters.of({all.end() - apply->consumed, all.end()});
        if (apply->function == Function::SoftCap) result.function += fmt::format("({})", apply->parameter);
        if (apply->mask)
            result.mask =
                fmt::format("{} {}", letters.of(apply->mask->labels), listing.name(apply->mask->node));
        result.terms.push_back({1, own + "->" + letters.of(ports), {listing.name(apply->argument)}});
    } else if (const auto* family = line.node->as<Family>()) {
        result.function = "family";
        for (const Expr& member : family->members)
            result.terms.push_back(
                einsum_of(listing, 1, {member, straight_ports(member->ports().size())}, false));
    } else {
        result.terms.push_back(einsum_of(listing, 1, {line.node, ports}, true));
    }
    return result;
}

std::string term_text(const Einsum& einsum) {
    const std::string factor = einsum.coefficient == 1 ? "" : fmt::format("{} * ", einsum.coefficient);
    return fmt::format("{}{}  {}", factor, einsum.equation, fmt::join(einsum.operands, " "));
}

std::string line_text(const EinsumLine& line) {
    if (line.terms.empty()) return fmt::format("{} = 0\n", line.name);
    if (line.function.empty()) {
        std::string text;
        for (const Einsum& term : line.terms)
            text += fmt::format("{} {} {}\n", line.name, text.empty() ? "=" : "+=", term_text(term));
        return text;
    }
    std::string arguments;
    for (const Einsum& term : line.terms) arguments += (arguments.empty() ? "" : "; ") + term_text(term);
    return fmt::format("{} = {}({}{})\n", line.name, line.function, line.mask.empty() ? "" : line.mask + "; ",
                       arguments);
}

}  // namespace

std::string einsum_letter(std::size_t i) {
    if (i < 26) return {static_cast<char>('a' + i)};
    if (i < 52) return {static_cast<char>('A' + (i - 26))};
    // Over the surrogates, as opt_einsum steps.
    return utf8(static_cast<char32_t>(i >= 55296 ? i + 2048 : i + 140));
}

std::vector<EinsumLine> einsum_lines(const Network& network) {
    const Listing listing(network);
    std::vector<EinsumLine> lines;
    for (const Definition& line : listing.lines()) lines.push_back(line_of(listing, line));
    return lines;
}

std::string einsum(const Network& network) {
    std::string text;
    for (const EinsumLine& line : einsum_lines(network)) text += line_text(line);
    return text;
}

std::string einsum(const Expr& expression) {
    const std::vector<EinsumLine> lines = einsum_lines({{}, expression});
    if (lines.size() == 1 && lines[0].function.empty() && lines[0].terms.size() == 1)
        return term_text(lines[0].terms[0]) + "\n";
    return einsum(Network{{}, expression});
}

}  // namespace headway

// Index notation and LaTeX: one writer, two ways to spell.
// SPDX-License-Identifier: Apache-2.0
#include "headway/network/notation.hpp"
#include "network/functions.hpp"
#include "network/listing.hpp"

#include <fmt/format.h>

#include <string_view>

namespace headway {

namespace {

using Names = std::vector<std::string>;

// How names, indices and signs are spelled.
struct Spelling {
    std::string (*tensor)(const std::string& name, const Names& indices);
    std::string (*sum_over)(const Names& indices);
    // `over`: the indices that it runs over, or none; so is the mask.
    std::string (*function)(std::string_view name, const Names& over, const std::string& mask,
                            const std::string& argument);
    std::string (*line)(const std::string& left, const std::string& right);
};

std::string plain_tensor(const std::string& name, const Names& indices) {
    return indices.empty() ? name : fmt::format("{}[{}]", name, fmt::join(indices, ","));
}

std::string plain_sum(const Names& indices) {
    return indices.empty() ? "" : fmt::format("Σ_{{{}}} ", fmt::join(indices, ","));
}

std::string plain_function(std::string_view name, const Names& over, const std::string& mask,
                           const std::string& argument) {
    return fmt::format("{}{}{}({}{})", name, over.empty() ? "" : "_", fmt::join(over, "_"),
                       mask.empty() ? "" : mask + "; ", argument);
}

std::string plain_line(const std::string& left, const std::string& right) {
    return left + " = " + right + "\n";
}

constexpr Spelling plain_spelling{plain_tensor, plain_sum, plain_function, plain_line};

// Letters and digits stay; all that TeX would read as something else is spelled out.
std::string tex_words(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (std::string_view("_&%$#{}").find(c) != std::string_view::npos) result += '\\';
        if (c == '\\' || c == '^' || c == '~')
            result += fmt::format("\\char{} ", static_cast<int>(c));
        else
            result += c;
    }
    return result;
}

// Words of several letters are no products of variables.
std::string tex_upright(const std::string& text) {
    return text.size() == 1 ? text : fmt::format("\\mathrm{{{}}}", tex_words(text));
}

// `k1` is k with subscript 1.
std::string tex_indices(const Names& indices) {
    std::string text;
    for (const std::string& index : indices)
        text += index.size() == 1 ? index : fmt::format("{}_{{{}}}", index[0], index.substr(1));
    return text;
}

// `W_Q[L0H3]`: W with Q below and L0H3 above.
std::string tex_symbol(const std::string& name) {
    const std::size_t open = name.find('[');
    const std::string stem = name.substr(0, open);
    const bool has_below = stem.find('_') == 1 && stem.find_first_of("_.", 2) == std::string::npos;
    std::string text = stem == "delta" ? "\\delta" : tex_upright(stem);
    if (has_below) text = fmt::format("{}_{{{}}}", stem[0], tex_upright(stem.substr(2)));
    if (open == std::string::npos) return text;
    return fmt::format("{}^{{{}}}", text, tex_words(name.substr(open + 1, name.size() - open - 2)));
}

std::string tex_tensor(const std::string& name, const Names& indices) {
    return indices.empty() ? tex_symbol(name)
                           : fmt::format("{{{}}}_{{{}}}", tex_symbol(name), tex_indices(indices));
}

std::string tex_sum(const Names& indices) {
    return indices.empty() ? "" : fmt::format("\\sum_{{{}}} ", tex_indices(indices));
}

std::string tex_function(std::string_view name, const Names& over, const std::string& mask,
                         const std::string& argument) {
    return fmt::format("\\operatorname{{{}}}{}\\left({}{}\\right)", tex_words(name),
                       over.empty() ? "" : fmt::format("_{{{}}}", tex_indices(over)),
                       mask.empty() ? "" : mask + ";\\, ", argument);
}

std::string tex_line(const std::string& left, const std::string& right) {
    return left + " &= " + right + " \\\\\n";
}

constexpr Spelling tex_spelling{tex_tensor, tex_sum, tex_function, tex_line};

class Writer {
public:
    Writer(const Network& network, const Spelling& spelling) : listing_(network), spelling_(spelling) {}

    std::string run() const {
        std::string text;
        for (const Definition& line : listing_.lines()) {
            const std::vector<std::string> names = label_names(line.node->ports(), {});
            text += spelling_.line(spelling_.tensor(line.name, names), right(line.node, names));
        }
        return text;
    }

private:
    std::string use(const Use& factor, const std::vector<std::string>& names) const {
        std::vector<std::string> indices;
        for (const int label : factor.labels) indices.push_back(names[static_cast<std::size_t>(label)]);
        return spelling_.tensor(listing_.name(factor.node), indices);
    }

    // A product whose ports are called `ports`; bound indices get the next free names of their spaces.
    std::string product(const Product& product, const std::vector<Space>& spaces,
                        const std::vector<std::string>& ports) const {
        const std::vector<std::string> own = label_names(spaces, product.bound);
        std::vector<std::string> names = ports;
        const std::vector<std::string> bound(own.begin() + static_cast<std::ptrdiff_t>(ports.size()),
                                             own.end());
        names.insert(names.end(), bound.begin(), bound.end());
        std::string text = spelling_.sum_over(bound);
        for (std::size_t i = 0; i < product.factors.size(); ++i)
            text += (i == 0 ? "" : " ") + use(product.factors[i], names);
        return text;
    }

    std::string term(const Use& use_of, const std::vector<std::string>& names) const {
        if (!listing_.in_place(use_of.node)) return use(use_of, names);
        std::vector<std::string> ports;
        for (const int label : use_of.labels) ports.push_back(names[static_cast<std::size_t>(label)]);
        return product(*use_of.node->as<Product>(), use_of.node->ports(), ports);
    }

    std::string sum(const Sum& sum, const std::vector<std::string>& names) const {
        std::string text;
        for (const Term& each : sum.terms) {
            const bool negative = each.coefficient < 0;
            text += text.empty() ? (negative ? "-" : "") : (negative ? " - " : " + ");
            const std::uint64_t size = negative ? 0 - static_cast<std::uint64_t>(each.coefficient)
                                                : static_cast<std::uint64_t>(each.coefficient);
            if (size != 1) text += fmt::format("{} ", size);
            text += term(each.use, names);
        }
        return sum.terms.empty() ? "0" : text;
    }

    std::string apply(const Apply& apply) const {
        const std::vector<std::string> names = label_names(apply.argument->ports(), {});
        const std::string argument = use({apply.argument, straight_ports(names.size())}, names);
        Names over;
        if (apply.function == Function::Softmax) over = {names[static_cast<std::size_t>(apply.axis)]};
        if (apply.function == Function::Rstd) over = {names.end() - apply.consumed, names.end()};
        std::string name(function_name(apply.function));
        if (apply.function == Function::SoftCap) name += fmt::format("({})", apply.parameter);
        return spelling_.function(name, over, apply.mask ? use(*apply.mask, names) : "", argument);
    }

    std::string right(const Expr& node, const std::vector<std::string>& names) const {
        if (const auto* value = node->as<Product>()) return product(*value, node->ports(), names);
        if (const auto* value = node->as<Sum>()) return sum(*value, names);
        if (const auto* value = node->as<Apply>()) return apply(*value);
        if (const auto* family = node->as<Family>(); family != nullptr && leaf_name(*node).empty()) {
            std::string members;
            const std::vector<std::string> rest(names.begin() + 1, names.end());
            for (const Expr& member : family->members)
                members += (members.empty() ? "" : ", ") + use({member, straight_ports(rest.size())}, rest);
            return spelling_.function("family", {names.front()}, "", members);
        }
        return use({node, straight_ports(names.size())}, names);
    }

    Listing listing_;
    Spelling spelling_;
};

}  // namespace

std::string index_notation(const Network& network) { return Writer(network, plain_spelling).run(); }
std::string index_notation(const Expr& expression) { return index_notation(Network{{}, expression}); }

std::string latex(const Network& network) { return Writer(network, tex_spelling).run(); }
std::string latex(const Expr& expression) { return latex(Network{{}, expression}); }

}  // namespace headway

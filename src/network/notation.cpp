// Index notation and LaTeX: one writer, two ways to spell.
// SPDX-License-Identifier: Apache-2.0
#include "headway/network/notation.hpp"
#include "network/functions.hpp"
#include "network/listing.hpp"

#include <fmt/format.h>

#include <array>
#include <map>

namespace headway {

namespace {

// How names, indices and signs are spelled.
class Spelling {
public:
    virtual ~Spelling() = default;
    virtual std::string tensor(const std::string& name, const std::vector<std::string>& indices) const = 0;
    virtual std::string sum_over(const std::vector<std::string>& indices) const = 0;
    virtual std::string function(const std::string& name, const std::string& over, const std::string& mask,
                                 const std::string& argument) const = 0;
    virtual std::string line(const std::string& left, const std::string& right) const = 0;
};

class PlainSpelling final : public Spelling {
public:
    std::string tensor(const std::string& name, const std::vector<std::string>& indices) const override {
        return indices.empty() ? name : fmt::format("{}[{}]", name, fmt::join(indices, ","));
    }
    std::string sum_over(const std::vector<std::string>& indices) const override {
        return indices.empty() ? "" : fmt::format("Σ_{{{}}} ", fmt::join(indices, ","));
    }
    std::string function(const std::string& name, const std::string& over, const std::string& mask,
                         const std::string& argument) const override {
        return fmt::format("{}{}({}{})", name, over.empty() ? "" : "_" + over,
                           mask.empty() ? "" : mask + "; ", argument);
    }
    std::string line(const std::string& left, const std::string& right) const override {
        return left + " = " + right + "\n";
    }
};

class LatexSpelling final : public Spelling {
public:
    std::string tensor(const std::string& name, const std::vector<std::string>& indices) const override {
        std::string below;
        for (const std::string& index : indices) below += index_text(index);
        return indices.empty() ? symbol(name) : fmt::format("{{{}}}_{{{}}}", symbol(name), below);
    }
    std::string sum_over(const std::vector<std::string>& indices) const override {
        std::string below;
        for (const std::string& index : indices) below += index_text(index);
        return indices.empty() ? "" : fmt::format("\\sum_{{{}}} ", below);
    }
    std::string function(const std::string& name, const std::string& over, const std::string& mask,
                         const std::string& argument) const override {
        return fmt::format("\\operatorname{{{}}}{}\\left({}{}\\right)", words(name),
                           over.empty() ? "" : fmt::format("_{{{}}}", index_text(over)),
                           mask.empty() ? "" : mask + ";\\, ", argument);
    }
    std::string line(const std::string& left, const std::string& right) const override {
        return left + " &= " + right + " \\\\\n";
    }

private:
    // Letters and digits stay; all that TeX would read as something else is spelled out.
    static std::string words(std::string_view text) {
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
    static std::string upright(const std::string& text) {
        return text.size() == 1 ? text : fmt::format("\\mathrm{{{}}}", words(text));
    }
    // `k1` is k with subscript 1.
    static std::string index_text(const std::string& index) {
        return index.size() == 1 ? index : fmt::format("{}_{{{}}}", index[0], index.substr(1));
    }
    // `W_Q[L0H3]`: W with Q below and L0H3 above.
    static std::string symbol(const std::string& name) {
        const std::size_t open = name.find('[');
        const std::string stem = name.substr(0, open);
        std::string above = open == std::string::npos ? "" : name.substr(open + 1, name.size() - open - 2);
        const std::size_t low = stem.find('_');
        std::string text;
        if (low == 1 && stem.find('_', 2) == std::string::npos && stem.find('.') == std::string::npos)
            text = fmt::format("{}_{{{}}}", stem[0], upright(stem.substr(2)));
        else
            text = stem == "delta" ? "\\delta" : upright(stem);
        return above.empty() ? text : fmt::format("{}^{{{}}}", text, words(above));
    }
};

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
        std::string over;
        if (apply.function == Function::Softmax) over = names[static_cast<std::size_t>(apply.axis)];
        if (apply.function == Function::Rstd) over = names.back();
        return spelling_.function(std::string(function_name(apply.function)), over,
                                  apply.mask ? use(*apply.mask, names) : "", argument);
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
            return spelling_.function("family", names.front(), "", members);
        }
        return use({node, straight_ports(names.size())}, names);
    }

    Listing listing_;
    const Spelling& spelling_;
};

}  // namespace

std::string index_notation(const Network& network) { return Writer(network, PlainSpelling{}).run(); }
std::string index_notation(const Expr& expression) { return index_notation(Network{{}, expression}); }

std::string latex(const Network& network) { return Writer(network, LatexSpelling{}).run(); }
std::string latex(const Expr& expression) { return latex(Network{{}, expression}); }

}  // namespace headway

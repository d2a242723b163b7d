// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/network/leaves.hpp"
#include "headway/network/text.hpp"
#include "network/cursor.hpp"
#include "network/functions.hpp"
#include "network/structure_text.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace headway {

namespace {

std::vector<Space> spaces_of(const std::vector<Index>& indices) {
    std::vector<Space> spaces;
    for (const Index& index : indices) spaces.push_back(index.space);
    return spaces;
}

class Parser {
public:
    explicit Parser(const std::vector<Definition>& known) {
        for (const Definition& definition : known) known_.emplace(definition.name, definition.node);
    }

    Network run(std::string_view text) {
        int number = 0;
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            std::string_view content = text.substr(0, end);
            content = content.substr(0, content.find('#'));
            text.remove_prefix(std::min(end + 1, text.size()));
            Cursor in(content, ++number);
            if (in.done()) continue;
            require(!finished_, ErrorKind::Usage,
                    "network text, line {}: only the last line may have no left side", number);
            parse_line(in);
            in.expect_that(in.done(), "unexpected text after the expression");
        }
        require(network_.output != nullptr, ErrorKind::Usage, "network text: it is empty");
        return std::move(network_);
    }

private:
    // A factor as it was read: its indices may be absent (matrix shorthand).
    struct Factor {
        Wired wired;
        bool indexed = false;
    };

    void parse_line(Cursor& in) {
        const std::size_t start = in.place();
        std::string name = in.word();
        name += printed(take_tag(in));
        std::vector<Index> ports;
        const bool left_side = !name.empty() && try_left_side(in, ports);
        const bool is_frozen = left_side && in.take("~");
        if (!left_side || !(is_frozen || in.take("="))) {
            in.back(start);
            network_.output = bare_expression(in);
            finished_ = true;
            return;
        }
        in.expect_that(!frozen_.contains(name) && !names_.contains(name),
                       fmt::format("{} is defined twice", quote(name)));
        const Expr node = expression(in, ports);
        if (is_frozen) {
            const auto [symbol, layer] = split_name(name);
            network_.output = headway::frozen(symbol, layer, node);
            frozen_.emplace(name, node);
        } else {
            network_.output = node;
            names_.emplace(name, node);
            network_.definitions.push_back({name, node});
        }
    }

    // The indices of a left side, when an `=` or `~` follows.
    static bool try_left_side(Cursor& in, std::vector<Index>& ports) {
        if (in.peek() == '[') {
            try {
                ports = parse_indices(in);
            } catch (const Error&) {
                return false;
            }
        }
        in.blanks();
        return in.peek() == '=' || in.peek() == '~';
    }

    static std::string printed(const Tag& tag) {
        if (tag.layer < 0) return {};
        if (tag.head >= 0) return fmt::format("[L{}H{}]", tag.layer, tag.head);
        if (tag.group >= 0) return fmt::format("[L{}G{}]", tag.layer, tag.group);
        return tag.last >= 0 ? fmt::format("[L{}-{}]", tag.layer, tag.last) : fmt::format("[L{}]", tag.layer);
    }

    static std::pair<std::string, int> split_name(const std::string& name) {
        const std::size_t open = name.find("[L");
        if (open == std::string::npos) return {name, -1};
        int layer = 0;
        std::from_chars(name.data() + open + 2, name.data() + name.size(), layer);
        return {name.substr(0, open), layer};
    }

    Expr find(const std::string& name) const {
        if (const auto it = names_.find(name); it != names_.end()) return it->second;
        if (const auto it = known_.find(name); it != known_.end()) return it->second;
        return nullptr;
    }

    // What a frozen name stands for: defined in the text, or one of the known names (known Frozen nodes give
    // their link).
    Expr find_link(const std::string& name) const {
        if (const auto it = frozen_.find(name); it != frozen_.end()) return it->second;
        if (const auto it = known_.find(name); it != known_.end())
            if (const auto* value = it->second->as<Frozen>()) return value->link;
        return nullptr;
    }

    Expr named_node(Cursor& in, const std::string& symbol, const Tag& tag,
                    const std::vector<Index>* indices) const {
        const std::string base = printed(Tag{tag.layer, tag.last, -1, -1});
        if (const Expr link = find_link(symbol + base)) {
            in.expect_that(tag.group < 0, "a frozen value has heads (H), not key-value heads (G)");
            return tag.head >= 0 ? frozen_head(symbol, {tag.layer, tag.head}, link)
                                 : frozen(symbol, tag.layer, link);
        }
        if (!tag.one_head())
            if (Expr node = find(symbol + base)) return node;
        return weight(in, symbol, tag, indices);
    }

    static Expr weight(const Cursor& in, const std::string& symbol, const Tag& tag,
                       const std::vector<Index>* indices) {
        std::vector<Space> ports;
        if (indices != nullptr) {
            ports = spaces_of(*indices);
        } else {
            const std::optional<LeafShape> shape = leaf_shape(symbol);
            in.expect_that(
                shape.has_value(),
                fmt::format("{} is given no indices and is not the name of a weight", quote(symbol)));
            ports = shape->ports;
            if (shape->heads != PerHead::None && !tag.one_head()) ports.insert(ports.begin(), Space::Head);
            if (tag.last >= 0) ports.insert(ports.begin(), Space::Layer);
        }
        if (tag.last < 0) return tensor({symbol, tag.layer, tag.head, tag.group}, std::move(ports));
        in.expect_that(!ports.empty() && ports.front() == Space::Layer,
                       "the first index of a family over layers is a layer index (l)");
        ports.erase(ports.begin());
        std::vector<Expr> members;
        for (int layer = tag.layer; layer <= tag.last; ++layer)
            members.push_back(tensor({symbol, layer, -1, -1}, ports));
        return family(std::move(members), Space::Layer);
    }

    Factor factor(Cursor& in) {
        const std::string word = in.word();
        in.expect_that(!word.empty(), "expected the name of a factor");
        const std::optional<Expr> known_structure = take_structure(in, word);
        const std::optional<std::int64_t> hot =
            word == "one_hot" ? std::optional(take_number_in_brackets(in)) : std::nullopt;
        const Tag tag = known_structure ? Tag{} : take_tag(in);
        const bool indexed = in.peek() == '[';
        Factor result{{nullptr, indexed ? parse_indices(in) : std::vector<Index>{}}, indexed};
        const std::vector<Index>& indices = result.wired.indices;
        if (known_structure) {
            result.wired.node = *known_structure;
        } else if (hot) {
            in.expect_that(indices.size() == 1, "one_hot needs one index");
            result.wired.node = one_hot(indices.front().space, *hot);
        } else if (word == "ones" || word == "delta") {
            in.expect_that(!indices.empty(), fmt::format("\"{}\" needs indices", word));
            result.wired.node = copy(indices.front().space, static_cast<int>(indices.size()));
        } else {
            result.wired.node = named_node(in, word, tag, indexed ? &indices : nullptr);
        }
        if (result.wired.node->ports().empty()) result.indexed = true;
        if (in.take("^T")) {
            in.expect_that(!indexed && result.wired.node->ports().size() == 2,
                           "^T stands behind a matrix without indices");
            const std::vector<Space>& ports = result.wired.node->ports();
            result.wired.node = product({{result.wired.node, {{ports[0], 0}, {ports[1], 1}}}},
                                        {{ports[1], 1}, {ports[0], 0}});
        }
        return result;
    }

    // Factors up to a sign, an arrow or the end.
    std::vector<Factor> factors(Cursor& in) {
        std::vector<Factor> result;
        while (!in.done() && in.peek() != '+' && in.peek() != '-' && in.peek() != ')') {
            if (in.take("*")) continue;
            result.push_back(factor(in));
        }
        in.expect_that(!result.empty(), "expected a factor");
        const bool indexed = result.front().indexed;
        if (std::any_of(result.begin(), result.end(), [&](const Factor& f) {
                return f.indexed != indexed && !f.wired.node->ports().empty();
            }))
            in.fail("either all factors have indices or none has");
        return result;
    }

    // Matrix shorthand: neighbours share an index.
    static std::pair<std::vector<Wired>, std::vector<Index>> chain(const Cursor& in,
                                                                   const std::vector<Factor>& list) {
        std::vector<Wired> wired;
        std::vector<Index> open;
        int fresh = 0;
        for (const Factor& each : list) {
            const std::vector<Space>& spaces = each.wired.node->ports();
            in.expect_that(
                spaces.size() <= 2,
                "the shorthand without indices is for vectors and matrices: give all factors their indices");
            Wired next{each.wired.node, {}};
            for (Space space : spaces) next.indices.push_back({space, ++fresh});
            if (!wired.empty() && !next.indices.empty()) {
                in.expect_that(!open.empty(), "nothing is left to multiply with");
                in.expect_that(open.back().space == next.indices.front().space,
                               fmt::format("a {} index meets a {} index in a matrix product",
                                           name(open.back().space), name(next.indices.front().space)));
                next.indices.front() = open.back();
                open.pop_back();
                open.insert(open.end(), next.indices.begin() + 1, next.indices.end());
            } else {
                open.insert(open.end(), next.indices.begin(), next.indices.end());
            }
            wired.push_back(std::move(next));
        }
        return {std::move(wired), std::move(open)};
    }

    // The last line without a left side.
    Expr bare_expression(Cursor& in) {
        const std::vector<Factor> list = factors(in);
        std::vector<Wired> wired;
        std::vector<Index> ports;
        const bool shorthand =
            std::any_of(list.begin(), list.end(), [](const Factor& f) { return !f.indexed; });
        if (shorthand) {
            std::tie(wired, ports) = chain(in, list);
        } else {
            std::map<Index, int> count;
            for (const Factor& each : list) {
                wired.push_back(each.wired);
                for (const Index& index : each.wired.indices) ++count[index];
            }
            for (const Wired& each : wired)
                for (const Index& index : each.indices)
                    if (count[index] == 1) ports.push_back(index);
        }
        if (in.take("->")) {
            in.expect_that(!shorthand, "an arrow needs factors with indices");
            in.blanks();
            ports = parse_indices(in);
        }
        return product(wired, ports);
    }

    Expr expression(Cursor& in, const std::vector<Index>& ports) {
        in.blanks();
        if (const Expr applied = application(in, ports)) return applied;
        if (in.take("0") && in.done()) return headway::sum(std::vector<Term>{}, spaces_of(ports));
        std::vector<WiredTerm> terms;
        bool negative = in.take("-");
        do {
            in.blanks();
            std::int64_t coefficient = 1;
            if (in.peek() >= '0' && in.peek() <= '9') coefficient = in.number<std::int64_t>("a coefficient");
            std::vector<Wired> wired;
            for (Factor& each : factors(in)) wired.push_back(std::move(each.wired));
            terms.push_back({negative ? -coefficient : coefficient, {product(wired, ports), ports}});
            negative = in.take("-");
        } while (negative || in.take("+"));
        if (terms.size() == 1 && terms.front().coefficient == 1) return terms.front().wired.node;
        return headway::sum(terms, ports);
    }

    // `softmax_k(mask; x)`, `rstd_d(x; eps=1e-05)`, `gelu(x)`, `softcap(x; cap=50)`, `family(x, y)`; nothing
    // when the text is none of these.
    Expr application(Cursor& in, const std::vector<Index>& ports) {
        const std::size_t start = in.place();
        const std::string word = in.word();
        const bool call = in.peek() == '(';
        const std::string stem = word.substr(0, word.rfind('_'));
        if (call && word == "family") return family_node(in, ports);
        if (call && stem == "softmax") return softmax_node(in, ports, word);
        if (call && (word == "rstd" || word.starts_with("rstd_"))) return rstd_node(in, ports, word);
        for (const auto& [name, function] : function_names) {
            if (!call || word != name) continue;
            in.expect("(");
            Expr node = argument(in, ports);
            if (function == Function::SoftCap) {
                in.expect(";");
                in.expect("cap=");
                node = soft_cap(node, in.number<double>("the cap"));
            } else {
                node = pointwise(function, node);
            }
            in.expect(")");
            return node;
        }
        in.back(start);
        return nullptr;
    }

    // The indices behind a function's name, `rstd_h_e`, of which the cursor stands at the end.
    static std::vector<Index> subscripts(const Cursor& in, std::string_view word) {
        std::vector<Index> indices;
        const std::size_t start = in.place() - word.size();
        for (std::size_t at = word.find('_'); at != std::string_view::npos;) {
            const std::size_t next = word.find('_', at + 1);
            Cursor index = in.part(start + at + 1, start + std::min(next, word.size()));
            indices.push_back(parse_index(index));
            at = next;
        }
        return indices;
    }

    // A use that stands alone inside a call, with its ports in the order of `ports`.
    Expr argument(Cursor& in, const std::vector<Index>& ports) {
        const Factor only = factor(in);
        return product({only.wired}, ports);
    }

    Expr softmax_node(Cursor& in, const std::vector<Index>& ports, const std::string& word) {
        const Index axis = subscripts(in, word).back();
        const auto port_of = [&](const Index& index) {
            const auto it = std::find(ports.begin(), ports.end(), index);
            in.expect_that(it != ports.end(), "softmax names an index that its left side has not");
            return static_cast<int>(it - ports.begin());
        };
        in.expect("(");
        const std::size_t start = in.place();
        Factor mask = factor(in);
        if (!in.take(";")) {
            in.back(start);
            const Expr node = softmax(argument(in, ports), port_of(axis));
            in.expect(")");
            return node;
        }
        const Expr score = argument(in, ports);
        in.expect(")");
        std::vector<int> mask_ports;
        for (const Index& index : mask.wired.indices) mask_ports.push_back(port_of(index));
        return softmax(score, port_of(axis), mask.wired.node, mask_ports);
    }

    // `rstd_d(x[q,d]; eps=1e-05)`; over several indices `rstd_h_e(x[q,h,e]; eps=1e-05)`.
    Expr rstd_node(Cursor& in, const std::vector<Index>& ports, std::string_view word) {
        std::vector<Index> over = subscripts(in, word);
        in.expect("(");
        const Factor only = factor(in);
        if (over.empty() && !only.wired.indices.empty()) over = {only.wired.indices.back()};
        in.expect_that(!over.empty(), "rstd needs an argument with an index to average over");
        std::vector<Index> all = ports;
        all.insert(all.end(), over.begin(), over.end());
        const Expr node = product({only.wired}, all);
        in.expect(";");
        in.expect("eps=");
        const double eps = in.number<double>("epsilon");
        in.expect(")");
        return rstd(node, eps, static_cast<int>(over.size()));
    }

    Expr family_node(Cursor& in, const std::vector<Index>& ports) {
        in.expect_that(!ports.empty(), "the left side of a family needs an index for its members");
        in.expect("(");
        std::vector<Expr> members;
        do members.push_back(argument(in, std::vector<Index>(ports.begin() + 1, ports.end())));
        while (in.take(","));
        in.expect(")");
        return family(std::move(members), ports.front().space);
    }

    std::map<std::string, Expr> known_;
    std::map<std::string, Expr> names_;
    std::map<std::string, Expr> frozen_;
    Network network_;
    bool finished_ = false;
};

}  // namespace

const Expr& Network::at(std::string_view wanted) const {
    std::vector<std::string> names;
    for (const Definition& definition : definitions) {
        if (definition.name == wanted) return definition.node;
        names.push_back(definition.name);
    }
    const std::string near = nearest(wanted, names);
    throw Error(ErrorKind::Usage, fmt::format("the network has no node named {}", quote(wanted)),
                near.empty() ? std::string() : fmt::format("did you mean \"{}\"?", near));
}

Network parse_network(std::string_view text, const std::vector<Definition>& known) {
    return Parser(known).run(text);
}

}  // namespace headway

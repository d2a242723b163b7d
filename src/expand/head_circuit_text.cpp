// The text of circuits of heads: `qk:L0H{0,2}>L1H4.K@3`, and of sets of heads.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/expand/head_circuit.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

namespace headway {

namespace {

constexpr std::pair<CircuitKind, std::string_view> kinds[] = {{CircuitKind::Direct, "direct"},
                                                              {CircuitKind::OV, "ov"},
                                                              {CircuitKind::QK, "qk"},
                                                              {CircuitKind::PositionQK, "qk-pos"}};

[[noreturn]] void unreadable(std::string_view text) {
    throw Error(ErrorKind::Usage, fmt::format("{} is no circuit of heads", quote(text)),
                "circuits are written direct, ov:L1H4, ov:L1H{2,4}, ov:L0H3>L1H4, qk:L1H4, "
                "qk:L0H3>L1H4.K, qk-pos:L1H4");
}

std::optional<int> number(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
    return whole && value >= 0 ? std::optional(value) : std::nullopt;
}

// Cut at every separator that is outside of braces.
std::vector<std::string_view> pieces(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> result;
    std::size_t begin = 0;
    int depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '{') ++depth;
        if (text[i] == '}') --depth;
        if (depth != 0 || separators.find(text[i]) == std::string_view::npos) continue;
        result.push_back(text.substr(begin, i - begin));
        begin = i + 1;
    }
    result.push_back(text.substr(begin));
    return result;
}

// `4`, `*` or `{0,2-4}`: numbers below `limit`; nothing when it is none of these. `*` of nothing is nothing.
std::optional<std::vector<int>> numbers(std::string_view text, int limit) {
    std::vector<int> result;
    if (text == "*") {
        for (int i = 0; i < limit; ++i) result.push_back(i);
        return result;
    }
    if (text.starts_with('{')) {
        if (!text.ends_with('}')) return std::nullopt;
        text = text.substr(1, text.size() - 2);
    } else if (!number(text)) {
        return std::nullopt;
    }
    for (const std::string_view item : pieces(text, ",")) {
        const std::size_t dash = item.find('-');
        const std::optional<int> first = number(item.substr(0, dash));
        const std::optional<int> last =
            dash == std::string_view::npos ? first : number(item.substr(dash + 1));
        if (!first || !last || *last < *first) return std::nullopt;
        if (*last >= limit) return std::vector<int>{*last};  // named by who looks for it
        for (int i = *first; i <= *last; ++i) result.push_back(i);
    }
    return result;
}

void add_heads(std::string_view item, const Config& config, std::vector<Head>& heads) {
    const std::size_t h = item.find('H');
    std::optional<std::vector<int>> layers, indices;
    if (item.starts_with('L') && h != std::string_view::npos) {
        layers = numbers(item.substr(1, h - 1), config.n_layers);
        indices = numbers(item.substr(h + 1), config.n_heads);
    }
    require(layers && indices, ErrorKind::Usage, "{} is no head: expected L1H4, L1H{{2,4-7}} or L1H*",
            quote(item));
    for (const int layer : *layers)
        for (const int index : *indices) {
            require(layer < config.n_layers && index < config.n_heads, ErrorKind::Usage,
                    "{}: the model has layers 0 to {} with heads 0 to {}", label(Head{layer, index}),
                    config.n_layers - 1, config.n_heads - 1);
            heads.push_back({layer, index});
        }
}

// Takes `@3` and `.K` from the end of the text.
std::string_view take_offset(std::string_view text, HeadCircuit& circuit, std::string_view whole) {
    const std::size_t at = text.find('@');
    if (at == std::string_view::npos) return text;
    const std::optional<int> offset = number(text.substr(at + 1));
    if (!offset) unreadable(whole);
    circuit.rotary_offset = *offset;
    return text.substr(0, at);
}

std::string_view take_input(std::string_view text, HeadCircuit& circuit, std::string_view whole) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) {
        require(circuit.kind == CircuitKind::OV, ErrorKind::Usage, "{}: say which input is fed, {}.Q or {}.K",
                quote(whole), whole, whole);
        return text;
    }
    const std::optional<Composition> input = by_input_letter(text.substr(dot + 1));
    if (!input) unreadable(whole);
    circuit.input = *input;
    return text.substr(0, dot);
}

std::string heads_text(const std::vector<Head>& heads) {
    std::string text;
    for (const Head head : heads) text += (text.empty() ? "" : "+") + label(head);
    return text;
}

}  // namespace

std::vector<Head> parse_head_set(std::string_view text, const Config& config) {
    std::vector<Head> heads;
    for (const std::string_view item : pieces(text, "+,")) add_heads(item, config, heads);
    std::sort(heads.begin(), heads.end());
    heads.erase(std::unique(heads.begin(), heads.end()), heads.end());
    return heads;
}

HeadCircuit parse_head_circuit(std::string_view text, const Config& config) {
    HeadCircuit circuit;
    const std::size_t colon = text.find(':');
    const auto kind = std::find_if(std::begin(kinds), std::end(kinds),
                                   [&](const auto& entry) { return entry.second == text.substr(0, colon); });
    if (kind == std::end(kinds)) unreadable(text);
    circuit.kind = kind->first;
    if ((circuit.kind == CircuitKind::Direct) != (colon == std::string_view::npos)) unreadable(text);
    if (circuit.kind == CircuitKind::Direct) return circuit;
    std::string_view rest = take_offset(text.substr(colon + 1), circuit, text);
    if (const std::size_t arrow = rest.find('>'); arrow != std::string_view::npos) {
        circuit.writers = parse_head_set(rest.substr(0, arrow), config);
        rest = take_input(rest.substr(arrow + 1), circuit, text);
    }
    circuit.heads = parse_head_set(rest, config);
    return circuit;
}

std::string label(const HeadCircuit& circuit) {
    std::string text;
    for (const auto& [kind, name] : kinds)
        if (kind == circuit.kind) text = name;
    if (circuit.kind == CircuitKind::Direct) return text;
    text += ":";
    if (!circuit.writers.empty()) text += heads_text(circuit.writers) + ">";
    text += heads_text(circuit.heads);
    if (!circuit.writers.empty() && circuit.kind != CircuitKind::OV)
        text += fmt::format(".{}", input_letter(circuit.input));
    if (circuit.rotary_offset != 0) text += fmt::format("@{}", circuit.rotary_offset);
    return text;
}

}  // namespace headway

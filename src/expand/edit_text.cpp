// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/edit_text.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <tuple>

namespace headway {

namespace {

constexpr int most_numbers = 1 << 16;

// Between commas that stand in no braces.
std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> parts(1);
    int depth = 0;
    for (const char letter : text) {
        if (letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r') continue;
        depth += letter == '{' ? 1 : letter == '}' ? -1 : 0;
        if (letter == ',' && depth == 0)
            parts.emplace_back();
        else
            parts.back() += letter;
    }
    return parts;
}

// Reads one item from its front.
class Reading {
public:
    Reading(std::string_view item, const Config& config) : item_(item), rest_(item), config_(config) {}

    bool done() const { return rest_.empty(); }
    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    void need(bool holds) const {
        if (!holds)
            throw Error(ErrorKind::Usage, fmt::format("{} is no edit", quote(item_)),
                        "edits are L0H3 (removed), L0H3.V:0-2 (components), L0H3>L1H4.K (closed), each also "
                        "with a factor: L0H3=0.5");
    }

    // `L0H3`, `L0H{0,2}`, `L1H*`.
    std::vector<Head> heads() {
        need(take("L"));
        const std::vector<int> layers = numbers(config_.n_layers);
        need(take("H"));
        const std::vector<int> indices = numbers(config_.n_heads);
        std::vector<Head> heads;
        for (const int layer : layers)
            for (const int index : indices) heads.push_back({layer, index});
        return heads;
    }
    // `3`, `2-5`, `*` (all below `count`), `{0,2,4-7}`.
    std::vector<int> numbers(int count) {
        std::vector<int> result;
        if (take("*")) {
            for (int i = 0; i < count; ++i) result.push_back(i);
        } else if (take("{")) {
            do range(result);
            while (take(","));
            need(take("}"));
        } else {
            range(result);
        }
        std::sort(result.begin(), result.end());
        result.erase(std::unique(result.begin(), result.end()), result.end());
        return result;
    }
    double real() {
        double value = 0;
        const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        need(error == std::errc() && std::isfinite(value));
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return value;
    }
    // `=0.5`, or nothing.
    double factor(EditFactor wanted) {
        const bool given = take("=");
        if (given != (wanted == EditFactor::Required) && wanted != EditFactor::Optional)
            throw Error(ErrorKind::Usage, fmt::format("{} {}", quote(item_),
                                                      given ? "has a factor: it is scaled, not removed"
                                                            : "has no factor, as in L0H3=0.5"));
        return given ? real() + 0.0 : 0;  // no -0
    }

private:
    int number() {
        int value = 0;
        const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        need(error == std::errc() && value >= 0 && value < most_numbers && rest_.front() != '-');
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return value;
    }
    void range(std::vector<int>& into) {
        const int first = number();
        const int last = take("-") ? number() : first;
        need(first <= last);
        for (int i = first; i <= last; ++i) into.push_back(i);
    }

    std::string_view item_;
    std::string_view rest_;
    const Config& config_;
};

std::vector<Source> read_writers(Reading& reading, const Config& config) {
    std::vector<Source> writers;
    if (reading.take("mlp")) {
        for (const int layer : reading.numbers(config.n_layers)) writers.push_back({SourceKind::Mlp, layer});
    } else {
        for (const Head head : reading.heads())
            writers.push_back({SourceKind::HeadOutput, head.layer, head.index});
    }
    return writers;
}

struct EdgeEnd {
    Reader input = Reader::K;
    Head head = {-1, -1};
};

std::vector<EdgeEnd> read_readers(Reading& reading, const Config& config) {
    std::vector<EdgeEnd> readers;
    if (reading.take("unembed")) return {{Reader::Unembed}};
    if (reading.take("mlp")) {
        for (const int layer : reading.numbers(config.n_layers))
            readers.push_back({Reader::Mlp, {layer, -1}});
        return readers;
    }
    const std::vector<Head> heads = reading.heads();
    const bool q = reading.take(".Q"), k = !q && reading.take(".K"), v = !q && !k && reading.take(".V");
    reading.need(q || k || v);
    for (const Head head : heads) readers.push_back({q ? Reader::Q : k ? Reader::K : Reader::V, head});
    return readers;
}

void read_edges(Reading& reading, const Config& config, EditFactor wanted, Edits& into) {
    const std::vector<Source> writers = read_writers(reading, config);
    reading.need(reading.take(">"));
    const std::vector<EdgeEnd> readers = read_readers(reading, config);
    const double factor = reading.factor(wanted);
    for (const Source& writer : writers)
        for (const EdgeEnd& reader : readers)
            into.edges.push_back({writer, reader.input, reader.head, factor});
}

Edits read_item(const std::string& item, const Config& config, EditFactor wanted) {
    Edits result;
    Reading reading(item, config);
    if (item.find('>') != std::string::npos) {
        read_edges(reading, config, wanted, result);
    } else {
        const std::vector<Head> heads = reading.heads();
        const bool in_part = reading.take(".V:");
        const std::vector<int> components = in_part ? reading.numbers(config.d_head) : std::vector<int>();
        const double factor = reading.factor(wanted);
        for (const Head head : heads) {
            if (in_part)
                result.components.push_back({head, components, factor});
            else
                result.heads.push_back({head, factor});
        }
    }
    reading.need(reading.done());
    return result;
}

template <class T>
void unite(std::vector<T>& values, const std::vector<T>& more) {
    values.insert(values.end(), more.begin(), more.end());
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
}

// Components of one head and factor stand together.
void unite_components(std::vector<ScaledComponents>& all, const ScaledComponents& more) {
    const auto key = [](const ScaledComponents& each) { return std::pair(each.head, each.factor); };
    const auto place = std::lower_bound(
        all.begin(), all.end(), more,
        [&](const ScaledComponents& a, const ScaledComponents& b) { return key(a) < key(b); });
    if (place != all.end() && key(*place) == key(more))
        unite(place->components, more.components);
    else
        all.insert(place, more);
}

std::string head_set(int layer, const std::vector<int>& heads) {
    return fmt::format("L{}H{}", layer, number_set(heads));
}

// `=0.5`; nothing for what is removed.
std::string factor_text(double factor) { return factor == 0 ? "" : fmt::format("={}", factor); }

// `L1H{2,4-7}.K=0.5`.
std::string readers_text(const std::tuple<Reader, int, double>& readers, const std::vector<int>& heads) {
    const auto& [input, layer, factor] = readers;
    const std::string text = input == Reader::Unembed ? "unembed"
                             : input == Reader::Mlp
                                 ? fmt::format("mlp{}", layer)
                                 : fmt::format("{}.{}", head_set(layer, heads), name(input));
    return text + factor_text(factor);
}

void append(std::string& text, const std::string& item) { text += (text.empty() ? "" : ",") + item; }

}  // namespace

std::string label(const ScaledEdge& edge) {
    const std::string writer = label(edge.writer);
    if (edge.input == Reader::Unembed) return writer + ">unembed";
    if (edge.input == Reader::Mlp) return fmt::format("{}>mlp{}", writer, edge.reader.layer);
    return fmt::format("{}>{}.{}", writer, label(edge.reader), name(edge.input));
}

std::string label(const ScaledComponents& components) {
    std::string numbers = number_set(components.components);
    if (numbers.find(',') == std::string::npos && numbers.starts_with('{'))
        numbers = numbers.substr(1, numbers.size() - 2);
    return fmt::format("{}.V:{}", label(components.head), numbers);
}

std::string number_set(const std::vector<int>& numbers) {
    std::string text;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const std::size_t first = i;
        while (i + 1 < numbers.size() && numbers[i + 1] == numbers[i] + 1) ++i;
        if (i == first + 1) i = first;  // 6,7 and not 6-7
        append(text,
               i == first ? fmt::format("{}", numbers[i]) : fmt::format("{}-{}", numbers[first], numbers[i]));
    }
    return numbers.size() == 1 ? text : "{" + text + "}";
}

std::vector<std::string> edge_texts(const std::vector<ScaledEdge>& edges) {
    // readers of one layer and input, by writer; then writers of one layer, by readers
    using Readers = std::tuple<Reader, int, double>;
    std::map<std::pair<Source, Readers>, std::vector<int>> by_writer;
    for (const ScaledEdge& edge : edges)
        by_writer[{edge.writer, {edge.input, edge.reader.layer, edge.factor}}].push_back(edge.reader.index);
    std::map<std::tuple<int, Readers, std::vector<int>>, std::vector<int>> together;
    std::vector<std::string> texts;
    for (const auto& [key, heads] : by_writer) {
        const auto& [writer, readers] = key;
        if (writer.kind == SourceKind::HeadOutput)
            together[{writer.layer, readers, heads}].push_back(writer.head);
        else
            texts.push_back(fmt::format("{}>{}", label(writer), readers_text(readers, heads)));
    }
    for (const auto& [key, writers] : together) {
        const auto& [layer, readers, heads] = key;
        texts.push_back(fmt::format("{}>{}", head_set(layer, writers), readers_text(readers, heads)));
    }
    return texts;
}

std::string to_text(const Edits& edits) {
    std::string text;
    for (const ScaledHead& each : edits.heads) append(text, label(each.head) + factor_text(each.factor));
    for (const ScaledComponents& each : edits.components)
        append(text, label(each) + factor_text(each.factor));
    for (const std::string& each : edge_texts(edits.edges)) append(text, each);
    return text;
}

void add_edits(Edits& edits, const Edits& more, const Config& config) {
    unite(edits.heads, more.heads);
    unite(edits.edges, more.edges);
    for (const ScaledComponents& each : more.components) unite_components(edits.components, each);
    edits.given_patterns.insert(edits.given_patterns.end(), more.given_patterns.begin(),
                                more.given_patterns.end());
    edits.frozen_norm_scales = edits.frozen_norm_scales || more.frozen_norm_scales;
    check_edits(config, edits);
}

Edits parse_edits(std::string_view text, const Config& config, EditFactor factor) {
    Edits edits;
    const std::vector<std::string> items = split(text);
    if (items.size() == 1 && items.front().empty()) return edits;
    for (const std::string& item : items) add_edits(edits, read_item(item, config, factor), config);
    return edits;
}

std::vector<Head> parse_head_sets(std::string_view text, const Config& config) {
    const Edits edits = parse_edits(text, config, EditFactor::Absent);
    require(edits == Edits{.heads = edits.heads}, ErrorKind::Usage,
            "{} is no list of heads: expected L0H3,L1H{{2,4-7}}", quote(text));
    std::vector<Head> heads;
    for (const ScaledHead& each : edits.heads) heads.push_back(each.head);
    return heads;
}

}  // namespace headway

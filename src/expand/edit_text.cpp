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
                        "edits are L0H3 (removed), L0H3=0.5, L0H3.V:0-2 (components), L0H3>L1H4.K (closed)");
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

struct Reader {
    EdgeInput input = EdgeInput::K;
    Head head = {-1, -1};
};

std::vector<Reader> read_readers(Reading& reading, const Config& config) {
    std::vector<Reader> readers;
    if (reading.take("unembed")) return {{EdgeInput::Unembed}};
    if (reading.take("mlp")) {
        for (const int layer : reading.numbers(config.n_layers))
            readers.push_back({EdgeInput::Mlp, {layer, -1}});
        return readers;
    }
    const std::vector<Head> heads = reading.heads();
    const bool q = reading.take(".Q"), k = !q && reading.take(".K"), v = !q && !k && reading.take(".V");
    reading.need(q || k || v);
    for (const Head head : heads)
        readers.push_back({q ? EdgeInput::Q : k ? EdgeInput::K : EdgeInput::V, head});
    return readers;
}

void read_edges(Reading& reading, const Config& config, Edits& into) {
    const std::vector<Source> writers = read_writers(reading, config);
    reading.need(reading.take(">"));
    const std::vector<Reader> readers = read_readers(reading, config);
    for (const Source& writer : writers)
        for (const Reader& reader : readers) into.closed.push_back({writer, reader.input, reader.head});
}

Edits read_item(const std::string& item, const Config& config) {
    Edits result;
    Reading reading(item, config);
    if (item.find('>') != std::string::npos) {
        read_edges(reading, config, result);
    } else {
        const std::vector<Head> heads = reading.heads();
        if (reading.take("=")) {
            const double factor = reading.real();
            for (const Head head : heads) result.scaled.push_back({head, factor});
        } else if (reading.take(".V:")) {
            const std::vector<int> components = reading.numbers(config.d_head);
            for (const Head head : heads) result.components.push_back({head, components});
        } else {
            result.removed = heads;
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

void unite_components(std::vector<RemovedComponents>& removed, const RemovedComponents& more) {
    const auto place =
        std::lower_bound(removed.begin(), removed.end(), more.head,
                         [](const RemovedComponents& each, Head head) { return each.head < head; });
    if (place != removed.end() && place->head == more.head)
        unite(place->components, more.components);
    else
        removed.insert(place, more);
}

std::string_view letter(EdgeInput input) {
    return input == EdgeInput::Q ? "Q" : input == EdgeInput::K ? "K" : "V";
}

std::string head_set(int layer, const std::vector<int>& heads) {
    return fmt::format("L{}H{}", layer, number_set(heads));
}

void append(std::string& text, const std::string& item) { text += (text.empty() ? "" : ",") + item; }

}  // namespace

std::string label(const ClosedEdge& edge) {
    const std::string writer = label(edge.writer);
    if (edge.input == EdgeInput::Unembed) return writer + ">unembed";
    if (edge.input == EdgeInput::Mlp) return fmt::format("{}>mlp{}", writer, edge.reader.layer);
    return fmt::format("{}>{}.{}", writer, label(edge.reader), letter(edge.input));
}

std::string label(const RemovedComponents& removed) {
    std::string numbers = number_set(removed.components);
    if (numbers.find(',') == std::string::npos && numbers.starts_with('{'))
        numbers = numbers.substr(1, numbers.size() - 2);
    return fmt::format("{}.V:{}", label(removed.head), numbers);
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

std::vector<std::string> edge_texts(const std::vector<ClosedEdge>& edges) {
    // readers of one layer and input, by writer; then writers of one layer, by readers
    std::map<std::tuple<Source, EdgeInput, int>, std::vector<int>> readers;
    for (const ClosedEdge& edge : edges)
        readers[{edge.writer, edge.input, edge.reader.layer}].push_back(edge.reader.index);
    std::map<std::tuple<int, EdgeInput, int, std::vector<int>>, std::vector<int>> together;
    std::vector<std::string> texts;
    const auto right = [](EdgeInput input, int layer, const std::vector<int>& heads) -> std::string {
        if (input == EdgeInput::Unembed) return "unembed";
        if (input == EdgeInput::Mlp) return fmt::format("mlp{}", layer);
        return fmt::format("{}.{}", head_set(layer, heads), letter(input));
    };
    for (const auto& [key, heads] : readers) {
        const auto& [writer, input, layer] = key;
        if (writer.kind == SourceKind::HeadOutput)
            together[{writer.layer, input, layer, heads}].push_back(writer.head);
        else
            texts.push_back(fmt::format("{}>{}", label(writer), right(input, layer, heads)));
    }
    for (const auto& [key, writers] : together) {
        const auto& [layer, input, reader, heads] = key;
        texts.push_back(fmt::format("{}>{}", head_set(layer, writers), right(input, reader, heads)));
    }
    return texts;
}

std::string to_text(const Edits& edits) {
    std::string text;
    for (const Head head : edits.removed) append(text, label(head));
    for (const ScaledHead& each : edits.scaled)
        append(text, fmt::format("{}={}", label(each.head), each.factor));
    for (const RemovedComponents& each : edits.components) append(text, label(each));
    for (const std::string& each : edge_texts(edits.closed)) append(text, each);
    return text;
}

void add_edits(Edits& edits, const Edits& more, const Config& config) {
    unite(edits.removed, more.removed);
    unite(edits.closed, more.closed);
    for (const RemovedComponents& each : more.components) unite_components(edits.components, each);
    for (const ScaledHead& each : more.scaled)
        if (std::find(edits.scaled.begin(), edits.scaled.end(), each) == edits.scaled.end())
            edits.scaled.push_back(each);
    std::sort(edits.scaled.begin(), edits.scaled.end(),
              [](const ScaledHead& a, const ScaledHead& b) { return a.head < b.head; });
    edits.given_patterns.insert(edits.given_patterns.end(), more.given_patterns.begin(),
                                more.given_patterns.end());
    edits.frozen_norm_scales = edits.frozen_norm_scales || more.frozen_norm_scales;
    check_edits(config, edits);
}

Edits parse_edits(std::string_view text, const Config& config) {
    Edits edits;
    const std::vector<std::string> items = split(text);
    if (items.size() == 1 && items.front().empty()) return edits;
    for (const std::string& item : items) add_edits(edits, read_item(item, config), config);
    return edits;
}

std::vector<Head> parse_head_sets(std::string_view text, const Config& config) {
    const Edits edits = parse_edits(text, config);
    require(edits == Edits{.removed = edits.removed}, ErrorKind::Usage,
            "{} is no list of heads: expected L0H3,L1H{{2,4-7}}", quote(text));
    return edits.removed;
}

}  // namespace headway

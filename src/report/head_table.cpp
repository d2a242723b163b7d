// SPDX-License-Identifier: Apache-2.0
#include "headway/report/head_table.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "report/sort_key.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace headway {

namespace {

// A table that grows by columns, with the reasons of what is undefined in each row.
class HeadColumns {
public:
    explicit HeadColumns(std::size_t rows) : reasons_(rows) { table_.rows.resize(rows); }

    template <class Value>  // row -> Cell
    void add(Column column, const Value& value) {
        for (std::size_t row = 0; row < table_.rows.size(); ++row) table_.rows[row].push_back(value(row));
        table_.columns.push_back(std::move(column));
    }
    // A number, and why it is none: row -> double, row -> text.
    template <class Value, class Reason>
    void add_number(Column column, const Value& value, const Reason& reason) {
        for (std::size_t row = 0; row < table_.rows.size(); ++row) {
            const std::string why = reason(row);
            if (!why.empty()) add_reason(row, why, column.name);
            table_.rows[row].emplace_back(static_cast<double>(value(row)));
        }
        table_.columns.push_back(std::move(column));
    }

    Table finished() && {
        const bool none = std::ranges::all_of(reasons_, [](const auto& each) { return each.empty(); });
        add({"undefined", ColumnKind::Text, 0, none},
            [&](std::size_t row) { return Cell(reason_text(row)); });
        return std::move(table_);
    }

private:
    // Columns without a value for the same reason.
    struct Reason {
        std::string why;
        std::vector<std::string> columns;
    };
    void add_reason(std::size_t row, const std::string& why, const std::string& column) {
        std::vector<Reason>& reasons = reasons_[row];
        auto same = std::ranges::find(reasons, why, &Reason::why);
        if (same == reasons.end()) same = reasons.insert(same, {why, {}});
        same->columns.push_back(column);
    }
    std::string reason_text(std::size_t row) const {
        std::vector<std::string> parts;
        for (const Reason& reason : reasons_[row])
            parts.push_back(fmt::format("{}: {}", fmt::join(reason.columns, ", "), reason.why));
        return fmt::format("{}", fmt::join(parts, "; "));
    }

    Table table_;
    std::vector<std::vector<Reason>> reasons_;
};

Column number(std::string name, int decimals = 3, bool detail = false) {
    return {std::move(name), ColumnKind::Number, decimals, detail};
}

void add_spectra(const std::vector<HeadSpectra>& spectra, HeadColumns& columns) {
    if (spectra.empty()) return;
    struct Score {
        const char* name;
        SpectralScore HeadSpectra::*value;
    };
    for (const Score& each : {Score{"copying_full_ov", &HeadSpectra::copying_full_ov},
                              Score{"copying_ov", &HeadSpectra::copying_ov},
                              Score{"matching_full_qk", &HeadSpectra::matching_full_qk}}) {
        columns.add_number(
            number(each.name), [&](std::size_t row) { return (spectra[row].*(each.value)).value; },
            [&](std::size_t row) { return (spectra[row].*(each.value)).undefined; });
        columns.add(number(fmt::format("{}_error", each.name), 3, true),
                    [&](std::size_t row) { return Cell((spectra[row].*(each.value)).error); });
    }
}

void add_probe(const std::optional<Probe>& probe, HeadColumns& columns) {
    if (!probe) return;
    struct Mean {
        const char* name;
        double HeadProbe::*value;
    };
    for (const Mean& each : {Mean{"previous", &HeadProbe::previous}, Mean{"duplicate", &HeadProbe::duplicate},
                             Mean{"induction", &HeadProbe::induction}, Mean{"first", &HeadProbe::first}})
        columns.add(number(each.name),
                    [&](std::size_t row) { return Cell(probe->heads[row].*(each.value)); });
}

void add_sizes(const std::vector<HeadFacts>& facts, HeadColumns& columns) {
    struct Circuit {
        const char* name;
        CircuitSize HeadFacts::*size;
    };
    struct Size {
        const char* name;
        double CircuitSize::*value;
        bool detail;
    };
    for (const Size& each :
         {Size{"norm", &CircuitSize::norm, false}, Size{"rank", &CircuitSize::effective_rank, false},
          Size{"participation", &CircuitSize::participation, true}})
        for (const Circuit& circuit : {Circuit{"ov", &HeadFacts::ov}, Circuit{"qk", &HeadFacts::qk}})
            columns.add_number(
                number(fmt::format("{}_{}", each.name, circuit.name),
                       each.value == &CircuitSize::norm ? 3 : 1, each.detail),
                [&](std::size_t row) { return facts[row].*(circuit.size).*(each.value); },
                [&](std::size_t row) {
                    return std::isfinite(facts[row].*(circuit.size).*(each.value))
                               ? ""
                               : (facts[row].*(circuit.size)).undefined;
                });
}

void add_biases(const std::vector<HeadFacts>& facts, HeadColumns& columns) {
    struct Size {
        const char* name;
        double BiasSize::*value;
    };
    for (const Size& size : {Size{"bias_value", &BiasSize::value}, Size{"bias_share", &BiasSize::share},
                             Size{"bias_query", &BiasSize::query}, Size{"bias_key", &BiasSize::key}}) {
        const auto has = [&](const HeadFacts& each) { return !std::isnan(each.bias.*(size.value)); };
        if (std::ranges::none_of(facts, has)) continue;
        columns.add_number(
            number(size.name, 3, true), [&](std::size_t row) { return facts[row].bias.*(size.value); },
            [&](std::size_t row) { return std::string(has(facts[row]) ? "" : "it is zero"); });
    }
}

void add_positional(const std::vector<PositionalPreference>& positional, HeadColumns& columns) {
    const auto defined = [](const PositionalPreference& each) { return each.undefined.empty(); };
    if (std::ranges::none_of(positional, defined)) return;
    columns.add({"offset", ColumnKind::Integer}, [&](std::size_t row) {
        return defined(positional[row]) ? Cell(std::int64_t{positional[row].offset}) : Cell();
    });
    columns.add_number(
        number("at_offset"), [&](std::size_t row) { return positional[row].at_offset; },
        [&](std::size_t row) { return positional[row].undefined; });
}

Cell partner_cell(const std::optional<Partner>& partner, bool with_kind) {
    if (!partner) return {};
    if (!with_kind) return label(partner->head);
    const char input = input_letter(partner->kind);
    return fmt::format("{}.{}", label(partner->head), input);
}

void add_partners(const std::vector<HeadPartners>& partners, HeadColumns& columns) {
    if (partners.empty()) return;
    struct Edge {
        const char* name;
        std::optional<Partner> HeadPartners::*partner;
        bool detail;
    };
    for (const Edge& each :
         {Edge{"k_writer", &HeadPartners::k, false}, Edge{"q_writer", &HeadPartners::q, true},
          Edge{"v_writer", &HeadPartners::v, true}, Edge{"reader", &HeadPartners::reader, false}}) {
        const auto partner = [&](std::size_t row) -> const std::optional<Partner>& {
            return partners[row].*(each.partner);
        };
        const bool reads = std::string_view(each.name) == "reader";
        columns.add({each.name, ColumnKind::Text, 0, each.detail},
                    [&](std::size_t row) { return partner_cell(partner(row), reads); });
        const auto value = [&](const char* what, double Partner::*of, bool detail) {
            columns.add(number(fmt::format("{}_{}", each.name, what), 3, detail),
                        [&](std::size_t row) { return partner(row) ? Cell(*partner(row).*of) : Cell(); });
        };
        value("excess", &Partner::excess, each.detail);
        value("robust_z", &Partner::robust_z, true);
    }
}

std::size_t rows_of(const HeadMeasures& measures) {
    return std::max({measures.spectra.size(), measures.facts.size(), measures.positional.size(),
                     measures.partners.size(), measures.probe ? measures.probe->heads.size() : 0});
}

Head head_in(const Config& config, std::size_t place) {
    const int number = static_cast<int>(place);
    return {number / config.n_heads, number % config.n_heads};
}

double value_in(const Cell& cell) {
    if (const auto* value = std::get_if<double>(&cell)) return *value;
    if (const auto* integer = std::get_if<std::int64_t>(&cell)) return static_cast<double>(*integer);
    return std::numeric_limits<double>::quiet_NaN();
}

// Numbers of the rows to be shown.
std::vector<std::size_t> chosen(const Table& table, const Config& config, const HeadView& view) {
    std::vector<std::size_t> rows;
    const bool by_column = view.sort != "head";
    const std::size_t column = by_column ? table.column(view.sort) : 0;
    require(!by_column || table.columns[column].kind != ColumnKind::Text, ErrorKind::Usage,
            "{} is no column of numbers to sort by", quote(view.sort));
    require(by_column || std::isinf(view.threshold), ErrorKind::Usage,
            "a threshold is of the column to sort by: there is none");
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
        const Head head = head_in(config, row);
        if (!shows(view, head)) continue;
        if (std::isfinite(view.threshold) && !(value_in(table.rows[row][column]) >= view.threshold)) continue;
        rows.push_back(row);
    }
    if (by_column)
        std::ranges::stable_sort(rows, std::greater<>(), [&](std::size_t row) {
            return sort_key(value_in(table.rows[row][column]));
        });
    if (rows.size() > view.top) rows.resize(view.top);
    return rows;
}

// What all rows lack alike is said once.
void say_shared_reason(Table& table) {
    const std::size_t column = table.column("undefined");
    if (table.rows.empty()) return;
    const Cell reason = table.rows.front()[column];
    const bool same = std::ranges::all_of(table.rows, [&](const auto& row) { return row[column] == reason; });
    if (!same || std::get<std::string>(reason).empty()) return;
    table.caption.push_back(fmt::format("Undefined: {}.", std::get<std::string>(reason)));
    table.columns[column].detail = true;
}

std::string filter_sentence(const HeadView& view, std::size_t shown, std::size_t all) {
    std::vector<std::string> filters;
    if (!view.heads.empty()) filters.push_back(fmt::format("of {} chosen heads", view.heads.size()));
    if (!view.layers.empty()) filters.push_back(fmt::format("in {} chosen layers", view.layers.size()));
    if (std::isfinite(view.threshold))
        filters.push_back(fmt::format("{} at least {}", view.sort, view.threshold));
    if (shown == view.top)
        filters.push_back(view.sort == "head" ? fmt::format("the first {}", shown)
                                              : fmt::format("the first {} by {}", shown, view.sort));
    return fmt::format("Showing {} of {} heads{}{}.", shown, all, filters.empty() ? "" : ": ",
                       fmt::join(filters, ", "));
}

struct LabelRule {
    const char* name;  // of the threshold
    const char* label;
    double LabelThresholds::*least;
    double HeadProbe::*value;  // nullptr: copying of full OV
};
constexpr std::array label_rules{
    LabelRule{"previous", "previous-token", &LabelThresholds::previous, &HeadProbe::previous},
    LabelRule{"duplicate", "duplicate-token", &LabelThresholds::duplicate, &HeadProbe::duplicate},
    LabelRule{"induction", "induction", &LabelThresholds::induction, &HeadProbe::induction},
    LabelRule{"first", "first-token", &LabelThresholds::first, &HeadProbe::first},
    LabelRule{"copying", "copying", &LabelThresholds::copying, nullptr}};

std::string label_sentence(const HeadMeasures& measures, const LabelThresholds& thresholds) {
    std::vector<std::string> rules;
    for (const LabelRule& rule : label_rules) {
        if (rule.value != nullptr ? !measures.probe : measures.spectra.empty()) continue;
        rules.push_back(fmt::format("{} ({} at least {})", rule.label,
                                    rule.value != nullptr ? rule.name : "copying_full_ov",
                                    thresholds.*(rule.least)));
    }
    return rules.empty() ? "" : fmt::format("Labels: {}.", fmt::join(rules, ", "));
}

}  // namespace

bool shows(const HeadView& view, Head head) {
    const auto among = [](const auto& list, const auto& value) {
        return list.empty() || std::ranges::find(list, value) != list.end();
    };
    return among(view.heads, head) && among(view.layers, head.layer);
}

LabelThresholds parse_label_thresholds(std::string_view text) {
    LabelThresholds thresholds;
    for (std::string_view rest = text;;) {
        const std::string_view item = rest.substr(0, rest.find(','));
        const std::size_t equals = std::min(item.find('='), item.size());
        const std::string_view digits = item.substr(std::min(equals + 1, item.size()));
        const auto rule = std::ranges::find_if(
            label_rules, [&](const LabelRule& each) { return item.substr(0, equals) == each.name; });
        double value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (rule == label_rules.end() || digits.empty() || error != std::errc() ||
            end != digits.data() + digits.size() || !std::isfinite(value))
            throw Error(ErrorKind::Usage, fmt::format("{} is no threshold of a label", quote(item)),
                        "write previous=X, duplicate=X, induction=X, first=X or copying=X");
        thresholds.*(rule->least) = value;
        if (item.size() == rest.size()) return thresholds;
        rest.remove_prefix(item.size() + 1);
    }
}

std::string head_labels(const HeadMeasures& measures, std::size_t place, const LabelThresholds& thresholds) {
    std::vector<std::string> labels;
    for (const LabelRule& rule : label_rules) {
        double value = std::numeric_limits<double>::quiet_NaN();
        if (rule.value != nullptr && measures.probe) value = measures.probe->heads[place].*(rule.value);
        if (rule.value == nullptr && !measures.spectra.empty())
            value = measures.spectra[place].copying_full_ov.value;
        if (value >= thresholds.*(rule.least)) labels.emplace_back(rule.label);
    }
    return fmt::format("{}", fmt::join(labels, ", "));
}

Table head_rows(const HeadMeasures& measures, const Config& config, const LabelThresholds& thresholds,
                const HeadView& view) {
    HeadColumns columns(rows_of(measures));
    columns.add({"head", ColumnKind::Text},
                [&](std::size_t row) { return Cell(label(head_in(config, row))); });
    columns.add({"labels", ColumnKind::Text},
                [&](std::size_t row) { return Cell(head_labels(measures, row, thresholds)); });
    add_spectra(measures.spectra, columns);
    add_probe(measures.probe, columns);
    if (!measures.facts.empty()) add_sizes(measures.facts, columns);
    add_positional(measures.positional, columns);
    add_biases(measures.facts, columns);
    add_partners(measures.partners, columns);
    Table all = std::move(columns).finished();

    const std::vector<std::size_t> rows = chosen(all, config, view);
    Table table{.caption = head_sentences(measures, config), .columns = all.columns, .rows = {}};
    if (std::string labels = label_sentence(measures, thresholds); !labels.empty())
        table.caption.push_back(std::move(labels));
    table.caption.push_back(filter_sentence(view, rows.size(), all.rows.size()));
    for (const std::size_t row : rows) table.rows.push_back(std::move(all.rows[row]));
    say_shared_reason(table);
    return table;
}

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "headway/report/result.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/base/version.hpp"
#include "report/json_text.hpp"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <utility>

namespace headway {

namespace {

struct FormatName {
    std::string_view name;
    Format format;
};
constexpr std::array format_names{FormatName{"table", Format::Text},  FormatName{"csv", Format::Csv},
                                  FormatName{"tsv", Format::Tsv},     FormatName{"json", Format::Json},
                                  FormatName{"jsonl", Format::Jsonl}, FormatName{"md", Format::Markdown},
                                  FormatName{"npz", Format::Npz},     FormatName{"svg", Format::Svg}};

// The files that the model is read from, or why there are none.
void add_hashes(OrderedJson& object, const ModelDescription& model, bool hash) {
    object["sha256"] = nullptr;
    if (!hash) {
        object["sha256_status"] = "not asked for";
    } else if (model.files.empty()) {
        object["sha256_status"] = "no file: " + model.made;
    } else {
        object["sha256"] = OrderedJson::array();
        for (const ModelFile& file : model.files)
            object["sha256"].push_back({{"file", file.name}, {"sha256", file.sha256()}});
    }
}

OrderedJson json_of(const Model& model, bool hash) {
    OrderedJson object{{"path", model.description().path},
                       {"name", model.name()},
                       {"architecture", model.config().architecture}};
    add_hashes(object, model.description(), hash);
    object["config"] = json_of(model.config());
    object["foldings"] = model.description().foldings;
    return object;
}

std::string to_json(const Result& result) {
    OrderedJson object{{"schema", fmt::format("headway/{}/1", result.command)},
                       {"tool", fmt::format("headway {}", version())}};
    object["model"] = result.model ? json_of(*result.model, result.hash) : OrderedJson(nullptr);
    object["options"] = OrderedJson::object();
    for (const auto& [name, value] : result.options) object["options"][name] = value;
    object["approximations"] =
        result.model ? OrderedJson(result.model->description().approximations) : OrderedJson::array();
    if (result.rows_are_data) {
        OrderedJson table = json_of(result.table);
        object["caption"] = std::move(table["caption"]);
        object["data"] = std::move(table["rows"]);
    } else {
        object["data"] = result.data.empty() ? json_of(result.table) : OrderedJson::parse(result.data);
    }
    return json_text(object, 1) + "\n";
}

}  // namespace

Format parse_format(std::string_view name) {
    std::vector<std::string> names;
    for (const FormatName& each : format_names) {
        if (each.name == name) return each.format;
        names.emplace_back(each.name);
    }
    const std::string near = nearest(name, names);
    throw Error(ErrorKind::Usage, fmt::format("{} is no format", quote(name)),
                near.empty() ? fmt::format("the formats are {}", fmt::join(names, ", "))
                             : fmt::format("did you mean {}?", near));
}

std::optional<Format> format_of(const std::filesystem::path& file) {
    const std::string extension = file.extension().native();
    if (extension == ".txt") return Format::Text;
    for (const FormatName& each : format_names)
        if (each.format != Format::Text && extension.size() > 1 && extension.substr(1) == each.name)
            return each.format;
    return std::nullopt;
}

std::string to_text(const Result& result, Format format) {
    switch (format) {
        case Format::Text:
            return to_text(result.table);
        case Format::Csv:
            return to_csv(result.table);
        case Format::Tsv:
            return to_tsv(result.table);
        case Format::Json:
            return to_json(result);
        case Format::Jsonl:
            return to_jsonl(result.table);
        case Format::Markdown:
            return to_markdown(result.table);
        case Format::Svg:
            require(!result.picture.empty(), ErrorKind::Usage,
                    "{} has no picture of this: svg is not one of its formats", result.command);
            return result.picture;
        case Format::Npz:
            break;
    }
    throw InvariantFailure("an .npz is no text");
}

std::vector<NpyArray> number_columns(const Table& table) {
    std::vector<NpyArray> arrays;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (table.columns[i].kind == ColumnKind::Text) continue;
        std::vector<double> values;
        for (const std::vector<Cell>& row : table.rows) {
            if (const auto* integer = std::get_if<std::int64_t>(&row[i]))
                values.push_back(static_cast<double>(*integer));
            else if (const auto* number = std::get_if<double>(&row[i]))
                values.push_back(*number);
            else
                values.push_back(std::numeric_limits<double>::quiet_NaN());
        }
        arrays.push_back(
            {table.columns[i].name, {static_cast<std::int64_t>(values.size())}, std::move(values)});
    }
    return arrays;
}

std::vector<std::string> model_caption(const Model& model) {
    const Config& config = model.config();
    const std::string heads =
        config.n_kv_heads == config.n_heads
            ? fmt::format("{} heads", config.n_heads)
            : fmt::format("{} heads ({} key-value heads)", config.n_heads, config.n_kv_heads);
    std::string folded;
    if (config.folding.gains) folded += ", norm gains";
    if (config.folding.centring) folded += ", centring";
    if (config.folding.value_bias) folded += ", value biases";
    std::vector<std::string> lines{fmt::format("{}: {} layers of {}, d_model {}, d_head {}{}; folded: {}.",
                                               escaped(model.name()), config.n_layers, heads, config.d_model,
                                               config.d_head, config.has_mlp() ? ", MLPs" : "",
                                               folded.empty() ? "nothing" : folded.substr(2))};
    for (const std::string& line : model.description().approximations)
        lines.push_back("Approximation: " + line);
    return lines;
}

}  // namespace headway

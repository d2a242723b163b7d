// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/path.hpp"

#include "expand/sources.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"

namespace headway {

namespace {

constexpr std::string_view separator = " > ";
constexpr std::string_view end = "unembed";

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + separator.size());
    }
}

}  // namespace

int order(const Path& path) {
    return static_cast<int>(path.heads.size()) + (path.source.kind == SourceKind::ValueBias ? 1 : 0);
}

PathClass path_class(const Path& path) {
    if (is_bias(path.source.kind)) return PathClass::Bias;
    if (path.heads.size() > 1) return PathClass::Virtual;
    if (path.heads.size() == 1) return PathClass::Single;
    return path.source.kind == SourceKind::Mlp ? PathClass::Mlp : PathClass::Direct;
}

std::string_view name(PathClass path_class) {
    switch (path_class) {
        case PathClass::Direct:
            return "direct";
        case PathClass::Single:
            return "single";
        case PathClass::Virtual:
            return "virtual";
        case PathClass::Bias:
            return "bias";
        case PathClass::Mlp:
            return "mlp";
    }
    return {};
}

std::string label(const Path& path) {
    std::string text = label(path.source);
    for (Head head : path.heads) text += fmt::format("{}L{}H{}.V", separator, head.layer, head.index);
    return text.append(separator).append(end);
}

Path parse_path(std::string_view text) {
    const std::vector<std::string_view> parts = split(text);
    require(parts.size() >= 2 && parts.back() == end, ErrorKind::Usage,
            "{} is not a path: expected a source, heads and unembed, as in embed > L0H3.V > unembed",
            quote(text));
    Path path{parse_source(parts.front()), {}};
    for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
        require(parts[i].ends_with(".V"), ErrorKind::Usage,
                "{} in the path {}: expected a head that is entered by its value input, as in L0H3.V",
                quote(parts[i]), quote(text));
        path.heads.push_back(parse_head(parts[i].substr(0, parts[i].size() - 2)));
    }
    return path;
}

void require_path(const Config& config, const Path& path) {
    const auto& [source, heads] = path;
    require_paths(config);
    // Labels are made only when there is something to say: this runs once a path.
    const auto refuse = [&](const std::string& why) {
        throw Error(ErrorKind::Usage, fmt::format("the path {}: {}", label(path), why));
    };
    if (!has_source(config, source)) refuse(fmt::format("the model has no source {}", label(source)));
    const Entry entry = entry_of(config, source);
    if (!entry.reads_heads && !heads.empty()) refuse(fmt::format("no head reads {}", label(source)));
    int first = entry.first_layer;
    for (Head head : heads) {
        if (head.layer >= config.n_layers || head.index < 0 || head.index >= config.n_heads)
            refuse(fmt::format("the model has {} layers of {} heads, and no {}", config.n_layers,
                               config.n_heads, label(head)));
        if (head.layer < first) refuse(fmt::format("{} does not come after what it reads", label(head)));
        first = head.layer + 1;
    }
    if (entry.through_own_layer && (heads.empty() || heads.front().layer != source.layer))
        refuse(fmt::format("{} enters by a head of layer {}", label(source), source.layer));
}

}  // namespace headway

// The words that names of quantities are made of.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/expand/normalise.hpp"
#include "measure/quantity_form.hpp"

#include <charconv>
#include <system_error>

namespace headway {

Head head_named(std::string_view text, const Config& config) {
    const Head head = parse_head(text);
    require(head.layer < config.n_layers && head.index < config.n_heads, ErrorKind::Usage,
            "there is no head {}: the model has {} layers of {} heads", label(head), config.n_layers,
            config.n_heads);
    return head;
}

int number_named(std::string_view text, const char* what, int limit) {
    int value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    require(error == std::errc() && end == text.data() + text.size() && value >= 0, ErrorKind::Usage,
            "{} is no {}: expected a number", quote(text), what);
    require(value < limit, ErrorKind::Usage, "there is no {} {}: they are 0 to {}", what, value, limit - 1);
    return value;
}

ScoreOptions offsets_named(std::string_view text, const Config& config) {
    constexpr int most = (1 << 16) + 1;
    require(config.positions == Positions::Rotary, ErrorKind::Usage,
            "@{}: an offset needs a model with rotary positions", text);
    const bool several = text.starts_with("0-");
    return {.offset = number_named(text.substr(several ? 2 : 0), "offset", most),
            .mean_over_offsets = several};
}

std::pair<std::string_view, std::optional<std::string_view>> cut_at(std::string_view text, char mark) {
    const std::size_t at = text.find(mark);
    if (at == std::string_view::npos) return {text, std::nullopt};
    return {text.substr(0, at), text.substr(at + 1)};
}

Expr held_at(const Expr& network, int place) {
    Indices all;
    for (const Space space : network->ports()) all.push_back({space, static_cast<int>(all.size())});
    const Indices rest(all.begin() + 1, all.end());
    return normalise(product({{network, all}, {one_hot(all.front().space, place), {all.front()}}}, rest));
}

}  // namespace headway

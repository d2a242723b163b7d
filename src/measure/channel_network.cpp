// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/measure/channels.hpp"
#include "headway/network/leaves.hpp"

#include <functional>

namespace headway {

namespace {

/// One end of a channel: its leaves and the indices that number its heads.
struct End {
    ComponentSymbols symbols;
    std::function<Expr(const char*)> leaf;
    Indices heads;

    Wired values(Index c) const { return {leaf(symbols.values), heads + Indices{c}}; }
    Wired vectors(Index c, Index d) const {
        const bool rows = leaf_shape(symbols.vectors)->ports.front() == Space::Channel;
        return {leaf(symbols.vectors), heads + (rows ? Indices{c, d} : Indices{d, c})};
    }
};

End head_end(const Config& config, const ComponentSymbols& symbols, Head head) {
    return {symbols,
            [group = config.group_size(), head](const char* name) { return head_leaf(name, head, group); },
            {}};
}

End layer_end(const Config& config, const ComponentSymbols& symbols, int layer, int number) {
    Indices heads{{Space::Head, number}};
    if (config.group_size() > 1) heads.push_back({Space::Member, number});
    return {symbols,
            [group = config.group_size(), layer](const char* name) { return leaf(name, layer, group); },
            heads};
}

/// v_i·r_j.
Expr overlaps(const End& writer, const End& reader) {
    const Index i{Space::Channel, 0}, j{Space::Channel, 1}, d{Space::Residual, 0};
    return product({writer.vectors(i, d), reader.vectors(j, d)},
                   writer.heads + Indices{i} + reader.heads + Indices{j});
}

/// Σ_b t_b² (v_a·r_b)² for the components a of one end, b of `other`.
Expr squares(const End& writer, const End& reader, ScoreEnd of) {
    const Index i{Space::Channel, 0}, j{Space::Channel, 1};
    const Wired overlap{overlaps(writer, reader), writer.heads + Indices{i} + reader.heads + Indices{j}};
    const Wired value = of == ScoreEnd::Writer ? reader.values(j) : writer.values(i);
    const Indices kept = of == ScoreEnd::Writer ? writer.heads + Indices{i} + reader.heads
                                                : writer.heads + reader.heads + Indices{j};
    return product({overlap, overlap, value, value}, kept);
}

End writer_end(const Config& config, const ChannelPair& pair) {
    return head_end(config, writer_components(), pair.writer);
}
End reader_end(const Config& config, const ChannelPair& pair) {
    return head_end(config, reader_components(pair.kind), pair.reader);
}

/// The same as a composition score has it, with the rotation of an offset.
Expr rotated(const Config& config, const ScorePart& from, const ScorePart& to, Composition kind,
             const ScoreOptions& score) {
    return component_norm(config, {Writer::Heads, reader_of(kind), from, to}, score);
}

}  // namespace

ComponentSymbols writer_components() { return {"W_OV", "V_OV", "s_OV", "U_OV"}; }

ComponentSymbols reader_components(Composition kind) {
    switch (kind) {
        case Composition::Q:
            return {"W_QK", "U_QK", "s_QK", "V_QK"};
        case Composition::K:
            return {"W_QK", "V_QK", "s_QK", "U_QK"};
        case Composition::V:
            return {"W_OV", "U_OV", "s_OV", "V_OV"};
    }
    return {};
}

Expr channel_overlaps(const Config& config, const ChannelPair& pair) {
    return overlaps(writer_end(config, pair), reader_end(config, pair));
}

Expr channel_squares(const Config& config, const ChannelPair& pair, ScoreEnd components,
                     const ScoreOptions& score) {
    require(score.positions() == 0 || components == ScoreEnd::Writer, ErrorKind::Unsupported,
            "components of {}[{}] at an offset are no leaves of the model: they have no formula",
            reader_components(pair.kind).matrix, label(pair.reader));
    if (score.positions() > 0)
        return rotated(config, one_head(pair.writer), one_head(pair.reader), pair.kind, score);
    return squares(writer_end(config, pair), reader_end(config, pair), components);
}

Expr layer_channel_squares(const Config& config, int writer_layer, int reader_layer, Composition kind,
                           const ScoreOptions& score) {
    if (score.positions() > 0)
        return rotated(config, {.first = writer_layer, .layers = 1}, {.first = reader_layer, .layers = 1},
                       kind, score);
    return squares(layer_end(config, writer_components(), writer_layer, 0),
                   layer_end(config, reader_components(kind), reader_layer, 1), ScoreEnd::Writer);
}

}  // namespace headway

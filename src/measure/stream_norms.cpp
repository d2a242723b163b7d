// SPDX-License-Identifier: Apache-2.0
#include "measure/stream_norms.hpp"

#include "expand/head_factors.hpp"
#include "headway/network/leaves.hpp"

namespace headway {

namespace {

// The gains of the norms on the stream from the embedding up, and of the final one.
std::vector<Expr> gains_of(const Config& config) {
    std::vector<Expr> gains;
    if (config.embed_norm) gains.push_back(leaf("ln_embed.w"));
    for (int layer = 0; layer < config.n_layers; ++layer) {
        gains.push_back(leaf("ln1.w", layer));
        if (config.has_mlp()) gains.push_back(leaf("ln2.w", layer));
    }
    if (config.final_norm) gains.push_back(leaf("ln_final.w"));
    return gains;
}

// How many of these norms stand below a block, below the output of a writer, and below the input of a reader.
int norms_below(const Config& config, int layer) {
    return layer * (config.has_mlp() ? 2 : 1) + (config.embed_norm ? 1 : 0);
}
int norms_below(const Config& config, Writer writer, int layer) {
    if (writer == Writer::Embed || writer == Writer::Position) return 0;
    return norms_below(config, layer) + (writer == Writer::Mlps ? 1 : 0);
}
int norms_below(const Config& config, Reader reader, int layer) {
    if (reader == Reader::Unembed) return norms_below(config, config.n_layers) + (config.final_norm ? 1 : 0);
    return norms_below(config, layer) + (reader == Reader::Mlp ? 1 : 0);
}

}  // namespace

Expr carried_to_reader(const Config& config, const ScoreEnds& ends, const Expr& written) {
    const std::vector<Expr> gains = gains_of(config);
    const int first = norms_below(config, ends.writer, ends.from.first);
    const int last = norms_below(config, ends.reader, ends.to.first) - 1;
    const bool gram = ends.writer == Writer::Embed || ends.writer == Writer::Position;
    std::vector<std::size_t> ports{written->ports().size() - 1};
    if (gram) ports.push_back(0);
    Expr carried = written;
    for (int norm = first; norm <= last; ++norm)
        for (const std::size_t port : ports) {
            carried = centred(config, carried, port);
            if (norm < last) carried = scaled(carried, port, gains[static_cast<std::size_t>(norm)]);
        }
    return carried;
}

Expr read_through_norm(const Config& config, Reader reader, int layer, const Expr& weight) {
    const int below = norms_below(config, reader, layer);
    if (below == 0) return weight;
    const std::size_t port = weight->ports().size() - 2;
    const Expr gain = gains_of(config)[static_cast<std::size_t>(below) - 1];
    return centred(config, scaled(weight, port, gain), port);
}

}  // namespace headway

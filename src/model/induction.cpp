// An induction circuit made by hand: every weight is 0 or a power of two. Tokens 0 (begin) to 31, 64
// positions; the stream has four subspaces: token `t`, token of the previous position `s`, position `p`,
// scratch `z` (written, never read).
//
//   L0H0  previous token   queries p -> p - 1 (position 0: itself), keys p, scores 32 or 0; copies t into s
//   L0H1  current position queries p, keys p, scores 32 or 0; copies t into z
//   L1H0  induction        queries the current token t, keys s: attends to where the current token was the
//   previous one,
//                          score 64; else to the begin token, score 32; all other scores 0. Copies t (but
//                          begin) into t, times 16
//   L1H1  current position as L0H1; copies t into t, times 1/4
//
// logits = t, so on `0 r r` with r free of repeats, from its second pass on, the model predicts the next
// token of r by 16 (or more exactly 16 up to e^-32) against 1.25 for the current one. The only heads that
// compose are L0H0 -> L1H0, by its keys.
// SPDX-License-Identifier: Apache-2.0
#include "model/arrays.hpp"
#include "model/example.hpp"

#include <utility>
#include <vector>

namespace headway {

namespace {

constexpr int n_tokens = 32;
constexpr int n_positions = 64;
constexpr int d_head = 64;  // scores are multiplied by 1/8, exactly
constexpr int token = 0;
constexpr int previous = token + n_tokens;
constexpr int position = previous + n_tokens;
constexpr int scratch = position + n_positions;
constexpr int d_model = scratch + n_tokens;

Config induction_config() {
    Config c;
    c.architecture = "induction";
    c.n_layers = 2;
    c.n_heads = c.n_kv_heads = 2;
    c.d_model = d_model;
    c.d_head = d_head;
    c.n_ctx = n_positions;
    c.d_vocab = n_tokens;
    c.positions = Positions::Learned;
    return c;
}

/// One head's matrices, written entry by entry.
struct HeadWriter {
    LeafArrays& arrays;
    int layer;
    int head;

    void read(const char* symbol, int residual, int inner, double value) const {
        arrays.at({symbol, layer})
            .at(static_cast<std::size_t>((head * d_model + residual) * d_head + inner)) = value;
    }
    void write(int inner, int residual, double value) const {
        arrays.at({"W_O", layer}).at(static_cast<std::size_t>((head * d_head + inner) * d_model + residual)) =
            value;
    }
    /// Copies tokens `first`.. from one subspace into another.
    void copy(int from, int to, int first, double gain) const {
        for (int t = first; t < n_tokens; ++t) {
            read("W_V", from + t, t, 1.0);
            write(t, to + t, gain);
        }
    }
    /// Attends `distance` positions back, or from the first positions to position 0. Scores: 16 * 16 / 8 =
    /// 32.
    void attend_back(int distance) const {
        for (int p = 0; p < n_positions; ++p) {
            read("W_Q", position + p, p < distance ? 0 : p - distance, 16.0);
            read("W_K", position + p, p, 16.0);
        }
    }
    /// Attends to where the current token was the previous one: 32 * 16 / 8 = 64; else to the begin token: 16
    /// * 16 / 8 = 32.
    void attend_after_current_token() const {
        for (int t = 0; t < n_tokens; ++t) {
            read("W_Q", token + t, 0, 16.0);
            if (t == 0) continue;
            read("W_Q", token + t, t, 32.0);
            read("W_K", previous + t, t, 16.0);
        }
        read("W_K", token, 0, 16.0);
    }
};

LeafArrays zero_arrays(const Config& config) {
    LeafArrays arrays;
    for (const Leaf& leaf : stored_leaves(config)) {
        arrays[leaf.name] = std::vector<double>(static_cast<std::size_t>(leaf.size()));
    }
    return arrays;
}

void write_embeddings(LeafArrays& arrays) {
    for (std::size_t t = 0; t < n_tokens; ++t) {
        arrays.at({"W_E"}).at(t * d_model + token + t) = 1.0;
        arrays.at({"W_U"}).at((token + t) * n_tokens + t) = 1.0;
    }
    for (std::size_t p = 0; p < n_positions; ++p) arrays.at({"W_pos"}).at(p * d_model + position + p) = 1.0;
}

}  // namespace

Model induction_model(const LoadOptions& options) {
    const Config config = induction_config();
    LeafArrays arrays = zero_arrays(config);
    write_embeddings(arrays);
    const HeadWriter previous_token{arrays, 0, 0};
    previous_token.attend_back(1);
    previous_token.copy(token, previous, 0, 1.0);
    const HeadWriter bystander{arrays, 0, 1};
    bystander.attend_back(0);
    bystander.copy(token, scratch, 0, 1.0);
    const HeadWriter induction{arrays, 1, 0};
    induction.attend_after_current_token();
    induction.copy(token, token, 1, 16.0);
    const HeadWriter current_token{arrays, 1, 1};
    current_token.attend_back(0);
    current_token.copy(token, token, 0, 0.25);
    ModelDescription description{
        .name = "induction", .path = "example:induction", .made = "weights made by hand"};
    return model_of(config, std::move(arrays), options.fold, std::move(description));
}

}  // namespace headway

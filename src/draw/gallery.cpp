// SPDX-License-Identifier: Apache-2.0
#include "headway/draw/gallery.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"

#include <array>
#include <sstream>

namespace headway {

namespace {

/// One entry: its network as text; `boxes` are names that stay single boxes; `terms` are names of a sum's
/// terms with their titles.
struct Recipe {
    const char* name;
    const char* title;
    const char* text;
    const char* boxes = "";
    const char* remark = "";
    std::vector<std::pair<const char*, const char*>> terms = {};
    std::size_t columns = 2;
};

// In all texts x is the residual stream that a head reads; A are attention patterns of a run, that is frozen:
// `~`.
constexpr const char* patterns =
    "x[q,d] = token[q,v] W_E[v,d]\n"
    "S[L0][h,q,k] = x[q,d] W_Q[L0][h,d,e] W_K[L0][h,d1,e] x[k,d1] scale[L0]\n"
    "A[L0][h,q,k] ~ softmax_k(causal[q,k]; S[L0][h,q,k])\n"
    "y[q,d] = x[q,d] + A[L0][h,q,k] x[k,d1] W_OV[L0][h,d1,d]\n"
    "S[L1][h,q,k] = y[q,d] W_Q[L1][h,d,e] W_K[L1][h,d1,e] y[k,d1] scale[L1]\n"
    "A[L1][h,q,k] ~ softmax_k(causal[q,k]; S[L1][h,q,k])\n";

const std::vector<Recipe>& recipes() {
    static const std::vector<Recipe> table = {
        {"scalar", "Scalar: a box without legs", "s"},
        {"vector", "Vector: one leg", "u[d]"},
        {"matrix", "Matrix: two legs", "M[d,d1]"},
        {"3-tensor", "Tensor of order 3: three legs", "T[d,d1,d2]"},
        {"4-tensor", "Tensor of order 4: four legs", "F[d,d1,d2,d3]"},
        {"dot", "Dot product: the legs are joined, and summed over", "p = u[d] w[d]"},
        {"outer", "Outer product: side by side, nothing is joined", "u[d] w[d1] -> [d,d1]"},
        {"matrix-vector", "Matrix times vector", "M[d,d1] u[d1] -> [d]"},
        {"matrix-product", "Matrix product", "M[d,d1] N[d1,d2] -> [d,d2]"},
        {"trace", "Trace: the legs of one box are joined", "p = M[d,d]"},
        {"sum",
         "Sum: cells with the same free legs",
         "out[d,d1] = M[d,d1] + N[d,d1]",
         "",
         "",
         {{"M", ""}, {"N", ""}}},
        {"copy-tensor", "Copy tensor: three legs that carry the same index", "C[d,d1,d2]"},
        {"mlp", "MLP layer: what the dashed border holds goes through a GELU",
         "x[q,d] = token[q,v] W_E[v,d]\n"
         "pre[q,m] = x[q,d] W_in[L0][d,m]\n"
         "act[q,m] = gelu(pre[q,m])\n"
         "mlp[q,d] = act[q,m] W_out[L0][m,d]\n",
         "x"},
        {"model", "Two attention layers from tokens to logits, patterns frozen",
         "B[L0][q,d,k,d1] = I[q,k] J[d,d1] + A[L0][h,q,k] W_OV[L0][h,d1,d]\n"
         "B[L1][q,d,k,d1] = I[q,k] J[d,d1] + A[L1][h,q,k] W_OV[L1][h,d1,d]\n"
         "logits[q,v] = token[k1,v1] W_E[v1,d2] B[L0][k,d1,k1,d2] B[L1][q,d,k,d1] W_U[d,v]\n"},
        {"attention-head", "One attention head: positions above, features below",
         "head[q,d] = A[L0H3][q,k] x[k,d1] W_V[L0H3][d1,e] W_O[L0H3][e,d]\n", "x"},
        {"multi-head", "All heads of a layer: the head index joins pattern, W_V and W_O in a copy tensor",
         "heads[q,d] = A[L0][h,q,k] x[k,d1] W_V[L0][h,d1,e] W_O[L0][h,e,d]\n", "x"},
        {"attention-pattern", "Attention patterns: a softmax of the scores",
         "S[h,q,k] = x[q,d] W_Q[L0][h,d,e] W_K[L0][h,d1,e] x[k,d1] scale[L0]\n"
         "P[h,q,k] = softmax_k(causal[q,k]; S[h,q,k])\n",
         "x"},
        {"layer", "One attention layer between embedding and unembedding: identity plus heads",
         "B[L0][q,d,k,d1] = I[q,k] J[d,d1] + A[L0][h,q,k] W_OV[L0][h,d1,d]\n"
         "logits[q,v] = token[k,v1] W_E[v1,d1] B[L0][q,d,k,d1] W_U[d,v]\n"},
        {"two-layer-expansion",
         "Two attention layers multiplied out: the logits are a sum over paths",
         "P0[q,v] = token[q,v1] W_E[v1,d] W_U[d,v]\n"
         "P1[q,v] = A[L0][h,q,k] token[k,v1] W_E[v1,d] W_OV[L0][h,d,d1] W_U[d1,v]\n"
         "P2[q,v] = A[L1][h,q,k] token[k,v1] W_E[v1,d] W_OV[L1][h,d,d1] W_U[d1,v]\n"
         "P3[q,v] = A[L1][h1,q,k] A[L0][h,k,k1] token[k1,v1] W_E[v1,d] W_OV[L0][h,d,d1] W_OV[L1][h1,d1,d2] "
         "W_U[d2,v]\n"
         "logits[q,v] = P0[q,v] + P1[q,v] + P2[q,v] + P3[q,v]\n",
         "",
         "",
         {{"P0", "direct path: embed > unembed"},
          {"P1", "single-head paths: embed > L0H*.V > unembed"},
          {"P2", "single-head paths: embed > L1H*.V > unembed"},
          {"P3", "virtual heads: embed > L0H*.V > L1H*.V > unembed"}}},
        {"qk-circuit", "QK circuit: how much a query token attends to a key token",
         "W_E[v,d] W_Q[L0H3][d,e] W_K[L0H3][d1,e] W_E[v1,d1] -> [v,v1]"},
        {"ov-circuit", "OV circuit: how a token that is attended to changes the logits",
         "W_E[v,d] W_V[L0H3][d,e] W_O[L0H3][e,d1] W_U[d1,v1] -> [v,v1]"},
        {"q-composition", "Q-composition: L0H3 writes what L1H4 reads as its query",
         "A[L0H3][q,k1] x[k1,d] W_OV[L0H3][d,d1] W_QK[L1H4][d1,d2] x[k,d2] -> [q,k]", "x"},
        {"k-composition", "K-composition: L0H3 writes what L1H4 reads as its key",
         "x[q,d] W_QK[L1H4][d,d1] W_OV[L0H3][d2,d1] x[k1,d2] A[L0H3][k,k1] -> [q,k]", "x"},
        {"v-composition", "V-composition: L0H3 writes what L1H4 reads as its value",
         "A[L1H4][q,k] A[L0H3][k,k1] x[k1,d] W_OV[L0H3][d,d1] W_OV[L1H4][d1,d2] -> [q,d2]", "x"},
        {"composed-score",
         "The attention score of L1H4 with what L0H3 wrote: four terms",
         "T0[q,k] = x[q,d] W_QK[L1H4][d,d1] x[k,d1]\n"
         "T1[q,k] = A[L0H3][q,k1] x[k1,d] W_OV[L0H3][d,d1] W_QK[L1H4][d1,d2] x[k,d2]\n"
         "T2[q,k] = x[q,d] W_QK[L1H4][d,d1] W_OV[L0H3][d2,d1] x[k1,d2] A[L0H3][k,k1]\n"
         "T3[q,k] = A[L0H3][q,k1] x[k1,d] W_OV[L0H3][d,d1] W_QK[L1H4][d1,d2] W_OV[L0H3][d3,d2] x[k2,d3] "
         "A[L0H3][k,k2]\n"
         "score[q,k] = T0[q,k] + T1[q,k] + T2[q,k] + T3[q,k]\n",
         "x",
         "",
         {{"T0", "none"}, {"T1", "Q-composition"}, {"T2", "K-composition"}, {"T3", "Q- and K-composition"}},
         1},
        {"virtual-head", "Virtual head L0H3 \u2192 L1H4: embed > L0H3.V > L1H4.V > unembed",
         "A[L1H4][q,k] A[L0H3][k,k1] token[k1,v1] W_E[v1,d] W_OV[L0H3][d,d1] W_OV[L1H4][d1,d2] W_U[d2,v] -> "
         "[q,v]",
         "", "patterns multiply on the position rail, OV matrices on the feature rail"},
        {"induction",
         "Induction: a previous-token head K-composes into the pattern of L1H4, whose OV circuit copies",
         "S1[q,k] = token[q,v] W_E[v,d] W_QK[L1H4][d,d1] W_OV[L0H3][d2,d1] W_E[v1,d2] token[k1,v1] "
         "shift(1)[k,k1]\n"
         "P[q,k] = softmax_k(causal[q,k]; S1[q,k])\n"
         "logits[q,v] = P[q,k] token[k,v1] W_E[v1,d] W_OV[L1H4][d,d1] W_U[d1,v]\n",
         "", "shift(1) is the pattern of the previous-token head: key position k reads position k - 1"},
        {"svd-channels", "Singular channels of a head: W_OV = U S V, one channel for each singular value",
         "U[L0H3][d,c] s[L0H3][c] V[L0H3][c,d1] -> [d,d1]"},
    };
    return table;
}

/// What the texts use beside the weights of a model.
std::vector<Definition> known_leaves() {
    using enum Space;
    const auto of = [](const char* name, std::vector<Space> ports) {
        return Definition{name, tensor({name}, std::move(ports))};
    };
    std::vector<Definition> known = parse_network(patterns).definitions;
    known.insert(known.end(),
                 {of("s", {}), of("u", {Residual}), of("w", {Residual}), of("M", {Residual, Residual}),
                  of("N", {Residual, Residual}), of("T", {Residual, Residual, Residual}),
                  of("F", {Residual, Residual, Residual, Residual})});
    const auto head = [](const char* name, std::vector<Space> ports) {
        return Definition{std::string(name) + "[L0H3]", tensor({name, 0, 3, -1}, std::move(ports))};
    };
    known.insert(known.end(),
                 {head("U", {Residual, Channel}), head("s", {Channel}), head("V", {Channel, Residual})});
    known.insert(known.end(), {{"C", copy(Residual, 3)}, {"I", copy(Position, 2)}, {"J", copy(Residual, 2)}});
    return known;
}

const Recipe& recipe(std::string_view name) {
    for (const Recipe& r : recipes()) {
        if (r.name == name) return r;
    }
    const std::vector<std::string> names = gallery_names();
    const std::string near = nearest(name, names);
    throw Error(ErrorKind::Usage, fmt::format("there is no diagram {}", quote(name)),
                near.empty() ? "" : "did you mean " + near + "?");
}

}  // namespace

std::vector<std::string> gallery_names() {
    std::vector<std::string> names;
    for (const Recipe& r : recipes()) names.emplace_back(r.name);
    return names;
}

GalleryEntry gallery_entry(std::string_view name) {
    const Recipe& r = recipe(name);
    const std::vector<Definition> known = known_leaves();
    const Network network = parse_network(r.text, known);
    GalleryEntry entry{r.name, r.title, network.output, {}};
    entry.options.name = r.name;
    entry.options.title = r.title;
    const auto at = [&](const std::string& symbol) {
        for (const std::vector<Definition>* list : {&network.definitions, &known}) {
            for (const Definition& d : *list) {
                if (d.name == symbol) return d.node;
            }
        }
        invariant(false, "a recipe names a node that its text defines");
        return Expr();
    };
    std::istringstream boxes(r.boxes);
    for (std::string box; boxes >> box;) entry.options.boxes.push_back({box, at(box)});
    for (const auto& [symbol, title] : r.terms) entry.options.terms.push_back({at(symbol), title});
    entry.options.columns = r.columns;
    if (*r.remark != '\0') entry.options.remarks.push_back(plain(r.remark));
    return entry;
}

Diagram gallery_diagram(std::string_view name) {
    const GalleryEntry entry = gallery_entry(name);
    return diagram_of(entry.expression, entry.options);
}

}  // namespace headway

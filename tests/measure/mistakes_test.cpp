// Planted mistakes: each is made on purpose in the weights, the configuration, the network's text or a path's
// term, and each must be caught by a check that users rely on. The table that is printed says by which, and
// how large the mistake shows.
// SPDX-License-Identifier: Apache-2.0
#include "headway/contract/plan.hpp"
#include "headway/expand/orders.hpp"
#include "headway/expand/paths.hpp"
#include "headway/expand/verify.hpp"
#include "headway/io/npy.hpp"
#include "headway/measure/composition.hpp"
#include "headway/measure/paths.hpp"
#include "headway/measure/run.hpp"
#include "headway/measure/score_network.hpp"
#include "headway/model/load.hpp"
#include "headway/network/transformer.hpp"
#include "support/shared.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>

namespace headway {
namespace {

using Arrays = std::map<LeafName, std::vector<double>>;
constexpr EvaluateOptions in_double{.precision = Precision::Double};

struct Finding {
    std::string check;
    bool caught = false;
    std::string size;
};

// A checkpoint as it is stored, and what somebody else's software says about it.
class Checkpoint {
public:
    explicit Checkpoint(const std::filesystem::path& folder)
        : config(load_model(folder.string(), {.fold = no_folding}).config()),
          reference_(read_npz(folder / "expected.npz")) {
        const Model model = load_model(folder.string(), {.fold = no_folding});
        for (const Leaf& leaf : stored_leaves(config)) {
            const auto array = model.leaf<double>(leaf.name.symbol, leaf.name.layer);
            arrays[leaf.name] = {array.values().begin(), array.values().end()};
        }
    }

    Model model(const Folding& fold = {true, true, false}) const {
        return model_from_arrays(config, arrays, fold, "planted");
    }
    std::vector<double>& at(const char* symbol, int layer) { return arrays.at({symbol, layer}); }
    std::size_t block() const {
        return static_cast<std::size_t>(config.d_model) * static_cast<std::size_t>(config.d_head);
    }

    /// Largest difference of the logits to the reference's, relative to its largest logit.
    double error(const Network& network, const Model& model) const {
        const NpyArray& all = find_array(reference_, "tokens");
        const auto n = static_cast<std::ptrdiff_t>(all.shape[1]);
        const std::vector<int> tokens(all.integers().begin(), all.integers().begin() + n);
        const std::vector<double> theirs = find_array(reference_, "logits").as_double();
        const xt::xarray<double> ours = run_network(model, network, tokens, in_double).logits;
        double worst = 0, largest = 0;
        for (std::size_t i = 0; i < ours.size(); ++i) {
            worst = std::max(worst, std::abs(ours.data()[i] - theirs[i]));
            largest = std::max(largest, std::abs(theirs[i]));
        }
        return worst / largest;
    }
    Finding logits() const { return finding(error(transformer(model().config()), model())); }
    /// The network's text with every `from` replaced by `to`.
    Finding logits(const std::string& from, const std::string& to) const {
        const Model right = model();
        std::string text = to_text(transformer(right.config()));
        EXPECT_NE(text.find(from), std::string::npos) << from << " in\n" << text;
        for (std::size_t i = text.find(from); i != std::string::npos; i = text.find(from, i + to.size()))
            text.replace(i, from.size(), to);
        return finding(error(parse_network(text), right));
    }
    static Finding finding(double error) {
        return {"logits of the reference", !(error < 1e-5), fmt::format("{:.1e} of the largest", error)};
    }

    Config config;
    Arrays arrays;

private:
    std::vector<NpyArray> reference_;
};

Config proof_shape() {
    return parse_random_shape(
        "layers=2,heads=4,kv_heads=2,d_model=8,d_mlp=4,vocab=9,ctx=8,norm=layernorm,biases=1");
}

// All paths and the remainder, spoilt by `plant`.
template <class Plant>
Finding proof(int max_heads, const Plant& plant) {
    const FrozenModel model(proof_shape());
    std::vector<PathTerm> terms;
    Paths paths(model.config(), {.max_heads = max_heads});
    while (std::optional<Path> path = paths.next()) terms.push_back({*path, path_term(model, *path)});
    Expr remainder = expand_orders(model, max_heads).remainder;
    plant(terms, remainder);
    std::size_t next = 0;
    const Verification result = verify_path_terms(
        model, [&]() { return next < terms.size() ? std::optional(terms[next++]) : std::nullopt; },
        remainder);
    return {"verify", !result.holds, result.failure.substr(0, 60)};
}

Expr& term_of(std::vector<PathTerm>& terms, const std::string& path) {
    for (PathTerm& term : terms)
        if (label(term.path) == path) return term.term;
    throw std::runtime_error("no path " + path);
}

// A path's term with a factor's node replaced by what another factor has.
void exchange_factors(Expr& term, const std::string& first, const std::string& second) {
    const auto* whole = term->as<Product>();
    std::vector<Use> factors = whole->factors;
    Use *a = nullptr, *b = nullptr;
    for (Use& factor : factors) {
        if (leaf_name(*factor.node) == first) a = &factor;
        if (leaf_name(*factor.node) == second) b = &factor;
    }
    ASSERT_TRUE(a != nullptr && b != nullptr) << to_text(term);
    std::swap(a->node, b->node);
    term = product(std::move(factors), term->ports(), whole->bound);
}

constexpr const char* virtual_head = "embed > L0H1.V > L1H2.V > unembed";

class Mistakes : public testing::Test {
protected:
    void report(const std::string& mistake, const Finding& finding) {
        fmt::print("{:<44} | {:<34} | {}\n", mistake, finding.check, finding.size);
        EXPECT_TRUE(finding.caught) << mistake;
    }
};

TEST_F(Mistakes, InWeightsAndNetworksAreCaughtByOtherPeoplesNumbers) {
    HEADWAY_SHARED_OR_SKIP(shared);
    const auto folder = shared / "conformance" / "checkpoints";
    const Checkpoint gpt2(folder / "gpt2"), llama(folder / "llama"), eps(folder / "gpt2-eps");
    for (const Checkpoint* right : {&gpt2, &llama, &eps}) EXPECT_FALSE(right->logits().caught);

    Checkpoint c = gpt2;
    for (int layer = 0; layer < c.config.n_layers; ++layer) {
        std::swap(c.at("W_Q", layer), c.at("W_K", layer));
        std::swap(c.at("b_Q", layer), c.at("b_K", layer));
    }
    report("Q and K swapped", c.logits());

    c = gpt2;
    for (std::size_t i = 0; i < c.block(); ++i)  // [d, e] read as [e, d]
        c.at("W_V", 0)[i] = gpt2.arrays.at({"W_V", 0})[(i % static_cast<std::size_t>(c.config.d_head)) *
                                                           static_cast<std::size_t>(c.config.d_model) +
                                                       i / static_cast<std::size_t>(c.config.d_head)];
    report("W_V of one head transposed", c.logits());

    c = gpt2;
    std::swap_ranges(c.at("W_O", 0).begin(), c.at("W_O", 0).begin() + c.config.d_model,
                     c.at("W_O", 0).begin() + c.config.d_model);
    report("two rows of W_O exchanged", c.logits());

    c = gpt2;
    std::fill(c.at("b_O", 0).begin(), c.at("b_O", 0).end(), 0.0);
    report("b_O of one layer missing", c.logits());

    c = gpt2;
    std::fill(c.at("ln1.w", 1).begin(), c.at("ln1.w", 1).end(), 1.0);
    report("norm gain not folded", c.logits());

    c = eps;
    c.config.norm_eps = 1e-5;
    report("epsilon not read", c.logits());

    c = llama;
    for (const char* symbol : {"W_K", "W_V"})  // h % n_kv_heads for h / group size, in the middle heads
        std::swap_ranges(c.at(symbol, 0).begin(),
                         c.at(symbol, 0).begin() + static_cast<std::ptrdiff_t>(c.block()),
                         c.at(symbol, 0).begin() + static_cast<std::ptrdiff_t>(c.block()));
    report("wrong kv-head map", c.logits());

    c = llama;
    c.config.rotary.adjacent_pairs = true;
    report("rotary pairs (2i, 2i+1)", c.logits());

    report("rotary sign", llama.logits("[q,e1,e]", "[q,e,e1]"));
    report("scale of the scores missing", gpt2.logits(" scale[L1]", ""));
    report("no causal mask", gpt2.logits("causal[q,k]; ", ""));

    const auto composed = [&](const Checkpoint& model, Composition kind, const char* name) {
        const auto theirs =
            find_array(read_npz(folder / "gpt2" / "composition_transformerlens.npz"), name).as_double();
        const xt::xarray<double> ours =
            as_array(composition(model.model(no_folding), {kind}, in_double), kind, model.config);
        double worst = 0;
        for (std::size_t i = 0; i < theirs.size(); ++i)
            if (!std::isnan(ours.data()[i])) worst = std::max(worst, std::abs(ours.data()[i] - theirs[i]));
        return Finding{"composition scores of the reference", worst > 2e-6, fmt::format("{:.1e}", worst)};
    };
    EXPECT_FALSE(composed(gpt2, Composition::K, "raw_K").caught);
    report("K-composition reads W_QK, not its transpose", composed(gpt2, Composition::Q, "raw_K"));
}

TEST_F(Mistakes, InTermsAndRewritesAreCaughtByTheProof) {
    EXPECT_FALSE(proof(2, [](auto&, auto&) {}).caught);
    report("A1 A2 for A2 A1 in a virtual head", proof(2, [](auto& terms, Expr&) {
               exchange_factors(term_of(terms, virtual_head), "A[L0H1]", "A[L1H2]");
           }));
    report("two paths' values exchanged", proof(2, [](auto& terms, Expr&) {
               std::swap(term_of(terms, virtual_head), term_of(terms, "embed > L0H1.V > L1H3.V > unembed"));
           }));
    report("final norm frozen as another norm", proof(2, [](auto& terms, Expr&) {
               Expr& term = term_of(terms, virtual_head);
               exchange_factors(term, "rstd_final", "rstd1[L1]");
           }));
    report("remainder dropped", proof(1, [](auto&, Expr& remainder) {
               remainder = sum(std::vector<Term>{}, remainder->ports());
           }));
    report("a bias path dropped", proof(2, [](auto& terms, Expr&) {
               std::erase_if(terms,
                             [](const PathTerm& term) { return label(term.path) == "b_O[L0] > unembed"; });
           }));

    const Network right = transformer(proof_shape());
    std::string text = to_text(right);
    for (std::size_t i = text.find("causal[q,k];"); i != std::string::npos;
         i = text.find("causal[q,k];", i + 1))
        text.replace(i, 12, "strict[q,k];");
    const Network strict = parse_network("strict[q,k] = causal[q,k1] shift(1)[k1,k]\n" + text);
    const Verification result = verify_equal(right.output, strict.output, proof_shape());
    report("strict mask for the causal one", {"verify", !result.holds, result.failure.substr(0, 60)});
}

TEST_F(Mistakes, InSumsAreCaughtByTheClosure) {
    const Model model = load_model("example:attn-only-2l");
    PathMeasureOptions options;
    options.max_heads = 1;
    const PathTable table = path_contributions(model, std::vector<int>{7, 20, 3, 7}, options);
    EXPECT_LT(table.closure, 1e-10 * table.largest_logit);
    const double missing = table.rows.back().norm / table.largest_logit;
    EXPECT_FALSE(table.rows.back().path.has_value());
    report("rows printed without the remainder",
           {"closure", missing > 1e-4, fmt::format("{:.1e} of the largest logit", missing)});
}

TEST_F(Mistakes, InPlansAreCaughtByTheirCost) {
    const Config config = parse_random_shape("gpt2");
    const double n = 144, d = 768, m = 64;
    const double algorithm = 4 * (2 * n * d * m * m + n * m * d * d) + 3 * n * n * d * d;
    double apart = 0;
    std::vector<Expr> networks;
    for (const Reader reader : {Reader::Q, Reader::K, Reader::V}) {
        networks.push_back(pair_norm(config, {Writer::Heads, reader}));
        apart += plan(config, std::span(&networks.back(), 1), 0).multiply_adds_plain;
    }
    EXPECT_EQ(plan(config, networks, 0).multiply_adds_plain, algorithm);
    report("the writer's Gram made once for every kind",
           {"cost of the plan", apart != algorithm,
            fmt::format("{:.1f} G for {:.1f} G", apart / 1e9, algorithm / 1e9)});
}

}  // namespace
}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "expand/random_expression.hpp"

#include "expand/random.hpp"
#include "expand/rewrite.hpp"
#include "headway/network/leaves.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>

namespace headway {

namespace {

constexpr int n_layers = 2, n_key_heads = 2;
using Ports = std::vector<Space>;

// The leading order in which weights have their ports.
int rank(Space space) {
    return space == Space::Layer ? 0 : space == Space::Head ? 1 : space == Space::Member ? 2 : 3;
}

class Generator {
public:
    explicit Generator(std::uint64_t seed) : random_(seed), group_size_(random_.between(1, 2)) {}

    RandomNetwork run() {
        RandomNetwork result;
        result.group_size = group_size_;
        const Expr output = any(random_ports(3), 3);
        result.network = {std::move(definitions_), output};
        return result;
    }

private:
    Space random_space() {
        static const std::vector<Space> pool{
            Space::Position,  Space::Position, Space::Residual, Space::Residual, Space::Vocab,
            Space::HeadInner, Space::Head,     Space::Layer,    Space::Neuron,   Space::Channel};
        return random_.pick(pool);
    }
    Ports random_ports(int most) {
        Ports ports(static_cast<std::size_t>(random_.between(0, most)));
        for (Space& space : ports) space = random_space();
        std::stable_sort(ports.begin(), ports.end(), [](Space a, Space b) { return rank(a) < rank(b); });
        if (group_size_ > 1 && random_.one_in(3))
            if (const auto head = std::find(ports.begin(), ports.end(), Space::Head); head != ports.end())
                ports.insert(head + 1, Space::Member);
        return ports;
    }

    Expr any(const Ports& ports, int depth) {
        if (const Expr known = shared(ports)) return known;
        Expr node;
        switch (depth <= 0 ? 0 : random_.between(0, 9)) {
            case 0:
            case 1:
                node = leaf_of(ports);
                break;
            case 2:
            case 3:
                node = sum_of(ports, depth);
                break;
            case 4:
                node = function_of(ports, depth);
                break;
            case 5:
                node = frozen_of(ports, depth);
                break;
            case 6:
                node = family_of(ports, depth);
                break;
            default:
                node = product_of(ports, depth);
        }
        made_.push_back(node);
        return node;
    }

    // Now and then a node that there is already: sharing.
    Expr shared(const Ports& ports) {
        if (made_.empty() || !random_.one_in(6)) return nullptr;
        const Expr& candidate = random_.pick(made_);
        return candidate->ports() == ports ? candidate : nullptr;
    }

    Expr leaf_of(const Ports& ports) {
        std::vector<Expr> fitting;
        const auto offer = [&](const Expr& node) {
            if (node->ports() == ports) fitting.push_back(node);
        };
        for (const char* symbol : {"W_V", "W_O", "W_Q", "W_K", "W_OV", "W_QK"}) {
            const int layer = random_.between(0, n_layers - 1);
            offer(leaf(symbol, layer, group_size_));
            offer(head_leaf(symbol, {layer, random_.between(0, n_key_heads * group_size_ - 1)}, group_size_));
            offer(layers_leaf(symbol, n_layers, group_size_));
        }
        for (Relation relation :
             {Relation::Token, Relation::Causal, Relation::Before, Relation::Centre, Relation::Distance})
            offer(structure({relation, 0, {}}));
        offer(structure({Relation::Causal, random_.between(1, 2), {}}));
        offer(structure({Relation::Shift, random_.between(0, 1), {}}));
        offer(structure({Relation::Rope, 0, rotation()}));
        if (ports.size() == 1) offer(one_hot(ports.front(), random_.between(0, 1)));
        const bool one_space =
            std::count(ports.begin(), ports.end(), ports.empty() ? Space::Head : ports.front()) ==
            static_cast<std::ptrdiff_t>(ports.size());
        if (!ports.empty() && one_space) offer(copy(ports.front(), static_cast<int>(ports.size())));
        if (!fitting.empty() && random_.one_in(2)) return random_.pick(fitting);
        if (ports.empty())
            return leaf("scale", random_.between(0, n_layers - 1));  // a scalar has to be a known name
        return tensor(
            {"T" + std::to_string(random_.between(0, 3)), random_.between(-1, n_layers - 1), -1, -1}, ports);
    }

    Rotary rotation() {
        Rotary rotary{.dims = 2, .theta = random_.one_in(2) ? 10000.0 : 500.0};
        rotary.adjacent_pairs = random_.one_in(2);
        rotary.scaling = static_cast<RotaryScaling>(random_.between(0, 2));
        rotary.factor = 4;
        rotary.original_ctx = 8;
        return rotary;
    }

    Expr sum_of(const Ports& ports, int depth) {
        std::vector<Term> terms;
        for (int n = random_.between(1, 3); n > 0; --n) {
            std::vector<int> labels = straight(ports.size());
            if (random_.one_in(2)) random_.shuffle(labels);
            std::stable_sort(labels.begin(), labels.end(), [&](int a, int b) {
                return rank(ports[static_cast<std::size_t>(a)]) < rank(ports[static_cast<std::size_t>(b)]);
            });
            terms.push_back({random_.between(-2, 3), {any(chosen(ports, labels), depth - 1), labels}});
        }
        return sum(std::move(terms), ports);
    }

    static Ports chosen(const Ports& spaces, const std::vector<int>& labels) {
        Ports result;
        for (int label : labels) result.push_back(spaces[static_cast<std::size_t>(label)]);
        return result;
    }

    Expr function_of(const Ports& ports, int depth) {
        if (random_.one_in(3)) {
            Ports longer = ports;
            const int consumed = random_.between(1, 2);
            for (int i = 0; i < consumed; ++i)
                longer.push_back(random_.one_in(2) ? Space::Residual : Space::Neuron);
            return named("rstd1", rstd(any(longer, depth - 1), 1e-5, consumed));
        }
        if (ports.empty() || random_.one_in(2)) {
            static const std::vector<Function> functions{Function::Relu, Function::Gelu, Function::GeluNew,
                                                         Function::Silu};
            const Expr argument = any(ports, depth - 1);
            return random_.one_in(4) ? soft_cap(argument, random_.between(1, 3) * 10.0)
                                     : pointwise(random_.pick(functions), argument);
        }
        const Expr argument = any(ports, depth - 1);
        const int axis = random_.between(0, static_cast<int>(ports.size()) - 1);
        std::vector<int> positions;
        for (int port : straight(ports.size()))
            if (ports[static_cast<std::size_t>(port)] == Space::Position) positions.push_back(port);
        if (positions.size() < 2) return named("A", softmax(argument, axis));
        const int window = random_.one_in(3) ? random_.between(1, 2) : 0;
        return named("A", softmax(argument, axis, structure({Relation::Causal, window, {}}),
                                  {positions[0], positions[1]}));
    }

    Expr named(const std::string& symbol, const Expr& node) {
        definitions_.push_back({fmt::format("{}[L{}]", symbol, definitions_.size()), node});
        return node;
    }

    Expr frozen_of(const Ports& ports, int depth) {
        const bool head = random_.one_in(2);
        Ports link_ports = ports;
        if (head && group_size_ > 1) link_ports.insert(link_ports.begin(), Space::Member);
        if (head) link_ports.insert(link_ports.begin(), Space::Head);
        const Expr link = any(link_ports, depth - 1);
        const int number = links_.emplace(link, static_cast<int>(links_.size())).first->second;
        const std::string symbol = fmt::format("F{}", number);
        if (!head) return frozen(symbol, 0, link);
        const bool member = link_ports.size() > 1 && link_ports[1] == Space::Member;
        const int heads = n_key_heads * (member ? group_size_ : 1);
        return frozen_head(symbol, {0, random_.between(0, heads - 1)}, link);
    }

    Expr family_of(const Ports& ports, int depth) {
        if (ports.empty() || (ports.front() != Space::Layer && ports.front() != Space::Head))
            return product_of(ports, depth);
        std::vector<Expr> members;
        const Ports tail(ports.begin() + 1, ports.end());
        for (int n = ports.front() == Space::Layer ? n_layers : n_key_heads; n > 0; --n)
            members.push_back(any(tail, depth - 1));
        return family(std::move(members), ports.front());
    }

    // Factors with random legs; what nobody carries is given to somebody.
    Expr product_of(const Ports& ports, int depth) {
        Ports spaces = ports;
        for (int n = random_.between(0, 3); n > 0; --n) spaces.push_back(random_space());
        std::vector<Use> factors;
        if (random_.one_in(3)) pair_of_weights(spaces, factors);
        std::vector<std::vector<int>> legs(static_cast<std::size_t>(random_.between(1, 3)));
        const int n_labels = static_cast<int>(spaces.size());
        for (std::vector<int>& own : legs)
            for (int n = n_labels == 0 ? 0 : random_.between(0, 2); n > 0; --n)
                own.push_back(random_.between(0, n_labels - 1));
        for (int label = 0; label < n_labels; ++label)
            if (!carried(label, legs, factors))
                legs[static_cast<std::size_t>(random_.between(0, static_cast<int>(legs.size()) - 1))]
                    .push_back(label);
        for (std::vector<int>& own : legs) {
            std::stable_sort(own.begin(), own.end(), [&](int a, int b) {
                return rank(spaces[static_cast<std::size_t>(a)]) < rank(spaces[static_cast<std::size_t>(b)]);
            });
            factors.push_back({any(chosen(spaces, own), depth - 1), own});
        }
        const auto split = spaces.begin() + static_cast<std::ptrdiff_t>(ports.size());
        return product(std::move(factors), ports, Ports(split, spaces.end()));
    }

    static bool carried(int label, const std::vector<std::vector<int>>& legs,
                        const std::vector<Use>& factors) {
        const auto has = [label](const std::vector<int>& own) {
            return std::find(own.begin(), own.end(), label) != own.end();
        };
        return std::any_of(legs.begin(), legs.end(), has) ||
               std::any_of(factors.begin(), factors.end(), [&](const Use& use) { return has(use.labels); });
    }

    // W_V W_O or W_Q W_Kᵀ of one head, or of all heads on one head index.
    void pair_of_weights(Ports& spaces, std::vector<Use>& factors) {
        const auto fresh = [&](Space space) {
            spaces.push_back(space);
            return static_cast<int>(spaces.size()) - 1;
        };
        const bool ov = random_.one_in(2);
        const int layer = random_.between(0, n_layers - 1);
        const int d = fresh(Space::Residual), d1 = fresh(Space::Residual), e = fresh(Space::HeadInner);
        std::vector<int> query, key;
        if (random_.one_in(2)) {
            query = key = {fresh(Space::Head)};
            if (group_size_ > 1) query.push_back(fresh(Space::Member));
        }
        const auto weight = [&](const char* symbol, int head) {
            return query.empty() ? head_leaf(symbol, {layer, head}, group_size_)
                                 : leaf(symbol, layer, group_size_);
        };
        const auto wired = [](std::vector<int> heads, int a, int b) {
            heads.insert(heads.end(), {a, b});
            return heads;
        };
        const int head = random_.between(0, n_key_heads * group_size_ - 1);
        factors.push_back({weight(ov ? "W_V" : "W_Q", head), wired(ov ? key : query, d, e)});
        factors.push_back({weight(ov ? "W_O" : "W_K", head), ov ? wired(query, e, d1) : wired(key, d1, e)});
    }

    Random random_;
    int group_size_;
    std::vector<Expr> made_;
    std::vector<Definition> definitions_;
    std::unordered_map<Expr, int> links_;
};

}  // namespace

Config RandomNetwork::config() const {
    Config config;
    config.n_layers = n_layers;
    config.n_kv_heads = n_key_heads;
    config.n_heads = n_key_heads * group_size;
    return config;
}

RandomNetwork random_network(std::uint64_t seed) { return Generator(seed).run(); }

ModularModel random_model(int group_size, std::uint64_t seed) {
    Random random(seed);
    ModularModel model{{}, group_size, seed};
    for (Space space :
         {Space::Vocab, Space::Position, Space::Residual, Space::HeadInner, Space::Neuron, Space::Channel})
        model.sizes[space] = random.between(space == Space::Position ? 3 : 2, 4);
    model.sizes[Space::Layer] = n_layers;
    model.sizes[Space::Head] = n_key_heads;
    model.sizes[Space::Member] = group_size;
    return model;
}

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "headway/expand/mutate.hpp"

#include "expand/mutants.hpp"
#include "expand/random.hpp"
#include "expand/rewrite.hpp"
#include "headway/network/leaves.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace headway {

namespace {

// A place for a mistake; what `a`, `b` and `c` mean depends on its kind.
struct Site {
    Mutation mutation;
    Expr node;
    std::size_t a = 0;
    std::size_t b = 0;
    int c = 0;
};

bool is_symmetric(const Node& node) {
    const auto* relation = node.as<Structure>();
    return node.as<Copy>() != nullptr || (relation != nullptr && relation->relation == Relation::Centre);
}

// A table of zeros and ones is its own square.
bool is_idempotent(const Node& node) {
    const auto* relation = node.as<Structure>();
    if (relation == nullptr) return node.as<Copy>() != nullptr;
    return relation->relation != Relation::Centre && relation->relation != Relation::Rope &&
           relation->relation != Relation::Distance;
}

// The weights that could stand for each other by mistake: those of equal shape among them.
constexpr std::array<std::string_view, 30> weights{
    "W_Q",    "W_K",        "W_V",        "W_OV",       "W_QK",       "W_in",    "W_gate",  "b_Q",
    "b_K",    "b_V",        "q_norm.w",   "k_norm.w",   "b_O",        "b_out",   "ln1.w",   "ln2.w",
    "ln1.b",  "ln2.b",      "ln1_post.w", "ln2_post.w", "ln1.b.Q",    "ln1.b.K", "ln1.b.V", "b_E",
    "b_head", "ln_embed.w", "ln_embed.b", "ln_final.w", "ln_final.b", "scale"};

std::vector<std::string_view> like(const std::string& symbol) {
    std::vector<std::string_view> result;
    const auto own = leaf_shape(symbol);
    for (std::string_view other : weights)
        if (const auto shape = leaf_shape(other);
            own && other != symbol && shape->ports == own->ports && shape->per_layer == own->per_layer &&
            (shape->heads == PerHead::None) == (own->heads == PerHead::None))
            result.push_back(other);
    return result;
}

const Structure* causal_mask(const Apply& softmax) {
    const auto* relation = softmax.mask->node->as<Structure>();
    return relation != nullptr && relation->relation == Relation::Causal ? relation : nullptr;
}

std::vector<Space> spaces_of(const Product& product, const std::vector<Space>& ports) {
    std::vector<Space> spaces = ports;
    spaces.insert(spaces.end(), product.bound.begin(), product.bound.end());
    return spaces;
}

std::size_t ends(const Product& product, int label) {
    std::size_t count = 0;
    for (const Use& factor : product.factors)
        count += static_cast<std::size_t>(std::count(factor.labels.begin(), factor.labels.end(), label));
    return count;
}

// All places of an expression.
class Sites {
public:
    Sites(const Expr& root, const MutationRange& range) : range_(range) {
        visit(root);
        wrong_links();
    }
    const std::vector<Site>& all() const { return sites_; }
    /// The frozen value that a wrong link is taken from.
    const Expr& other(const Site& site) const { return others_[static_cast<std::size_t>(site.c) - 1]; }

private:
    void visit(const Expr& node) {
        if (!seen_.insert(node).second) return;
        if (const auto* product = node->as<Product>()) of_product(node, *product);
        if (const auto* sum = node->as<Sum>()) of_sum(node, *sum);
        if (const auto* leaf = node->as<Tensor>()) of_leaf(node, *leaf);
        if (const auto* apply = node->as<Apply>()) of_function(node, *apply);
        if (const auto* family = node->as<Family>()) of_family(node, *family);
        if (const auto* relation = node->as<Structure>()) of_structure(node, *relation);
        if (const auto* frozen = node->as<Frozen>()) {
            const bool member = frozen->link->ports().size() == node->ports().size() + 2;
            if (frozen->head >= 0 && (member ? range_.n_heads : range_.n_kv_heads) > 1)
                add(Mutation::WrongHead, node);
            frozen_.push_back(node);
            return;
        }
        for (const Expr& child : children(*node)) visit(child);
    }

    void add(Mutation mutation, const Expr& node, std::size_t a = 0, std::size_t b = 0, int c = 0) {
        sites_.push_back({mutation, node, a, b, c});
    }

    void of_product(const Expr& node, const Product& product) {
        for (std::size_t i = 0; i < product.factors.size(); ++i) {
            const Use& factor = product.factors[i];
            if (product.factors.size() > 1) add(Mutation::FactorDropped, node, i);
            if (!is_idempotent(*factor.node)) add(Mutation::FactorRepeated, node, i);
            legs_of(node, factor, i);
            rewirings_of(node, product, i);
            for (std::size_t j = i + 1; j < product.factors.size(); ++j)
                if (product.factors[j].node != factor.node &&
                    product.factors[j].node->ports() == factor.node->ports())
                    add(Mutation::OrderSwapped, node, i, j);
        }
    }

    void legs_of(const Expr& node, const Use& use, std::size_t i) {
        if (is_symmetric(*use.node)) return;
        const bool structure = use.node->as<Structure>() != nullptr;
        const std::vector<Space>& ports = use.node->ports();
        for (std::size_t p = 0; p < ports.size(); ++p)
            for (std::size_t r = p + 1; r < ports.size(); ++r)
                if (ports[p] == ports[r] && use.labels[p] != use.labels[r])
                    add(structure ? Mutation::StructureTransposed : Mutation::LegsSwapped, node, i, p,
                        static_cast<int>(r));
    }

    // A leg may only leave an index that something else still carries.
    void rewirings_of(const Expr& node, const Product& product, std::size_t i) {
        const std::vector<Space> spaces = spaces_of(product, node->ports());
        const std::vector<int>& labels = product.factors[i].labels;
        for (std::size_t p = 0; p < labels.size(); ++p) {
            if (ends(product, labels[p]) < 2) continue;
            for (std::size_t other = 0; other < spaces.size(); ++other)
                if (static_cast<int>(other) != labels[p] &&
                    spaces[other] == spaces[static_cast<std::size_t>(labels[p])])
                    add(Mutation::BoundRewired, node, i, p, static_cast<int>(other));
        }
    }

    void of_sum(const Expr& node, const Sum& sum) {
        for (std::size_t i = 0; i < sum.terms.size(); ++i) {
            add(Mutation::TermDropped, node, i);
            add(Mutation::Coefficient, node, i);
            legs_of(node, sum.terms[i].use, i);
        }
    }

    void of_leaf(const Expr& node, const Tensor& leaf) {
        if (leaf.head >= 0 && range_.n_heads > 1) add(Mutation::WrongHead, node);
        if (leaf.group >= 0 && range_.n_kv_heads > 1) add(Mutation::WrongGroup, node);
        if (leaf.layer >= 0 && range_.n_layers > 1) add(Mutation::WrongLayer, node);
        for (std::size_t i = 0; i < like(leaf.symbol).size(); ++i) add(Mutation::WrongWeight, node, i);
    }

    void of_structure(const Expr& node, const Structure& relation) {
        if (relation.relation == Relation::OneHot && node->ports().front() == Space::Head &&
            range_.n_kv_heads > 1)
            add(Mutation::WrongHead, node);
        if (relation.relation != Relation::Rope) return;
        add(Mutation::RotationChanged, node, 0);
        add(Mutation::RotationChanged, node, 1);
        if (relation.rotary.dims > 2) add(Mutation::RotationChanged, node, 2);  // else there is one pairing
    }

    void of_family(const Expr& node, const Family& family) {
        for (std::size_t i = 0; i < family.members.size(); ++i)
            for (std::size_t j = i + 1; j < family.members.size(); ++j)
                if (family.members[i] != family.members[j]) add(Mutation::OrderSwapped, node, i, j);
    }

    void of_function(const Expr& node, const Apply& apply) {
        if (apply.function != Function::Softmax) return add(Mutation::FunctionChanged, node);
        if (apply.mask) {
            add(Mutation::MaskChanged, node, 0);
            if (apply.mask->labels.size() == 2) add(Mutation::MaskChanged, node, 1);
            if (causal_mask(apply) != nullptr) add(Mutation::MaskChanged, node, 3);
            return;
        }
        const std::vector<Space>& ports = apply.argument->ports();
        if (std::count(ports.begin(), ports.end(), Space::Position) > 1) add(Mutation::MaskChanged, node, 2);
    }

    void wrong_links() {
        for (std::size_t i = 0; i < frozen_.size(); ++i)
            for (std::size_t j = 0; j < frozen_.size(); ++j) {
                const auto *mine = frozen_[i]->as<Frozen>(), *other = frozen_[j]->as<Frozen>();
                if (mine->link != other->link && mine->link->ports() == other->link->ports())
                    wrong_link(frozen_[i], frozen_[j]);
            }
    }
    void wrong_link(const Expr& node, const Expr& other) {
        others_.push_back(other);
        Site site{Mutation::WrongLayer, node};
        site.c = static_cast<int>(others_.size());
        sites_.push_back(site);
    }

    const MutationRange& range_;
    std::vector<Site> sites_;
    std::vector<Expr> frozen_;
    std::vector<Expr> others_;
    std::unordered_set<Expr> seen_;
};

int next(int value, int count) { return (value + 1) % count; }

Expr without_factor(const Product& product_node, const std::vector<Space>& ports, std::size_t i) {
    std::vector<Use> factors = product_node.factors;
    std::vector<int> gone = factors[i].labels;
    factors.erase(factors.begin() + static_cast<std::ptrdiff_t>(i));
    const std::vector<Space> spaces = spaces_of(product_node, ports);
    std::sort(gone.begin(), gone.end());
    gone.erase(std::unique(gone.begin(), gone.end()), gone.end());
    for (int label : gone) {
        const auto carries = [label](const Use& use) {
            return std::find(use.labels.begin(), use.labels.end(), label) != use.labels.end();
        };
        if (std::none_of(factors.begin(), factors.end(), carries))
            factors.push_back({copy(spaces[static_cast<std::size_t>(label)], 1), {label}});
    }
    return product(std::move(factors), ports, product_node.bound);
}

Expr changed_product(const Site& site, const Product& node) {
    const std::vector<Space>& ports = site.node->ports();
    if (site.mutation == Mutation::FactorDropped) return without_factor(node, ports, site.a);
    std::vector<Use> factors = node.factors;
    if (site.mutation == Mutation::FactorRepeated)
        factors.push_back(factors[site.a]);
    else if (site.mutation == Mutation::OrderSwapped)
        std::swap(factors[site.a].node, factors[site.b].node);
    else if (site.mutation == Mutation::BoundRewired)
        factors[site.a].labels[site.b] = site.c;
    else
        std::swap(factors[site.a].labels[site.b], factors[site.a].labels[static_cast<std::size_t>(site.c)]);
    return product(std::move(factors), ports, node.bound);
}

Expr changed_sum(const Site& site, const Sum& node) {
    std::vector<Term> terms = node.terms;
    Term& term = terms[site.a];
    if (site.mutation == Mutation::TermDropped)
        terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(site.a));
    else if (site.mutation == Mutation::Coefficient)
        ++term.coefficient;
    else
        std::swap(term.use.labels[site.b], term.use.labels[static_cast<std::size_t>(site.c)]);
    return sum(std::move(terms), site.node->ports());
}

Expr changed_mask(const Site& site, const Apply& apply) {
    if (site.a == 0) return softmax(apply.argument, apply.axis);
    if (site.a == 3) {
        const std::int64_t window = causal_mask(apply)->value;
        return softmax(apply.argument, apply.axis,
                       structure({Relation::Causal, window == 0 ? 2 : window - 1, {}}), apply.mask->labels);
    }
    if (site.a == 1)
        return softmax(apply.argument, apply.axis, apply.mask->node,
                       {apply.mask->labels[1], apply.mask->labels[0]});
    std::vector<int> positions;
    const std::vector<Space>& ports = apply.argument->ports();
    for (int port : straight(ports.size()))
        if (ports[static_cast<std::size_t>(port)] == Space::Position) positions.push_back(port);
    return softmax(apply.argument, apply.axis, structure({Relation::Causal, 0, {}}),
                   {positions[0], positions[1]});
}

Expr changed_function(const Apply& apply) {
    if (apply.function == Function::Rstd)
        return rstd(apply.argument, 2 * apply.parameter + 1e-6, apply.consumed);
    if (apply.function == Function::SoftCap) return soft_cap(apply.argument, apply.parameter + 1);
    return pointwise(apply.function == Function::Gelu ? Function::Silu : Function::Gelu, apply.argument);
}

Expr changed_rotation(const Site& site, Structure relation) {
    Rotary& rotary = relation.rotary;
    if (site.a == 0) rotary.theta *= 10;
    if (site.a == 1) {
        rotary.factor = rotary.scaling == RotaryScaling::Linear ? 2 * rotary.factor : 2;
        rotary.scaling = RotaryScaling::Linear;
    }
    if (site.a == 2) rotary.adjacent_pairs = !rotary.adjacent_pairs;
    return structure(relation);
}

Expr changed_frozen(const Site& site, const Frozen& node, const Expr& other, const MutationRange& range) {
    if (site.mutation == Mutation::WrongHead) {
        const bool member = node.link->ports().size() == site.node->ports().size() + 2;
        const int heads = member ? range.n_heads : range.n_kv_heads;
        return frozen_head(node.symbol, {node.layer, next(node.head, heads)}, node.link);
    }
    const auto* from = other->as<Frozen>();
    if (node.head < 0) return frozen(from->symbol, from->layer, from->link);
    return frozen_head(from->symbol, {from->layer, node.head}, from->link);
}

Expr changed_leaf(const Site& site, Tensor leaf, const MutationRange& range) {
    if (site.mutation == Mutation::WrongHead) leaf.head = next(leaf.head, range.n_heads);
    if (site.mutation == Mutation::WrongGroup) leaf.group = next(leaf.group, range.n_kv_heads);
    if (site.mutation == Mutation::WrongLayer) leaf.layer = next(leaf.layer, range.n_layers);
    if (site.mutation == Mutation::WrongWeight) leaf.symbol = like(leaf.symbol)[site.a];
    return tensor(std::move(leaf), site.node->ports());
}

Expr changed(const Site& site, const Sites& sites, const MutationRange& range) {
    const Node& node = *site.node;
    if (const auto* product_node = node.as<Product>()) return changed_product(site, *product_node);
    if (const auto* sum_node = node.as<Sum>()) return changed_sum(site, *sum_node);
    if (const auto* apply = node.as<Apply>())
        return apply->function == Function::Softmax ? changed_mask(site, *apply) : changed_function(*apply);
    if (const auto* leaf = node.as<Tensor>()) return changed_leaf(site, *leaf, range);
    if (site.mutation == Mutation::RotationChanged) return changed_rotation(site, *node.as<Structure>());
    if (const auto* relation = node.as<Structure>())
        return one_hot(node.ports().front(), next(static_cast<int>(relation->value), range.n_kv_heads));
    if (const auto* frozen_node = node.as<Frozen>())
        return changed_frozen(site, *frozen_node, site.c > 0 ? sites.other(site) : site.node, range);
    std::vector<Expr> members = node.as<Family>()->members;
    std::swap(members[site.a], members[site.b]);
    return family(std::move(members), node.ports().front());
}

std::vector<Expr> parts_of(const Site& site) {
    const auto* product_node = site.node->as<Product>();
    if (const auto* sum_node = site.node->as<Sum>()) return {sum_node->terms[site.a].use.node};
    if (product_node == nullptr) return {site.node};
    std::vector<Expr> parts{product_node->factors[site.a].node};
    if (site.mutation == Mutation::OrderSwapped) parts.push_back(product_node->factors[site.b].node);
    return parts;
}

// `root` with `before` replaced wherever it is used.
class Replacement {
public:
    Replacement(const Expr& before, const Expr& after) { done_.emplace(before, after); }
    Expr run(const Expr& node) {
        if (const auto known = done_.find(node); known != done_.end()) return known->second;
        Expr result = rebuild(node, [this](const Expr& child) { return run(child); });
        return done_.emplace(node, std::move(result)).first->second;
    }

private:
    std::unordered_map<Expr, Expr> done_;
};

}  // namespace

Expr replaced(const Expr& root, const Expr& before, const Expr& after) {
    return Replacement(before, after).run(root);
}

std::string_view name(Mutation mutation) {
    static constexpr std::array<std::string_view, n_mutations> names{
        "term dropped",    "term repeated",        "paths exchanged", "coefficient changed",
        "legs swapped",    "structure transposed", "index rewired",   "order swapped",
        "factor dropped",  "factor repeated",      "wrong head",      "wrong group",
        "wrong layer",     "wrong weight",         "mask changed",    "rotation changed",
        "function changed"};
    return names[static_cast<std::size_t>(mutation)];
}

std::optional<Mutant> mutate(const Expr& expression, const MutationRange& range, std::uint64_t seed) {
    const Sites sites(expression, range);
    std::vector<Mutation> kinds;
    for (const Site& site : sites.all())
        if (std::find(kinds.begin(), kinds.end(), site.mutation) == kinds.end())
            kinds.push_back(site.mutation);
    if (kinds.empty()) return std::nullopt;
    Random random(seed);
    const Mutation kind = random.pick(kinds);
    std::vector<Site> places;
    for (const Site& site : sites.all())
        if (site.mutation == kind) places.push_back(site);
    const Site& site = random.pick(places);
    const Expr after = changed(site, sites, range);
    return Mutant{kind, replaced(expression, site.node, after), site.node, after, parts_of(site)};
}

}  // namespace headway

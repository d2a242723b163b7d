// SPDX-License-Identifier: Apache-2.0
#include "expand/random.hpp"
#include "headway/base/error.hpp"
#include "headway/expand/modular.hpp"

#include <algorithm>
#include <unordered_set>

namespace headway {

namespace {

constexpr std::array free_spaces{Space::Vocab,     Space::Position, Space::Residual,
                                 Space::HeadInner, Space::Neuron,   Space::Channel};

// The extents that are still 0, random in 2..7 and different from each other and from the given ones. At
// least three positions: causal patterns on two of them commute, A2 A1 = A1 A2.
void fill_free(Sizes& sizes, Random& random) {
    std::vector<std::int64_t> left{2, 3, 4, 5, 6, 7};
    for (Space space : free_spaces) std::erase(left, sizes[space]);
    for (Space space : free_spaces) {
        if (sizes[space] != 0) continue;
        const bool skips_two = space == Space::Position && left.front() == 2;
        const auto pick = left.begin() + random.between(skips_two ? 1 : 0, static_cast<int>(left.size()) - 1);
        sizes[space] = *pick;
        left.erase(pick);
    }
}

// Extents that an expression names: at least so much, or exactly so much.
class Needs {
public:
    void see(const Expr& node) {
        if (!seen_.insert(node.get()).second) return;
        for (Space space : node->ports()) has_member_ = has_member_ || space == Space::Member;
        if (const auto* leaf = node->as<Tensor>()) {
            at_least(Space::Layer, leaf->layer + 1);
            query_heads_ = std::max(query_heads_, leaf->head + 1);
            at_least(Space::Head, leaf->group + 1);
        } else if (const auto* relation = node->as<Structure>()) {
            if (relation->relation == Relation::OneHot) at_least(node->ports().front(), relation->value + 1);
            if (relation->relation == Relation::Rope) at_least(Space::HeadInner, relation->rotary.dims);
        } else if (const auto* frozen = node->as<Frozen>()) {
            const std::vector<Space>& link = frozen->link->ports();
            if (link.size() == node->ports().size() + 2)
                query_heads_ = std::max(query_heads_, frozen->head + 1);
            else
                at_least(Space::Head, frozen->head + 1);
        } else if (const auto* members = node->as<Family>()) {
            exactly(node->ports().front(), static_cast<std::int64_t>(members->members.size()));
        }
        for (const Expr& child : children(*node)) see(child);
    }

    ModularModel model(int group_size, std::uint64_t seed) {
        Random random(seed);
        ModularModel result{fixed_, 1, seed};
        if (group_size == 0) group_size = has_member_ ? random.between(2, 3) : 1;
        if (const std::int64_t members = fixed_[Space::Member]; members != 0)
            group_size = static_cast<int>(members);
        result.group_size = group_size;
        result.sizes[Space::Member] = group_size;
        at_least(Space::Head, (query_heads_ + group_size - 1) / group_size);
        for (Space space : {Space::Head, Space::Layer})
            if (fixed_[space] == 0)
                result.sizes[space] = std::max<std::int64_t>(least_[space], random.between(2, 4));
        for (Space space : free_spaces)
            if (fixed_[space] == 0 && least_[space] > 2)
                result.sizes[space] = least_[space] + random.between(0, 2);
        fill_free(result.sizes, random);
        return result;
    }

private:
    void at_least(Space space, std::int64_t extent) { least_[space] = std::max(least_[space], extent); }
    void exactly(Space space, std::int64_t extent) {
        require(fixed_[space] == 0 || fixed_[space] == extent, ErrorKind::Usage,
                "families of {} and of {} members stand for the same space {}", fixed_[space], extent,
                name(space));
        fixed_[space] = extent;
    }

    Sizes fixed_;
    Sizes least_;
    int query_heads_ = 0;
    bool has_member_ = false;
    std::unordered_set<const Node*> seen_;
};

}  // namespace

ModularModel modular_model(const Config& config, std::uint64_t seed) {
    Random random(seed);
    ModularModel model{{}, config.group_size(), seed};
    model.sizes[Space::Layer] = config.n_layers;
    model.sizes[Space::Head] = config.n_kv_heads;
    model.sizes[Space::Member] = config.group_size();
    int turned = 0;  // the most that a layer rotates
    for (int layer = 0; layer < config.n_layers; ++layer)
        turned = std::max(turned, config.rotary_of(layer).dims);
    if (turned > 0)
        model.sizes[Space::HeadInner] = turned + (turned == config.d_head ? 0 : random.between(1, 2));
    fill_free(model.sizes, random);
    return model;
}

ModularModel modular_model(std::span<const Expr> expressions, int group_size, std::uint64_t seed) {
    Needs needs;
    for (const Expr& expression : expressions) needs.see(expression);
    return needs.model(group_size, seed);
}

}  // namespace headway

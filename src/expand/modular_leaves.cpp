// SPDX-License-Identifier: Apache-2.0
#include "expand/modular_leaves.hpp"

#include "expand/modular_contract.hpp"
#include "headway/base/error.hpp"
#include "headway/network/leaves.hpp"

#include <algorithm>
#include <bit>

namespace headway {

namespace {

// The head that an entry of a weight belongs to, and how many leading indices say so.
struct HeadPlace {
    std::int64_t head = -1;  // query head, or key-value head where heads share keys and values
    std::size_t indices = 0;
};

HeadPlace head_place(const Tensor& leaf, const std::vector<Space>& ports,
                     const std::vector<std::int64_t>& indices, const ModularModel& model) {
    if (leaf.head >= 0) {
        const auto shape = leaf_shape(leaf.symbol);
        const bool shared = shape && shape->heads == PerHead::KeyValue;
        return {shared ? leaf.head / model.group_size : leaf.head, 0};
    }
    HeadPlace place{leaf.group, 0};
    if (place.head < 0 && !ports.empty() && ports.front() == Space::Head)
        place = {indices[place.indices], place.indices + 1};
    if (place.head >= 0 && place.indices < ports.size() && ports[place.indices] == Space::Member)
        place = {place.head * model.group_size + indices[place.indices], place.indices + 1};
    return place;
}

using Entries = std::span<const std::int64_t>;

std::uint64_t weight(const ModularModel& model, std::string_view symbol, int layer, std::int64_t head,
                     Entries indices) {
    FieldHash hash(model.seed);
    hash.add(std::string_view("weight")).add(symbol).add(layer).add(head);
    for (std::int64_t index : indices) hash.add(index);
    return hash.element();
}

// Σ_e left[.., e] right[.., e] of two weights of one head.
std::uint64_t folded(const ModularModel& model, const Tensor& leaf, std::int64_t head, Entries ij, bool ov) {
    const std::int64_t shared = head / model.group_size;
    std::uint64_t total = 0;
    for (std::int64_t e = 0; e < model.sizes[Space::HeadInner]; ++e) {
        const std::uint64_t left =
            weight(model, ov ? "W_V" : "W_Q", leaf.layer, ov ? shared : head, std::array{ij[0], e});
        const std::uint64_t right = ov ? weight(model, "W_O", leaf.layer, head, std::array{e, ij[1]})
                                       : weight(model, "W_K", leaf.layer, shared, std::array{ij[1], e});
        total = add_mod(total, multiply_mod(left, right));
    }
    return total;
}

struct Turn {
    std::uint64_t c = 1;
    std::uint64_t s = 0;
};

// The point ((1-t²)/(1+t²), 2t/(1+t²)) of the circle; 1+t² is never 0, since -1 is no square modulo p = 3 mod
// 4.
Turn frequency(const ModularModel& model, const Rotary& rotary, int pair) {
    FieldHash hash(model.seed);
    hash.add(std::string_view("rope")).add(rotary.dims).add(pair);
    hash.add(static_cast<int>(rotary.scaling)).add(rotary.original_ctx);
    for (const double number : {rotary.theta, rotary.factor, rotary.low_factor, rotary.high_factor})
        hash.add(std::bit_cast<std::uint64_t>(number));
    const std::uint64_t t = hash.element();
    const std::uint64_t t2 = multiply_mod(t, t);
    const std::uint64_t scale = inverse_mod(add_mod(1, t2));
    return {multiply_mod(subtract_mod(1, t2), scale), multiply_mod(add_mod(t, t), scale)};
}

Turn operator+(Turn a, Turn b) {
    return {subtract_mod(multiply_mod(a.c, b.c), multiply_mod(a.s, b.s)),
            add_mod(multiply_mod(a.c, b.s), multiply_mod(a.s, b.c))};
}

ModularArray rope_value(const Rotary& rotary, ModularArray result, const ModularModel& model) {
    const std::int64_t positions = result.shape[0], inner = result.shape[1];
    require(rotary.dims <= inner && rotary.dims % 2 == 0, ErrorKind::Usage,
            "a rotation of {} dimensions does not fit a head of {}", rotary.dims, inner);
    const auto entry = [&](std::int64_t q, std::int64_t from, std::int64_t to) -> std::uint64_t& {
        return result.values[static_cast<std::size_t>((q * inner + from) * inner + to)];
    };
    for (std::int64_t q = 0; q < positions; ++q)
        for (std::int64_t e = rotary.dims; e < inner; ++e) entry(q, e, e) = 1;
    for (int pair = 0; pair < rotary.dims / 2; ++pair) {
        const std::int64_t i = rotary.adjacent_pairs ? 2 * pair : pair;
        const std::int64_t j = rotary.adjacent_pairs ? 2 * pair + 1 : pair + rotary.dims / 2;
        const Turn step = frequency(model, rotary, pair);
        Turn turn;
        for (std::int64_t q = 0; q < positions; ++q, turn = turn + step) {
            // y_i = c x_i - s x_j, y_j = s x_i + c x_j
            entry(q, i, i) = entry(q, j, j) = turn.c;
            entry(q, j, i) = negate_mod(turn.s);
            entry(q, i, j) = turn.s;
        }
    }
    return result;
}

std::uint64_t relation_entry(const Structure& structure, Entries at, const ModularModel& model) {
    const auto one_if = [](bool holds) { return holds ? std::uint64_t{1} : std::uint64_t{0}; };
    switch (structure.relation) {
        case Relation::Token: {
            // As many different tokens as there are: on equal ones patterns would not matter.
            const auto vocab = static_cast<std::uint64_t>(model.sizes[Space::Vocab]);
            const std::uint64_t first = FieldHash(model.seed).add(std::string_view("token")).word() % vocab;
            const std::uint64_t token = (first + static_cast<std::uint64_t>(at[0])) % vocab;
            return one_if(static_cast<std::uint64_t>(at[1]) == token);
        }
        case Relation::Causal:
            return one_if(at[1] <= at[0] && (structure.value == 0 || at[0] - at[1] < structure.value));
        case Relation::Before:
            return one_if(at[0] < at[1]);
        case Relation::Shift:
            return one_if(at[1] == at[0] - structure.value);
        case Relation::OneHot:
            return one_if(at[0] == structure.value);
        case Relation::Centre: {
            const std::uint64_t mean = inverse_mod(residue(model.sizes[Space::Residual]));
            return subtract_mod(one_if(at[0] == at[1]), mean);
        }
        case Relation::Distance:
            return subtract_mod(residue(at[1]), residue(at[0]));
        case Relation::Rope:
            break;
    }
    invariant(false, "a rotation has no entries of its own");
    return 0;
}

ModularArray zeros(const std::vector<Space>& ports, const ModularModel& model) {
    ModularArray result{extents_of(ports, model), {}};
    result.values.resize(checked_size(result.shape));
    return result;
}

}  // namespace

std::vector<std::int64_t> extents_of(const std::vector<Space>& spaces, const ModularModel& model) {
    std::vector<std::int64_t> extents;
    for (Space space : spaces) {
        extents.push_back(model.sizes[space]);
        require(extents.back() > 0, ErrorKind::Usage, "the exact evaluator has no extent for the space {}",
                name(space));
    }
    return extents;
}

ModularArray tensor_value(const Tensor& leaf, const std::vector<Space>& ports, const ModularModel& model) {
    ModularArray result = zeros(ports, model);
    const bool ov = leaf.symbol == "W_OV", qk = leaf.symbol == "W_QK";
    for_each_entry(result.shape, result.values.size(), [&](std::size_t place, const auto& indices) {
        const HeadPlace head = head_place(leaf, ports, indices, model);
        const Entries rest = Entries(indices).subspan(head.indices);
        result.values[place] = (ov || qk) && head.head >= 0 && rest.size() == 2
                                   ? folded(model, leaf, head.head, rest, ov)
                                   : weight(model, leaf.symbol, leaf.layer, head.head, rest);
    });
    return result;
}

ModularArray copy_value(const std::vector<Space>& ports, const ModularModel& model) {
    ModularArray result = zeros(ports, model);
    for_each_entry(result.shape, result.values.size(), [&](std::size_t place, const auto& indices) {
        const auto differs = [&](std::int64_t index) { return index != indices.front(); };
        result.values[place] = std::any_of(indices.begin(), indices.end(), differs) ? 0 : 1;
    });
    return result;
}

ModularArray structure_value(const Structure& structure, const std::vector<Space>& ports,
                             const ModularModel& model) {
    ModularArray result = zeros(ports, model);
    if (structure.relation == Relation::Rope) return rope_value(structure.rotary, std::move(result), model);
    for_each_entry(result.shape, result.values.size(), [&](std::size_t place, const auto& indices) {
        result.values[place] = relation_entry(structure, indices, model);
    });
    return result;
}

}  // namespace headway

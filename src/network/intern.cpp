// SPDX-License-Identifier: Apache-2.0
#include "network/intern.hpp"

#include "network/canonical.hpp"

#include <bit>
#include <mutex>
#include <unordered_map>

namespace headway {

namespace {

std::uint64_t hash_text(std::uint64_t seed, const std::string& text) {
    std::uint64_t hash = mix(seed, text.size());
    for (char c : text) hash = mix(hash, static_cast<unsigned char>(c));
    return hash;
}

std::uint64_t hash_number(std::uint64_t seed, std::int64_t number) {
    return mix(seed, static_cast<std::uint64_t>(number));
}

std::uint64_t hash_use(std::uint64_t seed, const Use& use) {
    seed = mix(seed, use.node->hash());
    for (int label : use.labels) seed = hash_number(seed, label);
    return seed;
}

std::uint64_t hash_scaling(std::uint64_t seed, const Rotary& rotary) {
    seed = mix(seed, static_cast<std::uint64_t>(rotary.scaling));
    for (const double number : {rotary.factor, rotary.low_factor, rotary.high_factor})
        seed = mix(seed, std::bit_cast<std::uint64_t>(number));
    return hash_number(seed, rotary.original_ctx);
}

struct Hasher {
    std::uint64_t seed;

    std::uint64_t operator()(const Tensor& leaf) const {
        const std::uint64_t name = hash_text(seed, leaf.symbol);
        return hash_number(hash_number(hash_number(name, leaf.layer), leaf.head), leaf.group);
    }
    std::uint64_t operator()(const Copy&) const { return mix(seed, 1); }
    std::uint64_t operator()(const Structure& structure) const {
        std::uint64_t hash = mix(seed, static_cast<std::uint64_t>(structure.relation));
        hash = hash_number(hash_number(hash, structure.value), structure.rotary.dims);
        hash = mix(mix(hash, std::bit_cast<std::uint64_t>(structure.rotary.theta)),
                   structure.rotary.adjacent_pairs ? 1 : 0);
        return structure.rotary.scaling == RotaryScaling::None ? hash : hash_scaling(hash, structure.rotary);
    }
    std::uint64_t operator()(const Product& product) const {
        std::uint64_t hash = mix(seed, product.factors.size());
        for (const Use& factor : product.factors) hash = hash_use(hash, factor);
        for (Space space : product.bound) hash = mix(hash, static_cast<std::uint64_t>(space));
        return hash;
    }
    std::uint64_t operator()(const Sum& sum) const {
        std::uint64_t hash = mix(seed, sum.terms.size());
        for (const Term& term : sum.terms) hash = hash_use(hash_number(hash, term.coefficient), term.use);
        return hash;
    }
    std::uint64_t operator()(const Family& family) const {
        std::uint64_t hash = mix(seed, family.members.size());
        for (const Expr& member : family.members) hash = mix(hash, member->hash());
        return hash;
    }
    std::uint64_t operator()(const Apply& apply) const {
        std::uint64_t hash =
            mix(mix(seed, static_cast<std::uint64_t>(apply.function)), apply.argument->hash());
        hash = mix(hash_number(hash, apply.axis), std::bit_cast<std::uint64_t>(apply.parameter));
        if (apply.consumed > 1) hash = hash_number(hash, apply.consumed);
        return apply.mask ? hash_use(hash, *apply.mask) : hash;
    }
    std::uint64_t operator()(const Frozen& frozen) const {
        const std::uint64_t name = hash_text(seed, frozen.symbol);
        return mix(hash_number(hash_number(name, frozen.layer), frozen.head), frozen.link->hash());
    }
};

struct Table {
    struct Entry {
        const Node* address;
        std::weak_ptr<const Node> node;
    };
    std::recursive_mutex mutex;  // what `intern` gives up when memory runs out is forgotten under its lock
    std::unordered_multimap<std::uint64_t, Entry> entries;
};

// Never destroyed: expressions may outlive every static object.
Table& table() {
    static Table* const instance = new Table;
    return *instance;
}

// The entry goes first, then, outside the lock, the node with its children.
void forget(const Node* node) {
    Table& shared = table();
    {
        const std::lock_guard lock(shared.mutex);
        const auto [first, last] = shared.entries.equal_range(node->hash());
        for (auto it = first; it != last; ++it) {
            if (it->second.address == node) {
                shared.entries.erase(it);
                break;
            }
        }
    }
    delete node;
}

}  // namespace

Expr intern(Kind kind, std::vector<Space> ports) {
    std::uint64_t hash = std::visit(Hasher{mix(0x6865616477617900ULL, kind.index())}, kind);
    for (Space space : ports) hash = mix(hash, static_cast<std::uint64_t>(space));
    Table& shared = table();
    std::vector<Expr> different;  // released after the lock: the last reference to a node takes it again
    const std::lock_guard lock(shared.mutex);
    const auto [first, last] = shared.entries.equal_range(hash);
    for (auto it = first; it != last; ++it) {
        Expr known = it->second.node.lock();
        if (known == nullptr) continue;
        if (known->ports() == ports && known->kind() == kind) return known;
        different.push_back(std::move(known));
    }
    Expr fresh(new Node(std::move(kind), std::move(ports), hash), forget);
    shared.entries.emplace(hash, Table::Entry{fresh.get(), fresh});
    return fresh;
}

}  // namespace headway

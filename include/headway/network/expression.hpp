// Symbolic tensor networks: immutable, hash-consed expressions over typed indices, without any numbers.
//
// A node is closed: it has ordered, typed ports and nothing else is seen from outside. Where it is used, each
// of its ports is wired to a label of the enclosing node (a Use). Labels 0 .. n_ports-1 of a Product are its
// own ports, the rest are bound and summed over. A label with more than two ends is a hyper-index: the head
// index of multi-head attention is one. Constructors check and canonicalise (order of factors and terms,
// numbers of bound labels), so equal expressions are the same object and have equal text. There is no other
// way to make a node, hence no ill-formed one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/config.hpp"
#include "headway/base/head.hpp"
#include "headway/network/index.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace headway {

class Node;
/// A shared, immutable expression. Equal expressions are equal pointers.
using Expr = std::shared_ptr<const Node>;

/// A node inside another: its port i is wired to the label `labels[i]` of the enclosing node.
struct Use {
    Expr node;
    std::vector<int> labels;
    bool operator==(const Use&) const = default;
};

/// A named leaf: `W_E`, `W_Q[L0]` (all heads of layer 0), `W_Q[L0H3]`, `W_K[L0G1]` (key-value head 1).
struct Tensor {
    std::string symbol;
    int layer = -1;
    int head = -1;
    int group = -1;
    bool operator==(const Tensor&) const = default;
};

/// Identity (2 legs), copy tensor (n legs), all-ones vector (1 leg).
struct Copy {
    bool operator==(const Copy&) const = default;
};

/// Index relations that stay symbolic and never become dense tables.
enum class Relation : std::uint8_t {
    Token,    ///< token[q,v]: 1 where position q holds token v
    Causal,   ///< causal[q,k]: 1 where k <= q; causal(w)[q,k]: and q - k < w
    Before,   ///< before[l,l1]: 1 where l < l1
    Shift,    ///< shift(s)[q,k]: 1 where k = q - s
    OneHot,   ///< one_hot(i)[h]: 1 at i, on an index of any space
    Centre,   ///< centre[d,d1] = delta - 1/d: takes the mean away
    Rope,     ///< rope[q,e,e1]: rotation by position q, y[e1] = sum_e x[e] rope[q,e,e1]
    Distance  ///< distance[q,k] = k - q: at most 0 where k is seen causally
};
struct Structure {
    Relation relation = Relation::Token;
    std::int64_t value = 0;  ///< s of Shift, i of OneHot, w of Causal (0: no window); 0 otherwise
    Rotary rotary;           ///< of Rope; default otherwise
    bool operator==(const Structure&) const = default;
};

/// A multiset of factors, contracted over `bound` (the spaces of the labels n_ports, n_ports + 1, ...).
struct Product {
    std::vector<Use> factors;
    std::vector<Space> bound;
    bool operator==(const Product&) const = default;
};

/// Terms with exact coefficients; the labels of a term are a permutation of the sum's ports.
struct Term {
    std::int64_t coefficient = 1;
    Use use;
    bool operator==(const Term&) const = default;
};
struct Sum {
    std::vector<Term> terms;
    bool operator==(const Sum&) const = default;
};

/// Equally shaped nodes as one: port 0 is the number of the member, the other ports are the members' own. A
/// list, never a copy.
struct Family {
    std::vector<Expr> members;
    bool operator==(const Family&) const = default;
};

/// Named functions: the boundary where expansion stops.
enum class Function : std::uint8_t {
    Softmax,  ///< over one port of the argument, restricted by a mask; keeps all ports
    Rstd,     ///< 1 / sqrt(mean of squares + eps) over the last ports of the argument, which it consumes
    Relu,
    Gelu,
    GeluNew,
    Silu,
    SoftCap  ///< cap tanh(x / cap)
};
/// `function(argument)`. Ports are the argument's ports in order (Rstd: all but the last `consumed`).
struct Apply {
    Function function = Function::Relu;
    Expr argument;
    int axis = -1;                 ///< port of the argument that Softmax normalises over; -1 otherwise
    std::optional<Use> mask = {};  ///< Softmax: which entries count; labels are ports of the argument
    double parameter = 0.0;        ///< eps of Rstd, cap of SoftCap; 0 otherwise
    int consumed = 0;  ///< Rstd: how many last ports of the argument the mean is over; 0 otherwise
    bool operator==(const Apply&) const = default;
};

/// A value that is treated as data, with a link to what it stands for. With `head` >= 0 it is one head of the
/// link: the leading Head (and Member) ports of the link are fixed at that head.
struct Frozen {
    std::string symbol;
    int layer = -1;
    int head = -1;
    Expr link;
    bool operator==(const Frozen&) const = default;
};

using Kind = std::variant<Tensor, Copy, Structure, Product, Sum, Family, Apply, Frozen>;

/// A node: its kind, the spaces of its ports, and a structural hash that is the same on every machine.
class Node {
public:
    Node(Kind kind, std::vector<Space> ports, std::uint64_t hash)
        : kind_(std::move(kind)), ports_(std::move(ports)), hash_(hash) {}
    const Kind& kind() const { return kind_; }
    const std::vector<Space>& ports() const { return ports_; }
    std::uint64_t hash() const { return hash_; }
    /// The node as one of its kinds, or nullptr.
    template <class K>
    const K* as() const {
        return std::get_if<K>(&kind_);
    }

private:
    Kind kind_;
    std::vector<Space> ports_;
    std::uint64_t hash_;
};

/// A node with its ports wired to indices, while an expression is being written.
struct Wired {
    Expr node;
    std::vector<Index> indices;
};
struct WiredTerm {
    std::int64_t coefficient;
    Wired wired;
};

/// Leaves.
Expr tensor(Tensor leaf, std::vector<Space> ports);
/// Requires: at least one leg.
Expr copy(Space space, int legs);
/// Throws Error(Usage) for a window or a rotation that cannot be. What a relation does not use is set to its
/// default.
Expr structure(Structure relation);
/// one_hot(i) on an index of any space: fixes that index at i.
Expr one_hot(Space space, std::int64_t i);

/// The product of `factors` with the open ports `ports`; every other index is summed over. A single factor
/// that is wired straight through is returned itself. Throws Error(Usage) when a port count or space does not
/// fit, or a port is carried by no factor.
Expr product(const std::vector<Wired>& factors, const std::vector<Index>& ports);
/// The same with labels: 0 .. ports.size()-1 are the ports, higher labels are bound; `bound` gives their
/// spaces.
Expr product(std::vector<Use> factors, const std::vector<Space>& ports, const std::vector<Space>& bound);

/// The sum of terms over `ports`. Equal terms are collected, terms with coefficient 0 dropped; a single term
/// with coefficient 1 that is wired straight through is returned itself. Throws Error(Usage) when a term's
/// indices are not a permutation of the ports.
Expr sum(const std::vector<WiredTerm>& terms, const std::vector<Index>& ports);
Expr sum(std::vector<Term> terms, const std::vector<Space>& ports);

/// Requires: members with equal ports, at least one.
Expr family(std::vector<Expr> members, Space space);

/// `softmax` over port `axis` of `argument`; the mask's ports are wired to the argument's ports `mask_ports`.
Expr softmax(const Expr& argument, int axis, const Expr& mask, std::vector<int> mask_ports);
Expr softmax(const Expr& argument, int axis);
/// 1/sqrt(mean of squares + eps) over the last `consumed` ports.
Expr rstd(const Expr& argument, double eps, int consumed = 1);
/// A pointwise function without parameter.
Expr pointwise(Function function, const Expr& argument);
/// cap tanh(x / cap). Throws Error(Usage) when the cap is not positive and finite.
Expr soft_cap(const Expr& argument, double cap);
/// The function of `apply`, which is no softmax, of another argument.
Expr apply_to(const Apply& apply, const Expr& argument);

/// A frozen value with all heads of its link.
Expr frozen(std::string symbol, int layer, const Expr& link);
/// One head of it: the link's leading Head port, and Member port when there is one, are fixed.
Expr frozen_head(std::string symbol, Head head, const Expr& link);

/// The nodes that a node is made of, each once per use, in order.
std::vector<Expr> children(const Node& node);

/// Number of different nodes below and including `root`.
std::size_t count_nodes(const Expr& root);

}  // namespace headway

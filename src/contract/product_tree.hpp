// A product on its way into a program: its factors and labels cleaned, its contraction tree, and the nodes of
// its parts.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "contract/compiler.hpp"

#include <optional>
#include <set>

namespace headway {

/// A factor of a product or the result of a step of its order.
struct Part {
    int left = -1, right = -1;  ///< parts that a step multiplies; -1 for a factor
    std::vector<int> factors;   ///< the factors that went into it
    std::vector<int> open;      ///< labels of the result, in increasing order
    bool is_factor() const { return left < 0; }
};

/// A part as an expression: its ports are the labels `labels`, in an order that does not depend on the
/// product.
struct PartNode {
    Expr node;
    std::vector<int> labels;
};

class ProductTree {
public:
    ProductTree(Compiler& compiler, const Expr& node);

    const std::vector<Part>& parts() const { return parts_; }
    const Part& part(int i) const { return parts_[static_cast<std::size_t>(i)]; }
    int root() const { return static_cast<int>(parts_.size()) - 1; }
    const Use& factor(int i) const { return factors_[static_cast<std::size_t>(i)]; }
    bool symbolic(int part) const {
        return part < static_cast<int>(symbolic_.size()) && symbolic_[static_cast<std::size_t>(part)];
    }
    /// The structure of a symbolic factor.
    const Structure& structure_of(int part) const { return *factor(part).node->as<Structure>(); }
    std::int64_t extent(int label) const { return sizes_[static_cast<std::size_t>(label)]; }
    double size(const std::vector<int>& labels) const;
    const PartNode& node_of(int part);
    /// True when exchanging two labels gives the same part.
    bool symmetric(int part, int first, int second);
    /// True when a structure acts on the label, or it numbers the members of a family: such a label is not
    /// sliced.
    bool structured(int label) const;

    /// Labels of the product's ports; a port that no factor carries (only `ones`) is missing in the open
    /// labels of the root.
    const std::vector<int>& ports() const { return ports_; }
    /// The product of the extents of bound labels that only `ones` carry.
    double factor_of_ones() const { return factor_of_ones_; }

private:
    void merge_copies(const Product& product, std::size_t n_ports);
    void fix_one_hots(std::size_t n_ports);
    void drop_ones(std::size_t n_ports);
    void find_tree();
    int representative(int label) const;
    OrderProblem problem() const;
    PartNode make_node(int part);

    Compiler& compiler_;
    std::vector<Use> factors_;
    std::vector<char> symbolic_;
    std::vector<Space> spaces_;
    std::vector<std::int64_t> sizes_;
    std::vector<int> ports_;
    std::vector<int> merged_;  ///< label -> the label it is merged into
    std::vector<Part> parts_;
    std::vector<std::optional<PartNode>> nodes_;
    double factor_of_ones_ = 1;
};

}  // namespace headway

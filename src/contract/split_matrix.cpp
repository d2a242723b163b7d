// The narrowest cut of a product between two of its ports.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/contract/tiles.hpp"
#include "headway/expand/normalise.hpp"

#include <algorithm>
#include <set>

namespace headway {

namespace {

// A product as a graph: which labels each factor has.
class Bipartition {
public:
    Bipartition(const Expr& matrix, const Sizes& sizes) : flat_(normalise(matrix)) {
        require(flat_->ports().size() == 2, ErrorKind::Usage,
                "a matrix has two ports, rows and columns; this expression has {}", flat_->ports().size());
        if (const auto* product = flat_->as<Product>()) {
            uses_ = product->factors;
            spaces_ = product->bound;
        } else {
            uses_ = {{flat_, {0, 1}}};
        }
        spaces_.insert(spaces_.begin(), flat_->ports().begin(), flat_->ports().end());
        for (const Use& use : uses_) labels_.emplace_back(use.labels.begin(), use.labels.end());
        for (const Space space : spaces_) extents_.push_back(static_cast<double>(sizes[space]));
    }

    MatrixSides narrowest() {
        place_ends();
        std::uint32_t best = 0;
        double width = -1;
        for (std::uint32_t mask = 0; mask < (1U << free_.size()); ++mask) {
            const double bond = bond_of(mask);
            if (width >= 0 && bond >= width) continue;
            width = bond;
            best = mask;
        }
        bond_of(best);
        return sides();
    }

private:
    // Row and column say where their factors lie. A factor of one label lies where that label is: it widens
    // no bond, so it is placed last.
    void place_ends() {
        left_.assign(uses_.size(), 1);
        for (std::size_t i = 0; i < uses_.size(); ++i) {
            const bool row = labels_[i].contains(0), column = labels_[i].contains(1);
            require(!row || !column, ErrorKind::Unsupported,
                    "rows and columns of this matrix meet in one factor: no cut separates them");
            if (column) left_[i] = 0;
            if (!row && !column && labels_[i].size() > 1) free_.push_back(i);
            if (!row && !column && labels_[i].size() == 1) single_.push_back(i);
        }
        require(free_.size() <= 20, ErrorKind::Unsupported,
                "a matrix of {} factors between its ends is too long to look for its narrowest cut",
                free_.size());
    }

    // Entries of the bond when the factors of the mask lie to the right.
    double bond_of(std::uint32_t mask) {
        for (std::size_t i = 0; i < free_.size(); ++i) left_[free_[i]] = (mask >> i & 1U) == 0;
        std::vector<char> on_left(spaces_.size()), on_right(spaces_.size());
        for (std::size_t i = 0; i < uses_.size(); ++i)
            if (labels_[i].size() > 1 || labels_[i].contains(0) || labels_[i].contains(1))
                for (const int label : labels_[i])
                    (left_[i] != 0 ? on_left : on_right)[static_cast<std::size_t>(label)] = 1;
        for (const std::size_t i : single_)
            left_[i] = on_left[static_cast<std::size_t>(*labels_[i].begin())] != 0 ||
                       on_right[static_cast<std::size_t>(*labels_[i].begin())] == 0;
        bond_.clear();
        double entries = 1;
        for (std::size_t label = 2; label < spaces_.size(); ++label) {
            if (on_left[label] == 0 || on_right[label] == 0) continue;
            bond_.push_back(static_cast<int>(label));
            entries *= extents_[label];
        }
        return entries;
    }

    MatrixSides sides() const {
        MatrixSides result{side(true), side(false), 1};
        for (const int label : bond_)
            result.bond *= static_cast<std::int64_t>(extents_[static_cast<std::size_t>(label)]);
        return result;
    }

    Expr side(bool left) const {
        const auto index = [&](int label) { return Index{spaces_[static_cast<std::size_t>(label)], label}; };
        std::vector<Wired> factors;
        for (std::size_t i = 0; i < uses_.size(); ++i) {
            if ((left_[i] != 0) != left) continue;
            Wired factor{uses_[i].node, {}};
            for (const int label : uses_[i].labels) factor.indices.push_back(index(label));
            factors.push_back(std::move(factor));
        }
        std::vector<Index> ports{index(left ? 0 : 1)};
        for (const int label : bond_) ports.push_back(index(label));
        return product(factors, ports);
    }

    Expr flat_;
    std::vector<Use> uses_;
    std::vector<std::set<int>> labels_;
    std::vector<Space> spaces_;
    std::vector<double> extents_;
    std::vector<char> left_;
    std::vector<std::size_t> free_, single_;
    std::vector<int> bond_;
};

}  // namespace

MatrixSides split_matrix(const Expr& matrix, const Sizes& sizes) {
    return Bipartition(matrix, sizes).narrowest();
}

}  // namespace headway

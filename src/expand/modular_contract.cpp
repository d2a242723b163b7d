// SPDX-License-Identifier: Apache-2.0
#include "expand/modular_contract.hpp"

#include "expand/field.hpp"
#include "headway/base/error.hpp"

#include <algorithm>
#include <limits>
#include <list>

namespace headway {

namespace {

constexpr std::int64_t max_entries = std::int64_t{1} << 24;

class Contraction {
public:
    Contraction(const std::vector<LabelledArray>& factors, std::size_t n_ports,
                const std::vector<std::int64_t>& extents)
        : extents_(extents), uses_(extents.size()) {
        for (std::size_t port = 0; port < n_ports; ++port) ports_.push_back(static_cast<int>(port));
        for (const LabelledArray& factor : factors) pending_.push_back({factor, unique(factor.labels)});
        for (const Operand& operand : pending_)
            for (int label : operand.distinct) ++uses_[at(label)];
        for (int port : ports_) ++uses_[at(port)];  // a port is never summed over
    }

    ModularArray run() {
        if (pending_.size() == 1) return combine(pending_.front(), nullptr, ports_);
        while (true) {
            const auto [a, b] = best_pair();
            const bool last = pending_.size() == 2;
            const std::vector<int> kept = last ? ports_ : kept_labels(pending_[a], pending_[b]);
            ModularArray result = combine(pending_[a], &pending_[b], kept);
            if (last) return result;
            replace(a, b, std::move(result), kept);
        }
    }

private:
    struct Operand {
        LabelledArray labelled;
        std::vector<int> distinct;
    };

    static std::size_t at(int label) { return static_cast<std::size_t>(label); }

    static std::vector<int> unique(std::vector<int> labels) {
        std::sort(labels.begin(), labels.end());
        labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
        return labels;
    }

    // Calls `keep(label)` for what the result of a pair must still carry: labels that somebody else uses.
    template <class Keep>
    void for_each_kept(const Operand& a, const Operand& b, Keep keep) const {
        const auto end = [](const std::vector<int>& labels, std::size_t i) { return i == labels.size(); };
        for (std::size_t i = 0, j = 0; !end(a.distinct, i) || !end(b.distinct, j);) {
            const bool left = !end(a.distinct, i) && (end(b.distinct, j) || a.distinct[i] <= b.distinct[j]);
            const bool right = !end(b.distinct, j) && (end(a.distinct, i) || b.distinct[j] <= a.distinct[i]);
            const int label = left ? a.distinct[i] : b.distinct[j];
            i += left ? 1 : 0;
            j += right ? 1 : 0;
            if (uses_[at(label)] > (left ? 1 : 0) + (right ? 1 : 0)) keep(label);
        }
    }

    std::vector<int> kept_labels(const Operand& a, const Operand& b) const {
        std::vector<int> kept;
        for_each_kept(a, b, [&](int label) { kept.push_back(label); });
        return kept;
    }

    double kept_entries(const Operand& a, const Operand& b) const {
        double product = 1;
        for_each_kept(a, b, [&](int label) { product *= static_cast<double>(extents_[at(label)]); });
        return product;
    }

    double entries(const std::vector<int>& labels) const {
        double product = 1;
        for (int label : labels) product *= static_cast<double>(extents_[at(label)]);
        return product;
    }

    std::pair<std::size_t, std::size_t> best_pair() const {
        std::pair<std::size_t, std::size_t> best{0, 1};
        double least = std::numeric_limits<double>::infinity();
        std::vector<double> sizes;
        for (const Operand& operand : pending_) sizes.push_back(entries(operand.distinct));
        for (std::size_t a = 0; a < pending_.size(); ++a) {
            for (std::size_t b = a + 1; b < pending_.size(); ++b) {
                const double grows = kept_entries(pending_[a], pending_[b]) - sizes[a] - sizes[b];
                if (grows < least) {
                    least = grows;
                    best = {a, b};
                }
            }
        }
        return best;
    }

    std::vector<std::int64_t> shape(const std::vector<int>& labels) const {
        std::vector<std::int64_t> result;
        for (int label : labels) result.push_back(extents_[at(label)]);
        return result;
    }

    // How far each combination of values of `labels` (row-major) is from the first entry of `operand`. An
    // axis whose label is repeated adds its stride to that of the others: the diagonal.
    std::vector<std::size_t> offsets(const LabelledArray& operand, const std::vector<int>& labels) const {
        std::vector<std::size_t> result{0};
        for (int label : labels) {
            std::size_t step = 0, stride = 1;
            for (std::size_t axis = operand.labels.size(); axis-- > 0;) {
                if (operand.labels[axis] == label) step += stride;
                stride *= static_cast<std::size_t>(operand.array->shape[axis]);
            }
            std::vector<std::size_t> longer;
            longer.reserve(result.size() * static_cast<std::size_t>(extents_[at(label)]));
            for (std::size_t offset : result)
                for (std::int64_t i = 0; i < extents_[at(label)]; ++i)
                    longer.push_back(offset + static_cast<std::size_t>(i) * step);
            result = std::move(longer);
        }
        return result;
    }

    ModularArray combine(const Operand& a, const Operand* b, const std::vector<int>& kept) const {
        static const ModularArray one{{}, {1}};
        const LabelledArray& left = a.labelled;
        const LabelledArray right = b != nullptr ? b->labelled : LabelledArray{&one, {}};
        std::vector<int> summed = a.distinct;
        if (b != nullptr) summed.insert(summed.end(), b->distinct.begin(), b->distinct.end());
        summed = unique(std::move(summed));
        std::erase_if(summed,
                      [&](int label) { return std::find(kept.begin(), kept.end(), label) != kept.end(); });
        ModularArray out{shape(kept), {}};
        out.values.resize(checked_size(out.shape));
        checked_size(shape(summed));
        const auto left_out = offsets(left, kept), left_sum = offsets(left, summed);
        const auto right_out = offsets(right, kept), right_sum = offsets(right, summed);
        for (std::size_t i = 0; i < out.values.size(); ++i) {
            Wide total = 0;  // 2^122 a product: 32 of them fit
            for (std::size_t s = 0; s < left_sum.size(); ++s) {
                total += Wide{left.array->values[left_out[i] + left_sum[s]]} *
                         right.array->values[right_out[i] + right_sum[s]];
                if (s % 32 == 31) total = reduce(total);
            }
            out.values[i] = reduce(total);
        }
        return out;
    }

    void replace(std::size_t a, std::size_t b, ModularArray result, const std::vector<int>& kept) {
        for (const std::size_t gone : {a, b})
            for (int label : pending_[gone].distinct) --uses_[at(label)];
        for (int label : kept) ++uses_[at(label)];
        made_.push_back(std::move(result));
        pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(b));
        pending_[a] = {{&made_.back(), kept}, unique(kept)};
    }

    const std::vector<std::int64_t>& extents_;
    std::vector<int> ports_;
    std::vector<int> uses_;
    std::vector<Operand> pending_;
    std::list<ModularArray> made_;
};

}  // namespace

std::size_t checked_size(const std::vector<std::int64_t>& shape) {
    std::int64_t size = 1;
    for (std::int64_t extent : shape) {
        require(extent <= max_entries / std::max<std::int64_t>(size, 1), ErrorKind::Limit,
                "an exact evaluation would need an array of more than {} entries", max_entries);
        size *= extent;
    }
    return static_cast<std::size_t>(size);
}

ModularArray contract_modular(const std::vector<LabelledArray>& factors, std::size_t n_ports,
                              const std::vector<std::int64_t>& extents) {
    invariant(!factors.empty(), "an empty product is contracted");
    return Contraction(factors, n_ports, extents).run();
}

}  // namespace headway

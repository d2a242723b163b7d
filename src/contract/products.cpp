// SPDX-License-Identifier: Apache-2.0
#include "contract/products.hpp"

#include <algorithm>

#include "contract/array.hpp"
#include "contract/gemm.hpp"

namespace headway {
namespace {

constexpr double kNsPerFlop = 0.01;    ///< a core at 100 GFLOP/s
constexpr double kNsPerPacked = 0.5;   ///< BLAS copies every block of its operands once
constexpr double kNsPerPartial = 1.0;  ///< an element of a partial result is written, read and added
constexpr std::int64_t kMaxParts = 16;

double work(std::int64_t m, std::int64_t n, std::int64_t k) {
    const auto M = static_cast<double>(m);
    const auto N = static_cast<double>(n);
    const auto K = static_cast<double>(k);
    return 2.0 * M * N * K +
           8.0 * (M * K + K * N + M * N);  // a matrix-vector product costs its memory traffic
}

/// Time that a cut adds to a product, relative to the product.
double overhead(const Cut& cut, std::int64_t m, std::int64_t n, std::int64_t k) {
    const auto M = static_cast<double>(m);
    const auto N = static_cast<double>(n);
    const auto K = static_cast<double>(k);
    const double packed = static_cast<double>(cut.n - 1) * M * K + static_cast<double>(cut.m - 1) * K * N;
    const double partial = static_cast<double>(cut.k - 1) * M * N;
    return (kNsPerPacked * packed + kNsPerPartial * partial) / (kNsPerFlop * work(m, n, k));
}

/// Parts stay big enough for BLAS, and partial results smaller than the operands.
bool acceptable(const Cut& cut, std::int64_t m, std::int64_t n, std::int64_t k) {
    const std::int64_t edge = cut.m * cut.n * cut.k > 2 ? 64 : 32;
    if (cut.m > 1 && m / cut.m < edge) return false;
    if (cut.n > 1 && n / cut.n < edge) return false;
    if (cut.k == 1) return true;
    return k / cut.k >= 512 && 2 * (cut.k - 1) * m * n <= m * k + k * n;
}

/// The cheapest cut into `parts` parts, or no cut.
Cut best_cut(std::int64_t parts, std::int64_t m, std::int64_t n, std::int64_t k) {
    Cut best;
    double least = 0;
    for (std::int64_t by_m = 1; by_m <= parts; by_m *= 2) {
        for (std::int64_t by_n = 1; by_m * by_n <= parts; by_n *= 2) {
            const Cut cut{by_m, by_n, parts / by_m / by_n, 1};
            if (!acceptable(cut, m, n, k)) continue;
            const double cost = overhead(cut, m, n, k);
            if (best != Cut{} && cost >= least) continue;
            best = cut;
            least = cost;
        }
    }
    return best;
}

/// Where part `index` of `parts` starts: multiples of 16, the width of BLAS' kernels.
std::int64_t part_begin(std::int64_t extent, std::int64_t parts, std::int64_t index) {
    if (index >= parts) return extent;
    return extent * index / parts / 16 * 16;
}

std::int64_t shifted(const MatrixForm& form, std::int64_t row, std::int64_t column) {
    return form.transposed ? column * form.leading + row : row * form.leading + column;
}

/// A half-open range of one of the three extents.
struct Span {
    std::int64_t begin, end;
    std::int64_t size() const { return end - begin; }
};

/// The products of a batch, their cut, and the partial results of all parts of k but the first.
template <class T>
class Runner {
public:
    Runner(const ProductBatch<T>& products, Workspace& workspace)
        : p_(products), threads_(workspace.threads()) {
        batch_ = extent_of(p_.batch);
        for (const PairAxis& axis : p_.batch) axes_.push_back({axis.extent, {axis.a, axis.b, axis.out}});
        cut_ = p_.k_parts == 0 ? choose_cut(batch_, p_.m, p_.n, p_.k)
                               : choose_cut(batch_, p_.m, p_.n, p_.k, p_.k_parts);
        if (cut_.k > 1) partial_ = Array<T>::uninitialised({batch_, cut_.k - 1, p_.m, p_.n}, workspace);
    }

    void run() {
        const std::int64_t parts = cut_.m * cut_.n * cut_.k;
        for_blocks(threads_, batch_ * parts, cut_.items, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) run_part(i / parts, i % parts);
        });
        for (std::int64_t item = 0; cut_.k > 1 && item < batch_; ++item) add_partials(item);
    }

private:
    static Span part(std::int64_t extent, std::int64_t parts, std::int64_t index) {
        return {part_begin(extent, parts, index), part_begin(extent, parts, index + 1)};
    }

    T* partial(std::int64_t item, std::int64_t part_of_k) const {
        return partial_.mutable_data() + (item * (cut_.k - 1) + part_of_k - 1) * p_.m * p_.n;
    }

    void run_part(std::int64_t item, std::int64_t index) const {
        const auto [a, b, out] = offsets_of(axes_, item);
        const std::int64_t part_of_k = index % cut_.k;
        const Span m = part(p_.m, cut_.m, index / cut_.k / cut_.n);
        const Span n = part(p_.n, cut_.n, index / cut_.k % cut_.n);
        const Span k = part(p_.k, cut_.k, part_of_k);
        const Matrix<T> left{p_.a + a + shifted(p_.a_form, m.begin, k.begin), p_.a_form.leading,
                             p_.a_form.transposed};
        const Matrix<T> right{p_.b + b + shifted(p_.b_form, k.begin, n.begin), p_.b_form.leading,
                              p_.b_form.transposed};
        const bool first = part_of_k == 0;
        const std::int64_t leading = first ? p_.leading_out : p_.n;
        T* const target = (first ? p_.out + out : partial(item, part_of_k)) + m.begin * leading + n.begin;
        const T beta = first && p_.update.add ? T{1} : T{0};
        gemm(m.size(), n.size(), k.size(), p_.update.alpha, left, right, beta, target, leading);
    }

    void add_partials(std::int64_t item) const {
        T* const target = p_.out + offsets_of(axes_, item)[2];
        for_blocks(threads_, p_.m, std::max<std::int64_t>(1, (1 << 14) / p_.n),
                   [&](std::int64_t begin, std::int64_t end) {
                       for (std::int64_t row = begin; row < end; ++row) {
                           T* const sum = target + row * p_.leading_out;
                           for (std::int64_t part_of_k = 1; part_of_k < cut_.k; ++part_of_k) {
                               const T* const more = partial(item, part_of_k) + row * p_.n;
                               for (std::int64_t j = 0; j < p_.n; ++j) sum[j] += more[j];
                           }
                       }
                   });
    }

    const ProductBatch<T>& p_;
    Threads& threads_;
    std::int64_t batch_ = 1;
    std::vector<Axis<3>> axes_;
    Cut cut_;
    Array<T> partial_;
};

}  // namespace

Cut choose_cut(std::int64_t batch, std::int64_t m, std::int64_t n, std::int64_t k) {
    const double each = work(m, n, k);
    if (batch >= 8) {  // whole products, a task of at least 4 MFLOP, at most about 64 tasks
        const auto enough = static_cast<std::int64_t>(std::min(4.0e6 / each, 1e9));
        return {1, 1, 1, std::max<std::int64_t>({1, batch / 64, std::min(enough, batch / 2)})};
    }
    Cut cut;
    for (std::int64_t parts = 2; parts <= kMaxParts; parts *= 2) {
        const bool halves = parts == 2;  // two parts are wanted; more only where they are cheap and long
        const double allowed = halves ? 0.3 : 0.03;
        const double least_work = halves ? 8.0e6 : 6.4e7;
        const Cut finer = best_cut(parts, m, n, k);
        if (finer == Cut{} || each < least_work * static_cast<double>(parts)) continue;
        if (overhead(finer, m, n, k) <= allowed) cut = finer;
    }
    return cut;
}

Cut choose_cut(std::int64_t batch, std::int64_t m, std::int64_t n, std::int64_t k, std::int64_t k_parts) {
    Cut cut = choose_cut(batch, m, n, k);
    if (cut.k == k_parts) return cut;
    cut = {1, 1, k_parts, 1};
    if (batch >= 2 || k_parts > 1) return cut;
    const Cut by_m{2, 1, 1, 1}, by_n{1, 2, 1, 1};
    for (const Cut& halves : {by_m, by_n})
        if (acceptable(halves, m, n, k) && work(m, n, k) >= 1.6e7 && overhead(halves, m, n, k) <= 0.3)
            cut = halves;
    return cut;
}

std::int64_t parts_of_k(PairShape shape, const WholeExtent& whole) {
    std::int64_t& extent = whole.in_a && whole.in_b ? shape.batch : whole.in_a ? shape.m : shape.n;
    if (whole.in_a || whole.in_b) extent = extent / whole.part * whole.whole;
    return choose_cut(shape.batch, shape.m, shape.n, shape.k).k;
}

template <class T>
void run_products(const ProductBatch<T>& products, Workspace& workspace) {
    Runner<T>(products, workspace).run();
}

template void run_products(const ProductBatch<float>&, Workspace&);
template void run_products(const ProductBatch<double>&, Workspace&);

}  // namespace headway

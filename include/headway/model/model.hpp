// A model: sizes and kinds, and its weights as arrays, made on first use and folded as its Config says.
// Row vectors: `x W`. Rows of a weight read, its columns write.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/io/sha256.hpp"
#include "headway/model/leaf.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headway {

/// A row-major array that is shared, never copied. Shape `[]` is a scalar.
template <class T>
struct WeightArray {
    std::shared_ptr<const T[]> data;
    std::vector<std::int64_t> shape;

    std::int64_t size() const {
        std::int64_t product = 1;
        for (const std::int64_t extent : shape) product *= extent;
        return product;
    }
    std::span<const T> values() const { return {data.get(), static_cast<std::size_t>(size())}; }
};

/// Where unfolded leaves come from: fills `out` with a stored leaf, row-major. Called from many threads.
struct WeightSource {
    std::function<void(const Leaf&, std::span<float>)> read_float;
    std::function<void(const Leaf&, std::span<double>)> read_double;
    bool reads_tied_unembed = false;  ///< it fills W_U of a tied model too, without making W_E first

    void read(const Leaf& leaf, std::span<float> out) const { read_float(leaf, out); }
    void read(const Leaf& leaf, std::span<double> out) const { read_double(leaf, out); }
};

/// What became of one tensor of a file.
struct TensorUse {
    enum class Status {
        Consumed,  ///< one or more leaves are made from it
        Ignored,   ///< known, and no weight: a mask or a table
        Unknown    ///< went on without it (LoadOptions::allow_unknown)
    };
    std::string name{};
    std::string dtype{};
    std::vector<std::int64_t> shape{};
    Status status = Status::Consumed;
    std::string leaves{};  ///< `W_Q[L0] W_K[L0] W_V[L0]`; why not, of some that are ignored
};

/// A file that a model is read from.
struct ModelFile {
    std::string name{};  ///< without folders
    FileHash sha256{};   ///< of the file as it was when the model was loaded
};

/// Where a model comes from and what was done to it, for people.
struct ModelDescription {
    std::string name{};                            ///< short, for titles
    std::string path{};                            ///< as the user gave it
    std::vector<ModelFile> files{};                ///< its weights, then its config; none: see `made`
    std::string made = "weights given as arrays";  ///< where weights come from that are in no file
    std::vector<TensorUse> tensors{};
    std::vector<std::string> foldings{};  ///< what was folded, one sentence each that says why it is exact
    std::vector<std::string>
        approximations{};                 ///< what of the model is not represented exactly; empty: nothing
    std::vector<std::string> warnings{};  ///< oddities of the file that were passed over
};

struct GivenLeaf;

/// A checked model. Copies share everything. All members may be called from many threads.
class Model {
public:
    /// `config` says what is stored (its `folding` is ignored), `fold` what is to be folded as far as it is
    /// exact for this model: see `folding_for`.
    Model(const Config& config, const Folding& fold, WeightSource source, ModelDescription description);

    /// Sizes and kinds, with `folding` as it was done.
    const Config& config() const;
    const ModelDescription& description() const;
    const std::string& name() const { return description().name; }

    /// Everything the network reads, in a fixed order.
    const std::vector<Leaf>& leaves() const;

    /// One of `leaves()`; one that was given (with_leaves); or a singular component of heads, which is made
    /// from their weights: `U_OV` `[n_heads, d_model, d_head]`, `s_OV` `[n_heads, d_head]`, `V_OV` `[n_heads,
    /// d_head, d_model]` of every layer, W_OV = U_OV diag(s_OV) V_OV, largest first, and `U_QK` `s_QK` `V_QK`
    /// of W_QK. Signs: the largest-magnitude entry of a column of U is positive; vectors of equal singular
    /// values are any basis of what they span. Both are the matrices that composition scores are of: folded
    /// gains belong to them (behind the branch; of queries and keys), a rotation does not.
    bool has(std::string_view symbol, int layer = -1) const;
    /// Throws Error(Usage) when the model has no such leaf.
    const Leaf& at(std::string_view symbol, int layer = -1) const;

    /// The leaf as T (float or double), folded in T with sums in double. Made on first use and kept; only
    /// what it needs is read. Query heads of a key-value head are consecutive: query head g * group_size() +
    /// r reads key-value head g.
    /// Throws Error: Usage (no such leaf), Numeric (a weight is not finite), Unsupported, Malformed, Io,
    /// Limit (no memory).
    template <class T>
    WeightArray<T> leaf(std::string_view symbol, int layer = -1) const;

    /// The same, but an array that is not kept already is the caller's alone.
    template <class T>
    WeightArray<T> leaf_once(std::string_view symbol, int layer = -1) const;

    /// Drops the arrays made so far; those still held elsewhere live on.
    void release() const;

private:
    struct State;
    explicit Model(std::shared_ptr<const State> state) : state_(std::move(state)) {}
    friend Model with_leaves(const Model& model, std::vector<GivenLeaf> given);
    std::shared_ptr<const State> state_;
};

/// The part of `wanted` that is exact for a model. Gains: any norm, unless shortformer positions enter
/// between the norm and its readers. Centring: LayerNorm only, with gains, and when every reader sees the
/// stream through a norm.
/// Value bias: when there is one.
Folding folding_for(const Config& stored, const Folding& wanted);

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "headway/model/model.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/model/given_leaves.hpp"
#include "model/fold.hpp"
#include "model/fold_notes.hpp"
#include "model/head_components.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <new>
#include <tuple>
#include <utility>

namespace headway {

namespace {

/// One leaf in one type: made once, by whoever comes first; others wait for it.
template <class T>
struct Slot {
    std::mutex making;
    WeightArray<T> array;
};

template <class T>
using Cache = std::map<LeafName, std::shared_ptr<Slot<T>>>;

template <class T>
std::shared_ptr<T[]> allocate(const Leaf& leaf) {
    const auto size = static_cast<std::size_t>(leaf.size());
    try {
        return std::make_shared_for_overwrite<T[]>(size);
    } catch (const std::bad_alloc&) {
        throw Error(ErrorKind::Limit, fmt::format("{} {} needs {}, more than there is", label(leaf.name),
                                                  shape_text(leaf.shape), bytes_text(size * sizeof(T))));
    }
}

template <class T>
WeightArray<T> converted(const Leaf& leaf, const std::vector<double>& values) {
    std::shared_ptr<T[]> data = allocate<T>(leaf);
    std::ranges::transform(values, data.get(), [](double value) { return static_cast<T>(value); });
    return {std::move(data), leaf.shape};
}

}  // namespace

struct Model::State {
    Config stored;
    Config config;
    WeightSource source;
    ModelDescription description;
    std::vector<Leaf> leaves;
    std::map<LeafName, Leaf> known;     // `leaves`, and those that are made or given only
    std::shared_ptr<const State> base;  // where the leaves that with_leaves did not touch come from
    std::map<LeafName, std::shared_ptr<const std::vector<double>>> given;
    mutable std::mutex guard;  // of the caches' maps
    mutable std::tuple<Cache<float>, Cache<double>> caches;

    // The leaf is kept by this model and not by the one it is based on.
    bool owns(const LeafName& name) const {
        if (!base || given.contains(name)) return true;
        const ComponentMatrix* const matrix = component_matrix_of(name.symbol);
        return matrix != nullptr &&
               std::ranges::any_of(weights_of(*matrix, config), [&](std::string_view weight) {
                   return given.contains({std::string(weight), name.layer});
               });
    }

    template <class T>
    WeightArray<T> get(const Leaf& wanted, bool keep) const {
        if (!owns(wanted.name)) return base->get<T>(wanted, keep);
        const ComponentMatrix* const matrix =
            given.contains(wanted.name) ? nullptr : component_matrix_of(wanted.name.symbol);
        const std::shared_ptr<Slot<T>> found = slot<T>(wanted.name);
        // U, s and V are made together: whoever makes one of them holds the lock of s.
        const std::shared_ptr<Slot<T>> lock =
            matrix == nullptr ? found : slot<T>({std::string(matrix->s), wanted.name.layer});
        std::unique_lock locked(lock->making);
        if (found->array.data) return found->array;
        if (!keep) locked.unlock();
        if (matrix != nullptr) return components<T>(*matrix, wanted, keep);
        WeightArray<T> array = made<T>(wanted);
        if (keep) found->array = array;
        return array;
    }

    template <class T>
    WeightArray<T> made(const Leaf& wanted) const {
        if (const auto values = given.find(wanted.name); values != given.end())
            return converted<T>(wanted, *values->second);
        std::shared_ptr<T[]> data = allocate<T>(wanted);
        make_leaf<T>(wanted, stored, config, source, {data.get(), static_cast<std::size_t>(wanted.size())});
        return {std::move(data), wanted.shape};
    }

    // One of U, s and V; the other two are kept as well. Requires with `keep`: the lock of s.
    template <class T>
    WeightArray<T> components(const ComponentMatrix& matrix, const Leaf& wanted, bool keep) const {
        const int layer = wanted.name.layer;
        const Components all = components_of(matrix, config, layer, [&](std::string_view weight) {
            return get<double>(known.at({std::string(weight), layer}), false);
        });
        WeightArray<T> result;
        for (const auto& [symbol, values] :
             {std::pair{matrix.u, &all.u}, {matrix.s, &all.s}, {matrix.v, &all.v}}) {
            const Leaf& leaf = known.at({std::string(symbol), layer});
            if (leaf.name != wanted.name && (!keep || given.contains(leaf.name))) continue;
            WeightArray<T> array = converted<T>(leaf, *values);
            if (keep) slot<T>(leaf.name)->array = array;
            if (leaf.name == wanted.name) result = std::move(array);
        }
        return result;
    }

    template <class T>
    std::shared_ptr<Slot<T>> slot(const LeafName& name) const {
        const std::lock_guard lock(guard);
        std::shared_ptr<Slot<T>>& found = std::get<Cache<T>>(caches)[name];
        if (!found) found = std::make_shared<Slot<T>>();
        return found;
    }
};

Model::Model(const Config& config, const Folding& fold, WeightSource source, ModelDescription description) {
    auto state = std::make_shared<State>();
    state->stored = config;
    state->stored.folding = {};
    state->config = folded_config(state->stored, fold);
    state->source = std::move(source);
    state->description = std::move(description);
    state->description.foldings = folding_notes(state->stored, fold, state->config.folding);
    state->description.approximations = approximation_notes(state->config);
    state->leaves = network_leaves(state->config);
    for (const std::vector<Leaf>& leaves : {state->leaves, component_leaves(state->config)})
        for (const Leaf& leaf : leaves) state->known.emplace(leaf.name, leaf);
    state_ = std::move(state);
}

Model with_leaves(const Model& model, std::vector<GivenLeaf> given) {
    const Model::State& base = *model.state_;
    auto state = std::make_shared<Model::State>();
    state->stored = base.stored;
    state->config = base.config;
    state->description = base.description;
    state->leaves = base.leaves;
    state->known = base.known;
    state->base = model.state_;
    for (GivenLeaf& one : given) {
        const auto& [leaf, values] = one;
        require(leaf.axes.size() == leaf.shape.size() && std::cmp_equal(leaf.size(), values.size()),
                ErrorKind::Usage, "{} {} is given with {} numbers", label(leaf.name), shape_text(leaf.shape),
                values.size());
        const Leaf& known = state->known.try_emplace(leaf.name, leaf).first->second;
        require(known.shape == leaf.shape, ErrorKind::Usage, "{} is given with shape {}, but {} has {}",
                label(leaf.name), shape_text(leaf.shape), base.description.name, shape_text(known.shape));
        state->given[leaf.name] = std::make_shared<const std::vector<double>>(std::move(one.values));
    }
    return Model(std::move(state));
}

const Config& Model::config() const { return state_->config; }
const ModelDescription& Model::description() const { return state_->description; }
const std::vector<Leaf>& Model::leaves() const { return state_->leaves; }

bool Model::has(std::string_view symbol, int layer) const {
    return state_->known.contains({std::string(symbol), layer});
}

const Leaf& Model::at(std::string_view symbol, int layer) const {
    const LeafName name{std::string(symbol), layer};
    const auto found = state_->known.find(name);
    if (found != state_->known.end()) return found->second;
    std::vector<std::string> labels;
    for (const Leaf& leaf : state_->leaves) labels.push_back(label(leaf.name));
    for (const auto& [known, leaf] : state_->known) labels.push_back(label(known));
    const std::string near = nearest(label(name), labels);
    throw Error(ErrorKind::Usage,
                fmt::format("{} has no weight {}", state_->description.name, escaped(label(name))),
                near.empty() ? "" : fmt::format("did you mean {}?", near));
}

template <class T>
WeightArray<T> Model::leaf(std::string_view symbol, int layer) const {
    return state_->get<T>(at(symbol, layer), true);
}

template <class T>
WeightArray<T> Model::leaf_once(std::string_view symbol, int layer) const {
    return state_->get<T>(at(symbol, layer), false);
}

template WeightArray<float> Model::leaf(std::string_view, int) const;
template WeightArray<double> Model::leaf(std::string_view, int) const;
template WeightArray<float> Model::leaf_once(std::string_view, int) const;
template WeightArray<double> Model::leaf_once(std::string_view, int) const;

void Model::release() const {
    for (const State* state = state_.get(); state != nullptr; state = state->base.get()) {
        const std::lock_guard lock(state->guard);
        state->caches = {};
    }
}

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "headway/model/model.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "model/fold.hpp"
#include "model/fold_notes.hpp"

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

}  // namespace

struct Model::State {
    Config stored;
    Config config;
    WeightSource source;
    ModelDescription description;
    std::vector<Leaf> leaves;
    std::map<LeafName, std::size_t> place;  // in `leaves`
    mutable std::mutex guard;               // of the caches' maps
    mutable std::tuple<Cache<float>, Cache<double>> caches;

    template <class T>
    WeightArray<T> made(const Leaf& wanted) const {
        std::shared_ptr<T[]> data = allocate<T>(wanted);
        make_leaf<T>(wanted, stored, config, source, {data.get(), static_cast<std::size_t>(wanted.size())});
        return {std::move(data), wanted.shape};
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
    for (std::size_t i = 0; i < state->leaves.size(); ++i) state->place[state->leaves[i].name] = i;
    state_ = std::move(state);
}

const Config& Model::config() const { return state_->config; }
const ModelDescription& Model::description() const { return state_->description; }
const std::vector<Leaf>& Model::leaves() const { return state_->leaves; }

bool Model::has(std::string_view symbol, int layer) const {
    return state_->place.contains({std::string(symbol), layer});
}

const Leaf& Model::at(std::string_view symbol, int layer) const {
    const LeafName name{std::string(symbol), layer};
    const auto found = state_->place.find(name);
    if (found != state_->place.end()) return state_->leaves[found->second];
    std::vector<std::string> labels;
    for (const Leaf& leaf : state_->leaves) labels.push_back(label(leaf.name));
    const std::string near = nearest(label(name), labels);
    throw Error(ErrorKind::Usage,
                fmt::format("{} has no weight {}", state_->description.name, escaped(label(name))),
                near.empty() ? "" : fmt::format("did you mean {}?", near));
}

template <class T>
WeightArray<T> Model::leaf(std::string_view symbol, int layer) const {
    const Leaf& wanted = at(symbol, layer);
    const std::shared_ptr<Slot<T>> slot = state_->slot<T>(wanted.name);
    const std::lock_guard lock(slot->making);
    if (!slot->array.data) slot->array = state_->made<T>(wanted);
    return slot->array;
}

template <class T>
WeightArray<T> Model::leaf_once(std::string_view symbol, int layer) const {
    const Leaf& wanted = at(symbol, layer);
    const std::shared_ptr<Slot<T>> slot = state_->slot<T>(wanted.name);
    {
        const std::lock_guard lock(slot->making);
        if (slot->array.data) return slot->array;
    }
    return state_->made<T>(wanted);
}

template WeightArray<float> Model::leaf(std::string_view, int) const;
template WeightArray<double> Model::leaf(std::string_view, int) const;
template WeightArray<float> Model::leaf_once(std::string_view, int) const;
template WeightArray<double> Model::leaf_once(std::string_view, int) const;

void Model::release() const {
    const std::lock_guard lock(state_->guard);
    state_->caches = {};
}

}  // namespace headway

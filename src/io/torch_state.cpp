// SPDX-License-Identifier: Apache-2.0
#include "io/torch_state.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "io/torch_globals.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace headway {
namespace {

using Kind = PickleValue::Kind;
using Path = std::vector<std::string>;
using namespace std::string_view_literals;

constexpr std::array wrappers = {
    "state_dict"sv, "model_state_dict"sv, "model_state"sv, "model"sv,  "module"sv,
    "net"sv,        "network"sv,          "weights"sv,     "params"sv, "checkpoint"sv};
constexpr std::array training = {"optimizer"sv,
                                 "optimizer_state_dict"sv,
                                 "optimizer_state"sv,
                                 "optimizers"sv,
                                 "optimizer_states"sv,
                                 "optim"sv,
                                 "optim_state"sv,
                                 "opt"sv,
                                 "scheduler"sv,
                                 "scheduler_state"sv,
                                 "scheduler_state_dict"sv,
                                 "lr_scheduler"sv,
                                 "lr_schedulers"sv,
                                 "scaler"sv,
                                 "grad_scaler"sv,
                                 "rng_state"sv,
                                 "cuda_rng_state"sv,
                                 "callbacks"sv};

std::string joined(const Path& path) {
    std::string name;
    for (const std::string& key : path) name += (name.empty() ? "" : ".") + key;
    return name;
}

// Something left out, counted so that it is told once.
struct Omission {
    std::size_t count = 0;
    std::string first;
    void note(const Path& path) {
        if (count++ == 0) first = joined(path);
    }
};

struct Found {
    Path path;
    TorchTensor view;
};

// Finds every tensor that can be reached by keys.
class Walker {
public:
    Walker(const Pickle& pickle, const std::string& shown) : pickle_(pickle), shown_(shown) {}

    void walk(std::uint32_t index) {
        constexpr std::size_t deepest = 64;
        constexpr std::size_t most = 2'000'000;
        require(path_.size() <= deepest, ErrorKind::Malformed, "{}: is nested more than {} deep", shown_,
                deepest);
        require(++visited_ <= most, ErrorKind::Limit, "{}: has more than {} entries", shown_, most);
        const PickleValue& value = pickle_.at(index);
        if (is_torch_tensor(pickle_, value)) {
            const std::string where = fmt::format("{}: tensor {}", shown_, quote(joined(path_)));
            found_.push_back({path_, read_torch_tensor(pickle_, value, where)});
        } else if (value.kind == Kind::Tuple || value.kind == Kind::List) {
            for (std::size_t i = 0; i < value.parts.size(); ++i)
                walk_below(fmt::format("{}", i), value.parts[i]);
        } else if (value.kind == Kind::Dictionary) {
            walk_pairs(value.parts, 0);
        } else if (is_dictionary(value)) {
            walk_given_pairs(pickle_.at(value.parts[1]).parts);
            walk_pairs(value.parts, 2);
        } else {
            others_.note(path_);
        }
    }

    std::vector<Found>& found() { return found_; }
    const Omission& others() const { return others_; }

private:
    bool is_dictionary(const PickleValue& value) const {
        return value.kind == Kind::Call &&
               torch_global(pickle_.at(value.parts[0]).integer).role == TorchGlobal::Role::Dictionary;
    }

    void walk_below(std::string key, std::uint32_t index) {
        path_.push_back(std::move(key));
        walk(index);
        path_.pop_back();
    }

    void walk_pairs(const std::vector<std::uint32_t>& pairs, std::size_t begin) {
        for (std::size_t i = begin; i + 1 < pairs.size(); i += 2) {
            const PickleValue& key = pickle_.at(pairs[i]);
            if (key.kind == Kind::Text) {
                walk_below(key.text, pairs[i + 1]);
            } else if (key.kind == Kind::Integer) {
                walk_below(fmt::format("{}", key.integer), pairs[i + 1]);
            } else {
                others_.note(path_);
            }
        }
    }

    // OrderedDict([[key, value], ...]), as Python 2 wrote it.
    void walk_given_pairs(const std::vector<std::uint32_t>& arguments) {
        for (const std::uint32_t argument : arguments) {
            const PickleValue& list = pickle_.at(argument);
            if (list.kind != Kind::List) continue;
            for (const std::uint32_t pair : list.parts) walk_pairs(pickle_.at(pair).parts, 0);
        }
    }

    const Pickle& pickle_;
    const std::string& shown_;
    Path path_;
    std::size_t visited_ = 0;
    std::vector<Found> found_;
    Omission others_;
};

// Leaves out what belongs to the training, unless nothing would remain.
void leave_out_training(std::vector<Found>& found, Omission& omitted) {
    const auto belongs = [](const Found& tensor) {
        return tensor.path.size() > 1 && std::ranges::count(training, tensor.path.front()) > 0;
    };
    if (std::ranges::all_of(found, belongs)) return;
    for (const Found& tensor : found)
        if (belongs(tensor)) omitted.note(tensor.path);
    std::erase_if(found, belongs);
}

// Whether all tensors are in one entry that is known to be no part of their names; then it is taken off.
bool unwrap(std::vector<Found>& found) {
    if (found.empty()) return false;
    const std::string key = found.front().path.empty() ? "" : found.front().path.front();
    const bool wrapped =
        std::ranges::count(wrappers, key) > 0 && std::ranges::all_of(found, [&](const Found& tensor) {
            return tensor.path.size() > 1 && tensor.path.front() == key;
        });
    if (!wrapped) return false;
    for (Found& tensor : found) tensor.path.erase(tensor.path.begin());
    return true;
}

void warn(const Omission& omitted, std::string_view one, std::string_view many, const std::string& shown,
          std::vector<std::string>& warnings) {
    if (omitted.count == 0) return;
    warnings.push_back(fmt::format("{}: {} {} left out, the first {}", shown, omitted.count,
                                   omitted.count == 1 ? one : many, quote(omitted.first)));
}

}  // namespace

TorchState read_torch_state(const Pickle& pickle, const std::string& shown) {
    Walker walker(pickle, shown);
    walker.walk(pickle.root);
    std::vector<Found>& found = walker.found();
    require(!found.empty(), ErrorKind::Unsupported, "{}: has no tensors", shown);
    Omission training_tensors;
    do leave_out_training(found, training_tensors);
    while (unwrap(found));

    TorchState state;
    for (Found& tensor : found) state.tensors.push_back({joined(tensor.path), std::move(tensor.view)});
    warn(walker.others(), "entry that is no tensor was", "entries that are no tensors were", shown,
         state.warnings);
    warn(training_tensors, "tensor of the training's state was", "tensors of the training's state were",
         shown, state.warnings);
    return state;
}

}  // namespace headway

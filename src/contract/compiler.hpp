// The state of `compile`: values made so far, by node, and where the next step goes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "contract/compile.hpp"
#include "contract/order.hpp"

#include <map>
#include <optional>

namespace headway {

class Compiler {
public:
    Compiler(const Sizes& sizes, const CompileOptions& options) : sizes_(sizes), options_(options) {}

    /// The value of a node; its axes are the node's ports.
    ValueId value_of(const Expr& node);
    /// The values of several expressions; products that are sliced over the same operand share one loop.
    Program run(std::span<const Expr> outputs);

    std::int64_t extent(Space space) const;
    const CompileOptions& options() const { return options_; }
    Dims shape_of(const std::vector<Space>& spaces) const;
    /// Adds a step to `target` (the items of the program when null) and returns the value that it makes.
    ValueId emit(Step step, Dims shape, std::string name, std::vector<Step>* target = nullptr);
    void emit_loop(Loop loop) { program_.items.emplace_back(std::move(loop)); }
    ValueId new_value(Dims shape, std::string name);
    const Dims& shape(ValueId value) const { return program_.values[static_cast<std::size_t>(value)].shape; }
    const Order* order_for(const OrderProblem& problem);

    /// From now on `node` is `value`, which was made elsewhere.
    void remember(const Expr& node, ValueId value) { values_.emplace(node, value); }

    /// A part of a product that was made before: the value, and which port of the part each axis is.
    struct Known {
        ValueId value;
        std::vector<int> ports;
    };
    std::map<Expr, Known> parts;

private:
    ValueId make(const Expr& node);
    ValueId make_sum(const Node& node);
    ValueId make_apply(const Node& node);
    ValueId make_frozen(const Node& node);
    ValueId make_family(const Node& node);

    Sizes sizes_;
    CompileOptions options_;
    Program program_;
    std::map<Expr, ValueId> values_;
    std::map<std::vector<std::int64_t>, std::optional<Order>> orders_;
};

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "headway/circuit/graphml.hpp"

#include "circuit/adjacency.hpp"
#include "headway/base/error.hpp"

#include <fmt/format.h>
#include <boost/graph/graphml.hpp>
#include <boost/make_shared.hpp>

#include <cmath>
#include <functional>
#include <sstream>

namespace headway {

namespace {

std::string text_of(const std::string& value) { return value; }
std::string text_of(int value) { return std::to_string(value); }
std::string text_of(bool value) { return value ? "true" : "false"; }
std::string text_of(double value) { return std::isnan(value) ? "NaN" : fmt::format("{}", value); }

/// A property as a function of what carries it. Boost's own adaptor writes numbers with six digits, in the
/// global locale.
template <class Key, class Value>
class Property : public boost::dynamic_property_map {
public:
    explicit Property(std::function<Value(const Key&)> of) : of_(std::move(of)) {}
    boost::any get(const boost::any& key) override { return of_(boost::any_cast<Key>(key)); }
    std::string get_string(const boost::any& key) override { return text_of(of_(boost::any_cast<Key>(key))); }
    void put(const boost::any&, const boost::any&) override {
        throw InvariantFailure("a property of a circuit is written to");
    }
    const std::type_info& key() const override { return typeid(Key); }
    const std::type_info& value() const override { return typeid(Value); }

private:
    std::function<Value(const Key&)> of_;
};

std::string_view kind_name(ComponentKind kind) {
    switch (kind) {
        case ComponentKind::Embed:
            return "embed";
        case ComponentKind::Position:
            return "pos";
        case ComponentKind::Head:
            return "head";
        case ComponentKind::Mlp:
            return "mlp";
        case ComponentKind::Unembed:
            return "unembed";
    }
    return {};
}

class Properties {
public:
    Properties(const Circuit& circuit, const Adjacency& graph) : circuit_(circuit), graph_(graph) {
        const auto component = [this](Vertex v) -> const Component& { return circuit_.components[v]; };
        add<Vertex, std::string>("label", [=](Vertex v) { return component(v).label; });
        add<Vertex, std::string>("kind", [=](Vertex v) { return std::string(kind_name(component(v).kind)); });
        add<Vertex, int>("layer", [=](Vertex v) { return component(v).layer; });
        add<Vertex, int>("head", [=](Vertex v) { return component(v).head; });
        add<Vertex, std::string>("role", [=](Vertex v) { return component(v).role; });
        add<Edge, std::string>("port", [this](const Edge& e) {
            const CircuitEdge* edge = weighed(e);
            return std::string(edge ? port_name(edge->port) : "stream");
        });
        add<Edge, bool>("ignores_nonlinearity", [this](const Edge& e) {
            const CircuitEdge* edge = weighed(e);
            return edge != nullptr && edge->weight.ignores_nonlinearity;
        });
        number("score", &EdgeWeight::score);
        number("baseline", &EdgeWeight::baseline);
        number("excess", &EdgeWeight::excess);
        number("z", &EdgeWeight::z);
        number("percentile", &EdgeWeight::percentile);
        number("robust_z_writer", &EdgeWeight::robust_z_writer);
        number("robust_z_reader", &EdgeWeight::robust_z_reader);
    }
    const boost::dynamic_properties& all() const { return all_; }

private:
    using Vertex = Adjacency::vertex_descriptor;
    using Edge = Adjacency::edge_descriptor;

    template <class Key, class Value, class Function>
    void add(const char* name, Function of) {
        all_.insert(name, boost::make_shared<Property<Key, Value>>(of));
    }
    void number(const char* name, double EdgeWeight::*field) {
        add<Edge, double>(name, [this, field](const Edge& e) {
            const CircuitEdge* edge = weighed(e);
            return edge ? edge->weight.*field : std::nan("");
        });
    }
    /// Nothing for an edge of the residual stream alone.
    const CircuitEdge* weighed(const Edge& e) const {
        const std::size_t i = boost::get(boost::edge_index, graph_, e);
        return i < circuit_.edges.size() ? &circuit_.edges[i] : nullptr;
    }

    const Circuit& circuit_;
    const Adjacency& graph_;
    boost::dynamic_properties all_;
};

}  // namespace

std::string graphml(const Circuit& circuit) {
    const Adjacency graph = adjacency_with_stream(circuit);
    const Properties properties(circuit, graph);
    std::ostringstream out;
    out.imbue(std::locale::classic());
    boost::write_graphml(out, graph, properties.all(), true);
    return out.str();
}

}  // namespace headway

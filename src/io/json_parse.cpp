// The strict handler behind every JSON text: what nlohmann's parser would let through is an error here.
// SPDX-License-Identifier: Apache-2.0
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "io/json_members.hpp"
#include "io/json_node.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace headway {
namespace {

using Node = Json::Node;

[[noreturn]] void fail_malformed(const JsonSource& source, std::string_view problem, std::string hint = {}) {
    throw Error(ErrorKind::Malformed, fmt::format("{} {}", source.shown, problem), std::move(hint));
}

// The middle of nlohmann's "... while parsing value - invalid literal; last read: '...'; expected ...".
std::string reason_of(std::string_view message) {
    if (const std::size_t dash = message.find(" - "); dash != std::string_view::npos)
        message.remove_prefix(dash + 3);
    else if (const std::size_t bracket = message.find("] "); bracket != std::string_view::npos)
        message.remove_prefix(bracket + 2);
    return escaped(message.substr(0, message.find("; last read")));
}

// The first key that comes twice, or nullptr.
const std::string* repeated_key(const Node::Object& members) {
    std::vector<const std::string*> keys;
    keys.reserve(members.size());
    for (const auto& member : members) keys.push_back(&member.first);
    const auto less = [](const std::string* a, const std::string* b) { return *a < *b; };
    std::sort(keys.begin(), keys.end(), less);
    const auto equal = [](const std::string* a, const std::string* b) { return *a == *b; };
    const auto found = std::adjacent_find(keys.begin(), keys.end(), equal);
    return found == keys.end() ? nullptr : *found;
}

// Builds the tree from the parser's events. With `member_done` the root's members are handed over, not kept.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
public:
    using MemberDone = std::function<void(std::string&&, Node&&)>;
    TreeBuilder(const JsonSource& source, MemberDone member_done)
        : source_(source), member_done_(std::move(member_done)) {}

    Node take_root() { return std::move(root_); }

    bool null() override { return add({nullptr}); }
    bool boolean(bool value) override { return add({value}); }
    bool number_integer(std::int64_t value) override { return add({value}); }
    bool number_unsigned(std::uint64_t value) override {
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return add({value});
        return add({static_cast<std::int64_t>(value)});
    }
    bool number_float(double value, const std::string& digits) override {
        if (digits.find_first_not_of("-0123456789") == std::string::npos) {
            fail_malformed(source_, "has an integer beyond 64 bits: " + escaped(digits, 40));
        }
        return add({value});
    }
    bool string(std::string& value) override { return add({std::move(value)}); }
    bool binary(nlohmann::json::binary_t& /*value*/) override { return false; }
    bool key(std::string& value) override {
        keys_.back() = std::move(value);
        return true;
    }
    bool start_object(std::size_t /*elements*/) override { return open({Node::Object{}}); }
    bool start_array(std::size_t /*elements*/) override { return open({Node::Array{}}); }
    bool end_object() override {
        const std::string* repeated = repeated_key(std::get<Node::Object>(open_.back().value));
        if (repeated == nullptr) return close();
        std::string path;
        for (std::size_t i = 0; i + 1 < keys_.size(); ++i) path += keys_[i].empty() ? "" : keys_[i] + ".";
        fail_malformed(source_, fmt::format("has the key {} twice", quote(path + *repeated)));
    }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t position, const std::string& /*last_token*/,
                     const nlohmann::json::exception& error) override {
        const std::uint64_t byte = source_.first_byte + (position > 0 ? position - 1 : 0);
        fail_malformed(source_,
                       fmt::format("is not valid JSON at byte {}: {}", byte, reason_of(error.what())));
    }

private:
    static constexpr std::size_t deepest = 1024;

    bool open(Node&& container) {
        if (open_.size() >= deepest) fail_malformed(source_, "is nested more than 1024 deep");
        const bool is_root = open_.empty();
        if (is_root && member_done_ && !std::holds_alternative<Node::Object>(container.value)) {
            fail_malformed(source_, "is an array, expected an object");
        }
        open_.push_back(std::move(container));
        keys_.emplace_back();
        return true;
    }

    bool close() {
        Node done = std::move(open_.back());
        open_.pop_back();
        keys_.pop_back();
        return add(std::move(done));
    }

    bool add(Node&& node) {
        if (open_.empty()) {
            root_ = std::move(node);
            return true;
        }
        if (++values_ > source_.max_values) {
            fail_malformed(source_, fmt::format("has more than {} values in {}", source_.max_values,
                                                quote(keys_.front())));
        }
        if (auto* array = std::get_if<Node::Array>(&open_.back().value)) {
            array->push_back(std::move(node));
        } else if (member_done_ && open_.size() == 1) {
            values_ = 0;
            member_done_(std::move(keys_.back()), std::move(node));
        } else {
            std::get<Node::Object>(open_.back().value).push_back({std::move(keys_.back()), std::move(node)});
        }
        return true;
    }

    const JsonSource& source_;
    MemberDone member_done_;
    std::vector<Node> open_;         // containers not yet closed
    std::vector<std::string> keys_;  // the last key of each
    std::size_t values_ = 0;         // of the current member
    Node root_;
};

Node parse_tree(std::string_view text, const JsonSource& source, TreeBuilder::MemberDone member_done) {
    if (text.starts_with("\xEF\xBB\xBF")) fail_malformed(source, "begins with a byte order mark");
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
        fail_malformed(source,
                       fmt::format("is not valid JSON at byte {}: a NUL byte", source.first_byte + nul),
                       "JSON is padded with spaces, not with NUL");
    }
    TreeBuilder builder(source, std::move(member_done));
    const bool parsed = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
    invariant(parsed, "the JSON handler throws instead of refusing");
    return builder.take_root();
}

}  // namespace

Json Json::with_root(std::shared_ptr<const Node> root, std::shared_ptr<const std::string> file) {
    Json json;
    json.node_ = root.get();
    json.root_ = std::move(root);
    json.file_ = std::move(file);
    return json;
}

Json parse_json(std::string_view text, std::string file) {
    Node root = parse_tree(text, {.shown = file + ":"}, nullptr);
    return Json::with_root(std::make_shared<const Node>(std::move(root)),
                           std::make_shared<const std::string>(std::move(file)));
}

void for_each_member(std::string_view text, const JsonSource& source,
                     const std::function<void(std::string key, const Json& value)>& member) {
    const auto shown = std::make_shared<const std::string>(source.shown);
    Node root = parse_tree(text, source, [&](std::string&& key, Node&& value) {
        member(std::move(key), Json::with_root(std::make_shared<const Node>(std::move(value)), shown));
    });
    const Json whole = Json::with_root(std::make_shared<const Node>(std::move(root)), shown);
    if (whole.type() != Json::Type::Object)
        fail_malformed(source, fmt::format("is {}, expected an object", whole.shown()));
}

std::string json_text(std::string_view text) {
    try {
        return nlohmann::json(text).dump();
    } catch (const nlohmann::json::exception&) {
        throw Error(ErrorKind::Usage, quote(text) + " is not UTF-8");
    }
}

}  // namespace headway

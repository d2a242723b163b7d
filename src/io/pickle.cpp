// SPDX-License-Identifier: Apache-2.0
#include "io/pickle.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "io/pickle_bytes.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace headway {
namespace {

using Value = PickleValue;
using Ref = std::uint32_t;

constexpr std::size_t most_values = 2'000'000;

// The instructions, as Python's pickletools documents them.
// clang-format off
enum class Op : std::uint8_t {
    Mark = '(', Stop = '.', Pop = '0', PopMark = '1', Dup = '2', BinInt = 'J', BinInt1 = 'K',
    BinInt2 = 'M', None = 'N', BinPersid = 'Q', Reduce = 'R', BinString = 'T', ShortBinString = 'U',
    BinUnicode = 'X', Append = 'a', Build = 'b', Global = 'c', Dict = 'd', EmptyDict = '}', Appends = 'e',
    BinGet = 'h', LongBinGet = 'j', List = 'l', EmptyList = ']', BinPut = 'q', LongBinPut = 'r',
    SetItem = 's', Tuple = 't', EmptyTuple = ')', SetItems = 'u', BinFloat = 'G', BinBytes = 'B',
    ShortBinBytes = 'C', Proto = 0x80, NewObj = 0x81, Tuple1 = 0x85, Tuple2 = 0x86, Tuple3 = 0x87,
    NewTrue = 0x88, NewFalse = 0x89, Long1 = 0x8a, Long4 = 0x8b, ShortBinUnicode = 0x8c,
    BinUnicode8 = 0x8d, BinBytes8 = 0x8e, EmptySet = 0x8f, AddItems = 0x90, FrozenSet = 0x91,
    NewObjEx = 0x92, StackGlobal = 0x93, Memoize = 0x94, Frame = 0x95, ByteArray8 = 0x96
};
// clang-format on

// Python's stack machine, with values instead of objects.
class Machine {
public:
    explicit Machine(const PickleSource& source) : source_(source), bytes_(source) {}

    Pickle run() {
        for (;;) {
            const auto op = static_cast<Op>(bytes_.number(1));
            if (op == Op::Stop) break;
            const bool known = push_constant(op) || push_text(op) || make_container(op) ||
                               fill_container(op) || use_memo(op) || use_name(op) || move_stack(op);
            require(known, ErrorKind::Unsupported,
                    "{}: has the pickle instruction 0x{:02x} at byte {}, which no checkpoint needs",
                    source_.shown, static_cast<unsigned>(op), bytes_.position() - 1 - source_.begin);
        }
        pickle_.root = pop();
        pickle_.end = bytes_.position();
        return std::move(pickle_);
    }

private:
    [[noreturn]] void fail(std::string_view problem) const { bytes_.fail(problem); }

    void push(Ref value) {
        require(stack_.size() < most_values, ErrorKind::Limit, "{}: the pickle stacks more than {} values",
                source_.shown, most_values);
        stack_.push_back(value);
    }
    void push(Value&& value) {
        require(pickle_.values.size() < most_values, ErrorKind::Limit,
                "{}: the pickle has more than {} values", source_.shown, most_values);
        pickle_.values.push_back(std::move(value));
        push(static_cast<Ref>(pickle_.values.size() - 1));
    }
    void push(Value::Kind kind, std::vector<Ref> parts = {}) {
        push(Value{.kind = kind, .parts = std::move(parts)});
    }
    void push_integer(std::int64_t value) { push(Value{.kind = Value::Kind::Integer, .integer = value}); }

    Ref top() const {
        if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) fail("the stack is empty");
        return stack_.back();
    }
    Ref pop() {
        const Ref value = top();
        stack_.pop_back();
        return value;
    }
    std::vector<Ref> pop(std::size_t count) {
        std::vector<Ref> values(count);
        while (count-- > 0) values[count] = pop();
        return values;
    }
    std::vector<Ref> pop_to_mark() {
        if (marks_.empty()) fail("there is no mark on the stack");
        const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
        std::vector<Ref> values(begin, stack_.end());
        stack_.erase(begin, stack_.end());
        marks_.pop_back();
        return values;
    }
    Value& value(Ref index) { return pickle_.values[index]; }

    bool push_constant(Op op) {
        switch (op) {
            case Op::BinInt:
                push_integer(static_cast<std::int32_t>(bytes_.number(4)));
                return true;
            case Op::BinInt1:
                push_integer(static_cast<std::int64_t>(bytes_.number(1)));
                return true;
            case Op::BinInt2:
                push_integer(static_cast<std::int64_t>(bytes_.number(2)));
                return true;
            case Op::Long1:
                push_long(bytes_.number(1));
                return true;
            case Op::Long4:
                push_long(bytes_.number(4));
                return true;
            case Op::BinFloat:
                bytes_.skip(8);
                [[fallthrough]];
            case Op::None:
            case Op::NewTrue:
            case Op::NewFalse:
            case Op::EmptySet:
                push(Value::Kind::Plain);
                return true;
            default:
                return false;
        }
    }

    // An integer of so many bytes, in two's complement.
    void push_long(std::uint64_t width) {
        std::string digits = bytes_.take(width);
        if (width > 8) return push(Value{.text = std::move(digits)});
        std::uint64_t number = 0;
        const bool negative = !digits.empty() && static_cast<signed char>(digits.back()) < 0;
        if (negative) number = ~std::uint64_t{0};
        for (std::size_t i = digits.size(); i-- > 0;)
            number = number << 8 | static_cast<unsigned char>(digits[i]);
        push_integer(static_cast<std::int64_t>(number));
    }

    bool push_text(Op op) {
        const auto text = [&](std::uint64_t width) {
            push(Value{.kind = Value::Kind::Text, .text = bytes_.take(bytes_.number(width))});
            return true;
        };
        const auto skip = [&](std::uint64_t width) {
            bytes_.skip(bytes_.number(width));
            push(Value::Kind::Plain);
            return true;
        };
        switch (op) {
            case Op::ShortBinString:
            case Op::ShortBinUnicode:
                return text(1);
            case Op::BinString:
            case Op::BinUnicode:
                return text(4);
            case Op::BinUnicode8:
                return text(8);
            case Op::ShortBinBytes:
                return skip(1);
            case Op::BinBytes:
                return skip(4);
            case Op::BinBytes8:
            case Op::ByteArray8:
                return skip(8);
            default:
                return false;
        }
    }

    bool make_container(Op op) {
        using Kind = Value::Kind;
        switch (op) {
            case Op::EmptyTuple:
                push(Kind::Tuple);
                return true;
            case Op::Tuple1:
            case Op::Tuple2:
            case Op::Tuple3:
                push(Kind::Tuple,
                     pop(static_cast<std::size_t>(op) - static_cast<std::size_t>(Op::Tuple1) + 1));
                return true;
            case Op::Tuple:
                push(Kind::Tuple, pop_to_mark());
                return true;
            case Op::EmptyList:
                push(Kind::List);
                return true;
            case Op::List:
                push(Kind::List, pop_to_mark());
                return true;
            case Op::EmptyDict:
                push(Kind::Dictionary);
                return true;
            case Op::Dict:
                push(Kind::Dictionary);
                set_items(pop_below_top());
                return true;
            case Op::FrozenSet:
                pop_to_mark();
                push(Kind::Plain);
                return true;
            default:
                return false;
        }
    }

    // What lies between the mark and the new value on the top.
    std::vector<Ref> pop_below_top() {
        const Ref made = pop();
        std::vector<Ref> items = pop_to_mark();
        push(made);
        return items;
    }

    void append(const std::vector<Ref>& items) {
        Value& list = value(top());
        if (list.kind != Value::Kind::List) fail("it appends to what is no list");
        list.parts.insert(list.parts.end(), items.begin(), items.end());
    }

    void set_items(const std::vector<Ref>& items) {
        Value& target = value(top());
        const bool fits = target.kind == Value::Kind::Dictionary || target.kind == Value::Kind::Call;
        if (!fits) fail("it sets items of what is no dictionary");
        if (items.size() % 2 != 0) fail("a key has no value");
        target.parts.insert(target.parts.end(), items.begin(), items.end());
    }

    bool fill_container(Op op) {
        switch (op) {
            case Op::Append:
                append(pop(1));
                return true;
            case Op::Appends:
                append(pop_to_mark());
                return true;
            case Op::AddItems:  // to a set, whose elements say nothing
                pop_to_mark();
                return true;
            case Op::SetItem:
                set_items(pop(2));
                return true;
            case Op::SetItems:
                set_items(pop_to_mark());
                return true;
            case Op::Build:  // attributes: `_metadata` of a state dict
                pop();
                return true;
            default:
                return false;
        }
    }

    bool use_memo(Op op) {
        switch (op) {
            case Op::BinPut:
                remember(bytes_.number(1));
                return true;
            case Op::LongBinPut:
                remember(bytes_.number(4));
                return true;
            case Op::Memoize:
                remember(memo_.size());
                return true;
            case Op::BinGet:
                recall(bytes_.number(1));
                return true;
            case Op::LongBinGet:
                recall(bytes_.number(4));
                return true;
            default:
                return false;
        }
    }

    void remember(std::uint64_t name) {
        require(memo_.size() < most_values, ErrorKind::Limit, "{}: the pickle remembers more than {} values",
                source_.shown, most_values);
        memo_[name] = top();
    }

    void recall(std::uint64_t name) {
        const auto found = memo_.find(name);
        if (found == memo_.end()) fail(fmt::format("it recalls value {}, which was not remembered", name));
        push(found->second);
    }

    bool use_name(Op op) {
        switch (op) {
            case Op::Global: {
                const std::string module = bytes_.line();
                push_global(module, bytes_.line());
                return true;
            }
            case Op::StackGlobal: {
                const std::vector<Ref> names = pop(2);
                const bool texts = std::ranges::all_of(
                    names, [&](Ref name) { return value(name).kind == Value::Kind::Text; });
                if (!texts) fail("a name is no text");
                push_global(std::string(value(names[0]).text), value(names[1]).text);
                return true;
            }
            case Op::NewObjEx:
                pop();  // named arguments
                [[fallthrough]];
            case Op::Reduce:
            case Op::NewObj:
                push_call(pop(2));
                return true;
            case Op::BinPersid:
                push(Value::Kind::Persistent, pop(1));
                return true;
            default:
                return false;
        }
    }

    void push_global(const std::string& module, const std::string& name) {
        const std::optional<std::int64_t> known = source_.find_global(module, name);
        if (!known) {
            throw Error(ErrorKind::Unsupported,
                        fmt::format("{}: wants {}, which is no part of a checkpoint; nothing was run",
                                    source_.shown, quote(fmt::format("{}.{}", module, name))),
                        "save the tensors alone: torch.save(model.state_dict(), FILE)");
        }
        push(Value{.kind = Value::Kind::Global, .integer = *known});
    }

    void push_call(std::vector<Ref> parts) {
        if (value(parts[0]).kind != Value::Kind::Global) fail("it calls what is no name");
        if (value(parts[1]).kind != Value::Kind::Tuple) fail("it calls a name without arguments");
        push(Value::Kind::Call, std::move(parts));
    }

    bool move_stack(Op op) {
        switch (op) {
            case Op::Proto:
                if (const std::uint64_t version = bytes_.number(1); version < 2 || version > 5)
                    fail(fmt::format("it is of protocol {}, expected 2 to 5", version));
                return true;
            case Op::Frame:  // its length: only for readers that fetch ahead
                bytes_.skip(8);
                return true;
            case Op::Mark:
                require(marks_.size() < most_values, ErrorKind::Limit,
                        "{}: the pickle has more than {} open marks", source_.shown, most_values);
                marks_.push_back(stack_.size());
                return true;
            case Op::Pop:
                pop();
                return true;
            case Op::PopMark:
                pop_to_mark();
                return true;
            case Op::Dup:
                push(top());
                return true;
            default:
                return false;
        }
    }

    const PickleSource& source_;
    PickleBytes bytes_;
    Pickle pickle_;
    std::vector<Ref> stack_;
    std::vector<std::size_t> marks_;  // heights of the stack
    std::unordered_map<std::uint64_t, Ref> memo_;
};

}  // namespace

Pickle read_pickle(const PickleSource& source) { return Machine(source).run(); }

}  // namespace headway

// Arithmetic modulo the Mersenne prime p = 2^61 - 1, and hashes into that field.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/expand/modular.hpp"

#include <string_view>

namespace headway {

__extension__ using Wide = unsigned __int128;

/// 2^61 = 1 mod p: the high part is added to the low part, twice.
constexpr std::uint64_t reduce(Wide x) {
    const Wide once = (x & modulus) + (x >> 61);
    const auto twice = static_cast<std::uint64_t>((once & modulus) + (once >> 61));
    return twice >= modulus ? twice - modulus : twice;
}
constexpr std::uint64_t add_mod(std::uint64_t a, std::uint64_t b) {
    const std::uint64_t sum = a + b;
    return sum >= modulus ? sum - modulus : sum;
}
constexpr std::uint64_t negate_mod(std::uint64_t a) { return a == 0 ? 0 : modulus - a; }
constexpr std::uint64_t subtract_mod(std::uint64_t a, std::uint64_t b) { return add_mod(a, negate_mod(b)); }
constexpr std::uint64_t multiply_mod(std::uint64_t a, std::uint64_t b) { return reduce(Wide{a} * b); }

/// a^(p-2), by Fermat. Requires: a is not 0.
constexpr std::uint64_t inverse_mod(std::uint64_t a) {
    std::uint64_t result = 1;
    for (std::uint64_t exponent = modulus - 2; exponent != 0; exponent >>= 1, a = multiply_mod(a, a))
        if ((exponent & 1) != 0) result = multiply_mod(result, a);
    return result;
}

/// A signed integer as a residue.
constexpr std::uint64_t residue(std::int64_t n) {
    const auto m = static_cast<std::int64_t>(modulus);
    return static_cast<std::uint64_t>((n % m + m) % m);
}

/// A running hash, not that of the hash-consing of expressions: no accident there can repeat itself here.
class FieldHash {
public:
    explicit constexpr FieldHash(std::uint64_t seed) : state_(seed ^ 0x243f6a8885a308d3ULL) {}
    constexpr FieldHash& add(std::uint64_t word) {
        state_ ^= word;
        state_ = (state_ ^ (state_ >> 32)) * 0xd6e8feb86659fd93ULL;
        state_ = (state_ ^ (state_ >> 32)) * 0xd6e8feb86659fd93ULL;
        state_ = (state_ ^ (state_ >> 32)) + 0x9e3779b97f4a7c15ULL;
        return *this;
    }
    constexpr FieldHash& add(std::int64_t number) { return add(static_cast<std::uint64_t>(number)); }
    constexpr FieldHash& add(int number) { return add(static_cast<std::uint64_t>(number)); }
    constexpr FieldHash& add(std::string_view text) {
        add(std::uint64_t{text.size()});
        for (char c : text) add(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
        return *this;
    }
    /// 64 bits.
    constexpr std::uint64_t word() const { return FieldHash(*this).add(std::uint64_t{1}).state_; }
    /// A residue, from 128 bits: uniform to 2^-67.
    constexpr std::uint64_t element() const {
        const Wide high = FieldHash(*this).add(std::uint64_t{2}).state_;
        return reduce((high << 61) | (word() & modulus));
    }

private:
    std::uint64_t state_;
};

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "headway/base/reader.hpp"

#include <array>
#include <cstddef>

namespace headway {

namespace {
constexpr std::array all_compositions{Composition::Q, Composition::K, Composition::V};
}

const char* name(Reader reader) {
    constexpr std::array names{"Q", "K", "V", "mlp", "unembed"};
    return names.at(static_cast<std::size_t>(reader));
}

char letter(Composition kind) { return kind == Composition::Q ? 'q' : kind == Composition::K ? 'k' : 'v'; }

char input_letter(Composition kind) { return *name(reader_of(kind)); }

std::optional<Composition> by_input_letter(std::string_view text) {
    for (const Composition kind : all_compositions)
        if (text == name(reader_of(kind))) return kind;
    return std::nullopt;
}

Reader reader_of(Composition kind) {
    return kind == Composition::Q ? Reader::Q : kind == Composition::K ? Reader::K : Reader::V;
}

std::optional<Composition> composition_of(Reader reader) {
    for (const Composition kind : all_compositions)
        if (reader_of(kind) == reader) return kind;
    return std::nullopt;
}

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "headway/network/index.hpp"

namespace headway {

namespace {

struct SpaceNames {
    std::string_view name;
    std::string_view letters;  // the first is the one that is printed
};

constexpr std::array<SpaceNames, n_spaces> names{{{"vocab", "vw"},
                                                  {"position", "qkp"},
                                                  {"residual", "dij"},
                                                  {"head_inner", "es"},
                                                  {"head", "hgab"},
                                                  {"member", "r"},
                                                  {"neuron", "mn"},
                                                  {"layer", "l"},
                                                  {"channel", "c"}}};

}  // namespace

std::string_view name(Space space) { return names[static_cast<std::size_t>(space)].name; }

char letter(Space space) { return names[static_cast<std::size_t>(space)].letters.front(); }

std::optional<Space> space_of_letter(char letter) {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i].letters.find(letter) != std::string_view::npos) return static_cast<Space>(i);
    return std::nullopt;
}

}  // namespace headway

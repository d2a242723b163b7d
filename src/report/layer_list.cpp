// SPDX-License-Identifier: Apache-2.0
#include "report/layer_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace headway {

std::string layer_list(std::span<const int> layers) {
    std::string text;
    for (std::size_t i = 0; i < layers.size();) {
        std::size_t last = i;
        while (last + 1 < layers.size() && layers[last + 1] == layers[last] + 1) ++last;
        if (last == i + 1) last = i;  // two neighbours are two numbers
        if (!text.empty()) text += ',';
        text += last == i ? fmt::format("{}", layers[i]) : fmt::format("{}-{}", layers[i], layers[last]);
        i = last + 1;
    }
    return text;
}

std::string by_layer(std::span<const std::string> texts) {
    std::vector<std::pair<std::string, std::vector<int>>> groups;
    for (std::size_t layer = 0; layer < texts.size(); ++layer) {
        auto group =
            std::ranges::find(groups, texts[layer], &std::pair<std::string, std::vector<int>>::first);
        if (group == groups.end()) group = groups.insert(groups.end(), {texts[layer], {}});
        group->second.push_back(static_cast<int>(layer));
    }
    if (groups.size() == 1) return groups.front().first;
    std::string line = "layers ";
    for (std::size_t i = 0; i < groups.size(); ++i)
        line += fmt::format("{}{}: {}", i > 0 ? "; " : "", layer_list(groups[i].second), groups[i].first);
    return line;
}

}  // namespace headway

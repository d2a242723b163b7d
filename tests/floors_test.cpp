// The floors of the house, checked: every include of include/ and src/ goes down; a third-party package has its rooms.
// This table is the architecture document that cannot go stale.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;

const std::map<std::string, int> floors = {{"base", 0},    {"network", 1}, {"io", 1},       {"linalg", 1},
                                           {"expand", 2},  {"model", 2},   {"contract", 3}, {"measure", 4},
                                           {"circuit", 5}, {"draw", 6},    {"report", 7},   {"cli", 8}};

// Neighbours that never meet although their floors differ: symbols know no numbers.
const std::set<std::pair<std::string, std::string>> apart = {
    {"expand", "io"}, {"expand", "linalg"}, {"model", "network"}};

struct Package {
    std::set<std::string> rooms;
    bool in_headers;  // whether a public header may include it
};

const std::map<std::string, Package> packages = {
    {"xtensor-blas/", {{"linalg", "contract"}, false}},
    {"cblas", {{"linalg", "contract"}, false}},
    {"openblas_config.h", {{"linalg", "contract"}, false}},
    {"lapack", {{"linalg", "contract"}, false}},
    {"nlohmann/", {{"io", "report"}, false}},
    {"openssl/", {{"io"}, false}},
    {"zlib.h", {{"io"}, false}},
    {"boost/", {{"circuit"}, false}},
    {"graphviz/", {{"draw"}, false}},
    {"cgraph.h", {{"draw"}, false}},
    {"gvc.h", {{"draw"}, false}},
    {"CLI/", {{"cli"}, false}},
    {"xtensor/",
     {{"io", "linalg", "model", "contract", "measure", "circuit", "draw", "report", "cli"}, true}}};

// Why `included` may not stand in a file of `room`; empty when it may.
std::string objection(const std::string& room, bool public_header, bool quoted, std::string included) {
    if (!quoted) {
        for (const auto& [prefix, package] : packages)
            if (included.starts_with(prefix)) {
                if (!package.rooms.contains(room)) return "the room " + room + " does not use this package";
                if (public_header && !package.in_headers) return "a public header does not show this package";
            }
        return "";
    }
    const bool is_public = included.starts_with("headway/");
    if (is_public) included.erase(0, 8);
    if (public_header && !is_public) return "a public header includes only public headers";
    const std::string other = included.substr(0, included.find('/'));
    if (included.find('/') == std::string::npos || !floors.contains(other)) return "not the header of a room";
    if (other == room) return "";
    if (floors.at(other) >= floors.at(room)) return other + " is not below " + room;
    return apart.contains({room, other}) ? room + " and " + other + " do not know each other" : "";
}

// `file:line: what` for every include that breaks a rule, under root/include/headway and root/src.
std::vector<std::string> violations(const fs::path& root) {
    std::vector<std::string> found;
    for (const fs::path& top : {root / "include/headway", root / "src"})
        for (const auto& entry : fs::recursive_directory_iterator(top)) {
            const fs::path relative = fs::relative(entry.path(), top);
            const std::string room = relative.begin()->string();
            const bool loose = relative == "headway.hpp" || relative == "analyze.hpp";  // over all rooms
            if (!entry.is_regular_file() || loose) continue;
            std::ifstream file(entry.path());
            std::string line;
            for (int number = 1; std::getline(file, line); ++number) {
                const std::size_t begin = line.starts_with("#include") ? line.find_first_of("<\"") + 1 : 0;
                if (begin == 0) continue;
                const std::string included = line.substr(begin, line.find_first_of(">\"", begin) - begin);
                const std::string why = floors.contains(room) ? objection(room, top != root / "src",
                                                                          line[begin - 1] == '"', included)
                                                              : "this file is in no room";
                if (!why.empty())
                    found.push_back(fs::relative(entry.path(), root).string() + ":" + std::to_string(number) +
                                    ": " + included + ": " + why);
            }
        }
    return found;
}

std::vector<std::string> violations_of(const std::string& file, const std::string& text) {
    const fs::path root =
        fs::path(testing::TempDir()) / ("floors-" + std::to_string(std::hash<std::string>{}(file + text)));
    fs::create_directories(root / "include/headway");
    fs::create_directories(root / "src");
    fs::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
    const auto found = violations(root);
    fs::remove_all(root);
    return found;
}

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Floors, EveryIncludeOfTheHouseGoesDown) { EXPECT_THAT(violations(HEADWAY_SOURCE_DIR), IsEmpty()); }

TEST(Floors, AnIncludeThatGoesUpIsNamedWithFileAndLine) {
    EXPECT_THAT(violations_of("src/model/a.cpp", "// one\n#include \"headway/contract/plan.hpp\"\n"),
                ElementsAre("src/model/a.cpp:2: headway/contract/plan.hpp: contract is not below model"));
}

TEST(Floors, RoomsOfOneFloorDoNotIncludeEachOther) {
    EXPECT_THAT(violations_of("src/io/a.cpp", "#include \"linalg/svd.hpp\"\n"),
                ElementsAre("src/io/a.cpp:1: linalg/svd.hpp: linalg is not below io"));
}

TEST(Floors, SymbolsKnowNoNumbers) {
    EXPECT_THAT(
        violations_of("src/expand/a.cpp", "#include \"headway/linalg/svd.hpp\"\n"),
        ElementsAre("src/expand/a.cpp:1: headway/linalg/svd.hpp: expand and linalg do not know each other"));
    EXPECT_THAT(
        violations_of("src/network/a.cpp", "#include <xtensor/xarray.hpp>\n"),
        ElementsAre("src/network/a.cpp:1: xtensor/xarray.hpp: the room network does not use this package"));
}

TEST(Floors, APackageStaysInItsRoomAndOutOfPublicHeaders) {
    EXPECT_THAT(violations_of("src/cli/a.cpp", "#include <nlohmann/json.hpp>\n"),
                ElementsAre("src/cli/a.cpp:1: nlohmann/json.hpp: the room cli does not use this package"));
    EXPECT_THAT(
        violations_of("include/headway/io/a.hpp", "#include <nlohmann/json.hpp>\n"),
        ElementsAre(
            "include/headway/io/a.hpp:1: nlohmann/json.hpp: a public header does not show this package"));
    EXPECT_THAT(
        violations_of("include/headway/io/a.hpp", "#include \"io/bytes.hpp\"\n"),
        ElementsAre(
            "include/headway/io/a.hpp:1: io/bytes.hpp: a public header includes only public headers"));
}

TEST(Floors, TheTopHeaderShowsEveryPublicHeader) {
    const fs::path include = fs::path(HEADWAY_SOURCE_DIR) / "include";
    std::ifstream file(include / "headway/headway.hpp");
    const std::string top{std::istreambuf_iterator<char>(file), {}};
    std::vector<std::string> missing;
    for (const auto& entry : fs::recursive_directory_iterator(include)) {
        const std::string header = fs::relative(entry.path(), include).string();
        const bool shown = top.find("#include \"" + header + "\"") != std::string::npos;
        if (entry.is_regular_file() && header != "headway/headway.hpp" && !shown) missing.push_back(header);
    }
    EXPECT_THAT(missing, IsEmpty());
}

// Types that two headers define at the left margin: one name in one namespace is one type, or programs break silently.
std::vector<std::string> defined_twice(const std::vector<std::pair<std::string, std::string>>& headers) {
    static const std::regex definition(
        R"(^(?:struct|class|enum class|enum) (\w+)(?: final)?(?: : [^;]*)? \{)");
    std::map<std::string, std::string> first;
    std::vector<std::string> found;
    for (const auto& [name, text] : headers) {
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) {
            std::smatch match;
            if (!std::regex_search(line, match, definition)) continue;
            const auto [known, is_new] = first.emplace(match[1], name);
            if (!is_new) found.push_back(match[1].str() + ": " + known->second + ", " + name);
        }
    }
    return found;
}

TEST(Floors, OneNameIsOneType) {
    EXPECT_THAT(defined_twice({{"a.hpp", "struct Run {\nclass Cursor final {"},
                               {"b.hpp", "class Run : public Base {\nstruct Other;\nstruct Run::Leaves {"}}),
                ElementsAre("Run: a.hpp, b.hpp"));
    std::vector<std::pair<std::string, std::string>> headers;
    for (const char* folder : {"include", "src"})
        for (const auto& entry : fs::recursive_directory_iterator(fs::path(HEADWAY_SOURCE_DIR) / folder)) {
            if (entry.path().extension() != ".hpp") continue;
            std::ifstream file(entry.path());
            headers.emplace_back(entry.path().string(),
                                 std::string{std::istreambuf_iterator<char>(file), {}});
        }
    EXPECT_GT(headers.size(), 100U);
    EXPECT_THAT(defined_twice(headers), IsEmpty());
}

TEST(Floors, AFileOutsideTheRoomsIsFound) {
    EXPECT_THAT(violations_of("src/util/a.cpp", "#include <vector>\n"),
                ElementsAre("src/util/a.cpp:1: vector: this file is in no room"));
}

}  // namespace

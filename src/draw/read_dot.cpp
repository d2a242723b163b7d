// SPDX-License-Identifier: Apache-2.0
#include "draw/read_dot.hpp"

#include <cstdio>
#include <map>
#include <string>

namespace headway {

namespace {

/// Numbers by first mention.
struct Numbers {
    std::map<std::string, IDTYPE> of_name;
    std::map<IDTYPE, std::string> name;
    IDTYPE next = 1;
};

Numbers& numbers(void* state) { return *static_cast<Numbers*>(state); }

void* open_numbers(Agraph_t*, Agdisc_t*) { return new Numbers; }
void close_numbers(void* state) { delete static_cast<Numbers*>(state); }

long map_name(void* state, int, char* name, IDTYPE* id, int create) {
    Numbers& all = numbers(state);
    if (name == nullptr) {
        if (create != 0) *id = all.next++;
        return create != 0 ? 1 : 0;
    }
    const auto known = all.of_name.find(name);
    if (known != all.of_name.end()) {
        *id = known->second;
        return 1;
    }
    if (create == 0) return 0;
    *id = all.next++;
    all.of_name.emplace(name, *id);
    all.name.emplace(*id, name);
    return 1;
}

long refuse_number(void*, int, IDTYPE) { return 0; }
void keep_number(void*, int, IDTYPE) {}
void registered(void*, int, void*) {}

char* name_of_number(void* state, int, IDTYPE id) {
    const auto at = numbers(state).name.find(id);
    return at == numbers(state).name.end() ? nullptr : at->second.data();
}

Agiddisc_t numbering{open_numbers,   map_name,      refuse_number, keep_number,
                     name_of_number, close_numbers, registered};

}  // namespace

GraphPointer read_dot(std::string_view text) {
    std::string bytes(text);
    Agdisc_t discipline{&AgMemDisc, &numbering, &AgIoDisc};
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(fmemopen(bytes.data(), bytes.size(), "r"),
                                                               std::fclose);
    return GraphPointer(file == nullptr ? nullptr : agread(file.get(), &discipline));
}

}  // namespace headway

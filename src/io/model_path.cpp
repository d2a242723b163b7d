// SPDX-License-Identifier: Apache-2.0
#include "headway/io/model_path.hpp"

#include "headway/base/error.hpp"
#include "headway/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <system_error>
#include <vector>

namespace headway {

namespace {

namespace fs = std::filesystem;

bool exists(const fs::path& path) {
    std::error_code ignored;
    return fs::symlink_status(path, ignored).type() != fs::file_type::not_found;
}

// A model's name as people write it, taken apart.
struct Name {
    std::string repository;  // `org/name`, or `name`
    std::string revision;    // empty: main
};

bool is_word(std::string_view text) {
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c == '.';
    };
    return !text.empty() && text.front() != '.' && std::ranges::all_of(text, good);
}

// Whether it can be the name of a model: at most one slash, plain words.
bool is_name(const Name& name) {
    const std::size_t slash = name.repository.find('/');
    if (slash == std::string::npos) return is_word(name.repository);
    return is_word(name.repository.substr(0, slash)) && is_word(name.repository.substr(slash + 1));
}

Name parse_name(const std::string& where) {
    const std::size_t at = where.find('@');
    if (at == std::string::npos) return {where, {}};
    return {where.substr(0, at), where.substr(at + 1)};
}

constexpr std::string_view folder_prefix = "models--";

// The names of all models in the cache, sorted: `org/name`.
std::vector<std::string> cached(const fs::path& cache) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(cache, error), end; !error && entry != end; entry.increment(error)) {
        std::string folder = entry->path().filename().native();
        if (!folder.starts_with(folder_prefix)) continue;
        folder.erase(0, folder_prefix.size());
        if (const std::size_t dashes = folder.find("--"); dashes != std::string::npos)
            folder.replace(dashes, 2, "/");
        names.push_back(std::move(folder));
    }
    std::ranges::sort(names);
    return names;
}

fs::path folder_of(const fs::path& cache, std::string repository) {
    if (const std::size_t slash = repository.find('/'); slash != std::string::npos)
        repository.replace(slash, 1, "--");
    return cache / (std::string(folder_prefix) + repository);
}

// Those of the cache that the name can mean.
std::vector<std::string> meanings(const std::string& repository, const std::vector<std::string>& names) {
    std::vector<std::string> found;
    for (const std::string& name : names) {
        if (name == repository) return {name};
        const bool without_organisation =
            repository.find('/') == std::string::npos && name.ends_with("/" + repository);
        if (without_organisation) found.push_back(name);
    }
    return found;
}

// The commit that a file of refs/ holds; empty when there is none.
std::string commit_of(const fs::path& ref) {
    std::ifstream file(ref, std::ios::binary);
    std::string commit;
    file >> commit;
    return is_word(commit) ? commit : std::string();
}

std::vector<std::string> snapshots_of(const fs::path& folder) {
    std::vector<std::string> commits;
    std::error_code error;
    for (fs::directory_iterator entry(folder / "snapshots", error), end; !error && entry != end;
         entry.increment(error))
        commits.push_back(entry->path().filename().native());
    std::ranges::sort(commits);
    return commits;
}

// The snapshot of a revision: a branch or tag in refs/, or a commit; without one main, or the only snapshot.
fs::path find_snapshot(const fs::path& folder, const std::string& where, const std::string& revision) {
    const std::vector<std::string> commits = snapshots_of(folder);
    const bool plain = std::ranges::all_of(revision, [](char c) { return c != '/'; }) && revision != "..";
    const std::string commit = commit_of(folder / "refs" /
                                         (revision.empty() ? "main"
                                          : plain          ? revision
                                                           : "-"));
    std::vector<std::string> fitting;
    for (const std::string& each : commits) {
        if (each == commit || each == revision) return folder / "snapshots" / each;
        if (each.starts_with(revision)) fitting.push_back(each);
    }
    if (fitting.size() == 1) return folder / "snapshots" / fitting.front();
    throw Error(ErrorKind::Io,
                fmt::format("{}: the Hugging Face cache has {} of this model{}", escaped(where),
                            commits.empty()       ? "no files"
                            : commits.size() == 1 ? "one snapshot"
                                                  : fmt::format("{} snapshots", commits.size()),
                            revision.empty() ? ", none of them main"
                                             : fmt::format(", none of them {}", quote(revision))),
                "Headway downloads nothing: download it with hf download");
}

[[noreturn]] void throw_not_found(const std::string& where, const Name& name, const fs::path& cache,
                                  const std::vector<std::string>& names) {
    if (!is_name(name))
        throw Error(ErrorKind::Io, fmt::format("{}: there is no such file or folder", escaped(where)));
    std::string tried = "and no Hugging Face cache is known (HF_HOME)";
    if (!cache.empty())
        tried = fmt::format("and the Hugging Face cache {} has no model of that name", quote(cache.native()));
    const std::string near = nearest(name.repository, names);
    throw Error(ErrorKind::Io, fmt::format("{}: there is no such file or folder, {}", escaped(where), tried),
                near.empty() ? fmt::format("Headway downloads nothing: hf download {} puts it there",
                                           escaped(name.repository))
                             : fmt::format("did you mean {}?", near));
}

}  // namespace

fs::path hugging_face_cache() {
    struct Place {
        const char* variable;
        const char* below;
    };
    constexpr std::array<Place, 5> places{{{"HF_HUB_CACHE", ""},
                                           {"HUGGINGFACE_HUB_CACHE", ""},
                                           {"HF_HOME", "hub"},
                                           {"XDG_CACHE_HOME", "huggingface/hub"},
                                           {"HOME", ".cache/huggingface/hub"}}};
    for (const Place& place : places) {
        const char* value = std::getenv(place.variable);
        if (value == nullptr || *value == '\0') continue;
        return *place.below == '\0' ? fs::path(value) : fs::path(value) / place.below;
    }
    return {};
}

fs::path find_model(const std::string& where, const fs::path& cache) {
    if (where.starts_with("example:") || where.starts_with("random:") || exists(where)) return where;
    const Name name = parse_name(where);
    const std::vector<std::string> names = cache.empty() ? std::vector<std::string>() : cached(cache);
    const std::vector<std::string> found =
        is_name(name) ? meanings(name.repository, names) : std::vector<std::string>();
    if (found.empty()) throw_not_found(where, name, cache, names);
    if (found.size() > 1)
        throw Error(ErrorKind::Usage,
                    fmt::format("{} can be {} models of the Hugging Face cache", quote(where), found.size()),
                    fmt::format("say which: {}", fmt::join(found, ", ")));
    return find_snapshot(folder_of(cache, found.front()), where, name.revision);
}

std::string model_title(const std::string& where) {
    fs::path path = where;
    if (!path.has_filename()) path = path.parent_path();
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) return path.filename().string();
    const bool plain = path.filename().string().starts_with("model.safetensors") && path.has_parent_path();
    return (plain ? path.parent_path().filename() : path.stem()).string();
}

}  // namespace headway

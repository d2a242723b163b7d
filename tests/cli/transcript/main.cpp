// Runs a transcript, a text with commands and what they print, and fails where the commands say something else.
//
//   $ command       run by sh in an empty folder, with `headway` on the PATH; a final \ joins the next line
//   text            what stands next on stdout; a line [...] is any number of lines, [...] within a line is any text
//   ! text          what stands next on stderr; without such lines stderr is empty
//   ? 2             the exit code, when it is not 0
//
// Lines before the first command are comments. In a Markdown file the blocks marked ```console are the transcript.
// usage: transcript HEADWAY FILE FOLDER [GOLDENS]: the run leaves FOLDER/<name>.new where it differs; with GOLDENS, the
// .dot files and plots that the commands write are those in the folder GOLDENS, no more and no less.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

constexpr std::string_view any = "[...]";

/// A command and what it prints.
struct Step {
    std::string command;
    Lines out, err;
    int code = 0;
};

std::string contents(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(file), {}};
}

Lines lines_of(const std::string& text) {
    Lines lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    if (!text.empty() && text.back() != '\n') lines.emplace_back("\\ no newline at the end");
    return lines;
}

/// The lines of the blocks marked ```console.
Lines console_blocks(const Lines& markdown) {
    Lines inside;
    bool open = false;
    for (const std::string& line : markdown) {
        if (line.starts_with("```"))
            open = !open && line == "```console";
        else if (open)
            inside.push_back(line);
    }
    return inside;
}

std::vector<Step> parse(const Lines& lines) {
    std::vector<Step> steps;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::string& line = lines[i];
        if (line.starts_with("$ ")) {
            steps.push_back({line.substr(2), {}, {}, 0});
            for (; lines[i].ends_with('\\') && i + 1 < lines.size(); ++i)
                steps.back().command += "\n" + lines[i + 1];
        } else if (steps.empty()) {
            continue;
        } else if (line.starts_with("! ")) {
            steps.back().err.push_back(line.substr(2));
        } else if (line.starts_with("? ")) {
            steps.back().code = std::stoi(line.substr(2));
        } else {
            steps.back().out.push_back(line);
        }
    }
    for (Step& step : steps)  // blank lines between a step and the next command are for the reader
        while (!step.out.empty() && step.out.back().empty()) step.out.pop_back();
    return steps;
}

/// Whether `text` is `pattern`, where [...] in the pattern is any text.
bool matches(std::string_view pattern, std::string_view text) {
    const std::size_t at = pattern.find(any);
    if (at == std::string_view::npos) return pattern == text;
    if (!text.starts_with(pattern.substr(0, at))) return false;
    const std::string_view rest = pattern.substr(at + any.size());
    for (std::size_t skip = at; skip <= text.size(); ++skip)
        if (matches(rest, text.substr(skip))) return true;
    return false;
}

/// Whether the lines are those expected; a line [...] is any number of lines.
bool matches(const Lines& expected, const Lines& got, std::size_t e = 0, std::size_t g = 0) {
    for (; e < expected.size(); ++e, ++g) {
        if (expected[e] == any) {
            for (std::size_t next = g; next <= got.size(); ++next)
                if (matches(expected, got, e + 1, next)) return true;
            return false;
        }
        if (g == got.size() || !matches(expected[e], std::string_view(got[g]))) return false;
    }
    return g == got.size();
}

/// What the command really prints; lines that match what was expected keep its wildcards.
Step run(const Step& expected, const fs::path& work, const fs::path& output) {
    const std::string line = fmt::format("cd '{}' && (\n{}\n) >'{}.out' 2>'{}.err' </dev/null", work.string(),
                                         expected.command, output.string(), output.string());
    const int status = std::system(line.c_str());  // NOLINT: a transcript is ours
    Step got = {expected.command, lines_of(contents(output.string() + ".out")),
                lines_of(contents(output.string() + ".err")), WIFEXITED(status) ? WEXITSTATUS(status) : -1};
    while (!got.out.empty() && got.out.back().empty()) got.out.pop_back();
    if (matches(expected.out, got.out)) got.out = expected.out;
    if (matches(expected.err, got.err)) got.err = expected.err;
    return got;
}

std::string print(const std::vector<Step>& steps) {
    std::string text;
    for (const Step& step : steps) {
        text += "$ " + step.command + "\n";
        for (const std::string& line : step.out) text += line + "\n";
        for (const std::string& line : step.err) text += "! " + line + "\n";
        if (step.code != 0) text += fmt::format("? {}\n", step.code);
    }
    return text;
}

bool differ(const fs::path& expected, const fs::path& got) {
    const std::string line = fmt::format("diff -u '{}' '{}'", expected.string(), got.string());
    return std::system(line.c_str()) != 0;  // NOLINT: both files are ours
}

/// DOT text, and SVG text of our own writer; SVG of Graphviz depends on its version.
bool is_golden(const fs::path& file) {
    if (file.extension() == ".dot") return true;
    return file.extension() == ".svg" && contents(file).find("class=\"headway-plot\"") != std::string::npos;
}

/// Compares the goldens in two folders by name and text; says which differ. A plot that no command names is
/// of data that are not here.
bool same_pictures(const fs::path& goldens, const fs::path& made, const std::vector<Step>& steps) {
    bool same = true;
    const auto named = [&](const fs::path& file) {
        return file.extension() == ".dot" || std::any_of(steps.begin(), steps.end(), [&](const Step& step) {
                   return step.command.find(file.filename().string()) != std::string::npos;
               });
    };
    const auto check = [&](const fs::path& from, const fs::path& to, const char* what) {
        for (const auto& entry : fs::directory_iterator(from))
            if (is_golden(entry.path()) && named(entry.path()) && !fs::exists(to / entry.path().filename())) {
                fmt::print("{} {}\n", what, entry.path().filename().string());
                same = false;
            }
    };
    check(goldens, made, "no command writes");
    check(made, goldens, "not among the goldens:");
    for (const auto& entry : fs::directory_iterator(goldens))
        if (is_golden(entry.path()) && fs::exists(made / entry.path().filename()))
            same = !differ(entry.path(), made / entry.path().filename()) && same;
    return same;
}

int run_file(const fs::path& headway, const fs::path& file, const fs::path& folder, const char* goldens) {
    const fs::path work = folder / (file.stem().string() + ".work");
    const fs::path base = folder / file.stem();
    fs::remove_all(work);
    fs::create_directories(work);
    const char* path = std::getenv("PATH");
    setenv("PATH", (headway.parent_path().string() + ":" + (path ? path : "")).c_str(), 1);
    unsetenv("COLUMNS");

    const Lines lines = lines_of(contents(file));
    const std::vector<Step> expected = parse(file.extension() == ".md" ? console_blocks(lines) : lines);
    if (expected.empty()) {
        fmt::print("{}: no commands\n", file.string());
        return 1;
    }
    std::vector<Step> got;
    for (const Step& step : expected) got.push_back(run(step, work, base));
    std::ofstream(base.string() + ".expected") << print(expected);
    std::ofstream(base.string() + ".new") << print(got);
    bool good = !differ(base.string() + ".expected", base.string() + ".new");
    if (goldens) good = same_pictures(goldens, work, expected) && good;
    if (good) fs::remove(base.string() + ".new");
    return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc < 4) return 2;
    const fs::path folder = fs::absolute(argv[3]);
    fs::create_directories(folder);
    return run_file(fs::absolute(argv[1]), fs::absolute(argv[2]), folder, argc > 4 ? argv[4] : nullptr);
} catch (const std::exception& error) {
    fmt::print(stderr, "transcript: {}\n", error.what());
    return 2;
}

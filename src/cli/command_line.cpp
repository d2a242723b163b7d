// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.hpp"

#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "headway/base/error.hpp"
#include "headway/base/text.hpp"
#include "headway/base/version.hpp"
#include "headway/report/error_text.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <new>

namespace headway {

namespace {

constexpr int bug = 70;

// `--error-format json`, wherever it stands: also for calls that are wrong.
bool wants_json(const std::vector<std::string>& words) {
    for (std::size_t i = 0; i < words.size(); ++i)
        if (words[i] == "--error-format=json" ||
            (words[i] == "--error-format" && i + 1 < words.size() && words[i + 1] == "json"))
            return true;
    return false;
}

// Without memory for a message: the words that need none.
int end_without_memory() noexcept {
    constexpr std::string_view line = "headway: error[7]: out of memory\n";
    static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
    return static_cast<int>(ErrorKind::Limit);
}

int fail(const std::vector<std::string>& words, int code, const char* message, const char* hint = "") noexcept
    try {
    const Failure failure{code, code == bug ? fmt::format("internal error: {}", escaped(message)) : message,
                          hint};
    say(wants_json(words) ? to_json(failure) : to_text(failure));
    return failure.code;
} catch (const std::exception&) {
    return end_without_memory();
}

// A closed stdin, stdout or stderr would be the number of the next file opened. What stands there instead
// cannot be written, so that a result that goes nowhere is an error; stderr may go nowhere.
void fill_standard_descriptors() {
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(descriptor, F_GETFD) < 0)
            static_cast<void>(::open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY));
}

// OpenBLAS asks for memory for ever when there is less than about 0.4 GB of it.
void require_address_space() {
    constexpr rlim_t least = rlim_t{512} << 20;
    struct rlimit limit = {};
    const bool small =
        ::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < least;
    require(!small, ErrorKind::Limit, "the address space is limited to {}, but at least {} are needed",
            bytes_text(limit.rlim_cur), bytes_text(least));
}

const Verb& find_verb(const std::string& word) {
    std::vector<std::string> names;
    for (const Verb& verb : verbs()) {
        if (verb.name == word) return verb;
        names.emplace_back(verb.name);
    }
    const std::string near = nearest(word, names);
    const bool flag = word.starts_with('-');
    throw Error(ErrorKind::Usage,
                flag ? fmt::format("{} stands before the command", quote(word))
                     : fmt::format("there is no command {}", quote(word)),
                near.empty() ? "headway --help lists the commands" : fmt::format("did you mean {}?", near));
}

void require_positionals(const Verb& verb, const Arguments& arguments) {
    const std::size_t given = arguments.positionals().size();
    if (given >= verb.required && given <= verb.positionals.size()) return;
    const std::string message = given < verb.required
                                    ? fmt::format("{}: {} is missing", verb.name, verb.positionals[given])
                                    : fmt::format("{}: {} is one argument too many", verb.name,
                                                  quote(arguments.positionals()[verb.positionals.size()]));
    throw Error(ErrorKind::Usage, message, fmt::format("headway {} {}", verb.name, verb.usage));
}

bool asks(const std::vector<std::string>& words, std::string_view flag) {
    const auto end = std::find(words.begin(), words.end(), "--");
    return std::find(words.begin(), end, flag) != end;
}

std::string version_text() { return fmt::format("headway {}\n{}\n", version(), library_versions()); }

int dispatch(const std::vector<std::string>& words) {
    if (words.empty()) throw Error(ErrorKind::Usage, "no command", "headway --help lists them");
    const std::string& first = words.front();
    if (first == "--version") return print(version_text()), 0;
    if (first == "--help" || first == "-h") return print(help()), 0;
    if (first == "help" && words.size() == 1) return print(help()), 0;
    const Verb& verb = find_verb(first == "help" ? words[1] : first);
    if (first == "help" || asks(words, "--help")) return print(help(verb, true)), 0;
    if (asks(words, "-h")) return print(help(verb, false)), 0;
    if (asks(words, "--version")) return print(version_text()), 0;
    const Arguments arguments(verb, std::span(words).subspan(1));
    require_positionals(verb, arguments);
    const std::string errors = arguments.text("--error-format", "text");
    require(errors == "text" || errors == "json", ErrorKind::Usage,
            "--error-format: {} is neither text nor json", quote(errors));
    require_address_space();
    const ProgressLine line(std::string(verb.name), !arguments.has("--quiet"));
    return verb.run(arguments);
}

// Some destructors of libraries need memory themselves (nlohmann/json's): without any, an error on its way up ends here.
[[noreturn]] void on_terminate() {
    try {
        if (const std::exception_ptr error = std::current_exception()) std::rethrow_exception(error);
    } catch (const std::bad_alloc&) {
        std::_Exit(end_without_memory());
    } catch (...) {
    }
    std::abort();
}

}  // namespace

int command_line(const std::vector<std::string>& words) noexcept try {
    std::set_terminate(on_terminate);
    fill_standard_descriptors();
    install_interrupts();
    static_cast<void>(std::signal(SIGXFSZ, SIG_IGN));  // a file too large is an error of write
    return dispatch(words);
} catch (const Error& error) {
    return fail(words, static_cast<int>(error.kind()), error.what(), error.hint().c_str());
} catch (const std::bad_alloc&) {
    return fail(words, static_cast<int>(ErrorKind::Limit), "out of memory");
} catch (const std::exception& error) {
    return fail(words, bug, error.what(), "this is a bug of ours: please report it with the command");
}

int command_line(std::span<const char* const> words) noexcept try {
    return command_line(std::vector<std::string>(words.begin(), words.end()));
} catch (const std::exception&) {
    return end_without_memory();
}

}  // namespace headway

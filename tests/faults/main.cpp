// Runs a command again and again, each time with another call of the system failing (shim.cpp), or ended by a signal, and
// fails where it crashes or hangs, says nothing, leaves something behind, or harms the file that stood at its output.
// usage: faults HEADWAY SHIM FOLDER table|diagram|arrays|facts
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr std::string_view old_text = "what stood there before\n";

/// A command that writes one file.
struct Operation {
    Words words;
    std::string output;
    bool draws =
        false;  // a picture depends on fonts, which can fail to be read; pango ends a process without threads
};

Operation operation_named(const std::string& name) {
    static const std::map<std::string, Operation> all = {
        {"table", {{"compose", "model", "--kind", "k", "-o", "out.csv"}, "out.csv"}},
        {"facts", {{"inspect", "model", "-o", "out.json"}, "out.json"}},
        {"diagram", {{"diagram", "k-composition", "-o", "out.svg"}, "out.svg", true}},
        {"arrays", {{"run", "model", "--tokens", "0,5,17,5", "-o", "out.npz"}, "out.npz"}}};
    return all.at(name);
}

std::string contents(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// What a run came to.
struct Outcome {
    int code = -1;     // 128 + the signal that ended it
    bool hit = false;  // the fault was reached
    bool hung = false;
    std::string output, errors;
    Words left;  // files that were not there before
};

/// The folder in which the command runs, and what stands in it: a model, and the old output.
class Stage {
public:
    Stage(fs::path headway, fs::path shim, fs::path folder, Operation operation)
        : headway_(std::move(headway)),
          shim_(std::move(shim)),
          folder_(std::move(folder)),
          operation_(std::move(operation)) {
        fs::remove_all(folder_);
        fs::create_directories(folder_);
        if (finish(start({"convert", "example:attn-only-2l", "-o", "model"}, "", -1)).code != 0)
            throw std::runtime_error("no model to begin with");
    }

    const Operation& operation() const { return operation_; }

    /// With a fault; without one when the text is empty.
    Outcome run(const std::string& fault) {
        std::ofstream(folder_ / operation_.output) << old_text;
        int told[2] = {-1, -1};
        if (::pipe(told) != 0) throw std::runtime_error("no pipe");
        const pid_t child = start(operation_.words, fault, told[1]);
        ::close(told[1]);
        Outcome outcome = finish(child);
        char byte = 0;
        outcome.hit = ::read(told[0], &byte, 1) == 1;
        ::close(told[0]);
        return outcome;
    }

    /// Ended by a signal after some time.
    Outcome end(int signal, std::chrono::microseconds after) {
        std::ofstream(folder_ / operation_.output) << old_text;
        const pid_t child = start(operation_.words, "", -1);
        std::this_thread::sleep_for(after);
        ::kill(child, signal);
        Outcome outcome = finish(child);
        outcome.hit = true;
        return outcome;
    }

    void remove(const Words& files) {
        for (const std::string& file : files) fs::remove(folder_ / file);
    }

private:
    pid_t start(const Words& words, const std::string& fault, int told) {
        const pid_t child = ::fork();
        if (child < 0) throw std::runtime_error("no process");
        if (child > 0) return child;
        const int errors = ::open((folder_ / ".errors").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        const int nowhere = ::open("/dev/null", O_RDWR);
        if (::chdir(folder_.c_str()) != 0 || ::dup2(errors, 2) < 0 || ::dup2(nowhere, 1) < 0 ||
            ::dup2(nowhere, 0) < 0)
            ::_exit(99);
        if (!fault.empty()) {
            ::setenv("OPENBLAS_NUM_THREADS", "1", 1);  // it ends the process when it cannot have its threads
            ::setenv("LD_PRELOAD", shim_.c_str(), 1);
            ::setenv("HEADWAY_FAULT", fault.c_str(), 1);
            ::setenv("HEADWAY_FAULT_FD", std::to_string(told).c_str(), 1);
        }
        std::vector<char*> arguments{const_cast<char*>(headway_.c_str())};
        for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        ::execv(headway_.c_str(), arguments.data());
        ::_exit(99);
    }

    Outcome finish(pid_t child) {
        Outcome outcome;
        int status = 0;
        const auto begin = std::chrono::steady_clock::now();
        while (::waitpid(child, &status, WNOHANG) == 0) {
            std::this_thread::sleep_for(std::chrono::microseconds(200));
            if (outcome.hung || std::chrono::steady_clock::now() - begin < std::chrono::seconds(20)) continue;
            outcome.hung = true;
            ::kill(child, SIGKILL);
        }
        outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        outcome.errors = contents(folder_ / ".errors");
        outcome.output = contents(folder_ / operation_.output);
        for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
            const std::string name = entry.path().filename();
            if (name != "model" && name != ".errors" && name != operation_.output)
                outcome.left.push_back(name);
        }
        return outcome;
    }

    fs::path headway_, shim_, folder_;
    Operation operation_;
};

/// Judges the runs against one that nothing disturbed.
class Judge {
public:
    explicit Judge(Stage& stage) : stage_(stage), whole_(stage.run("").output) {}

    /// A run with a fault: done all the same, or one line and exit code 5 or 7.
    void fault(const std::string& fault, const Outcome& outcome) {
        ++runs_;
        const bool done = outcome.code == 0;
        const bool refused = outcome.code == 5 || outcome.code == 7;
        const bool one_line =
            std::ranges::count(outcome.errors, '\n') == 1 && outcome.errors.starts_with("headway: error[");
        if (outcome.hung)
            complain(fault, outcome, "hangs");
        else if (!done && !refused)
            complain(fault, outcome, "has no exit code of a fault");
        if (refused && !one_line) complain(fault, outcome, "does not say in one line what is wrong");
        if (!outcome.left.empty()) complain(fault, outcome, "leaves " + outcome.left.front());
        stage_.remove(outcome.left);
        if (done ? !is_whole(outcome.output) : outcome.output != old_text)
            complain(fault, outcome, "harms its output");
    }

    /// A run that a signal ended: the output is the old one or the new one, and nothing else is left (SIGKILL aside).
    void signal(int number, const Outcome& outcome) {
        ++runs_;
        const std::string what = fmt::format("signal {}", number);
        if (outcome.code != 0 && outcome.code != 128 + number)
            complain(what, outcome, "does not end by the signal");
        if (outcome.output != old_text && !is_whole(outcome.output))
            complain(what, outcome, "harms its output");
        if (number != SIGKILL && !outcome.left.empty())
            complain(what, outcome, "leaves " + outcome.left.front());
        stage_.remove(outcome.left);
    }

    int verdict() const {
        fmt::print("{} runs, {} complaints\n", runs_, complaints_);
        return complaints_ == 0 ? 0 : 1;
    }

private:
    bool is_whole(const std::string& output) const {
        return stage_.operation().draws ? output.starts_with("<?xml") && output.ends_with("</svg>\n")
                                        : output == whole_;
    }

    void complain(const std::string& what, const Outcome& outcome, const std::string& why) {
        ++complaints_;
        fmt::print("{}: {} (exit code {})\n{}", what, why, outcome.code, outcome.errors);
    }

    Stage& stage_;
    std::string whole_;
    int runs_ = 0, complaints_ = 0;
};

/// A call, how it fails, and how much further the next run goes: each K is tried while there are few, then every some.
struct Sweep {
    const char* call;
    int error;
    const char* always;
    double stride;
};

void sweep(Stage& stage, Judge& judge, const Sweep& sweep) {
    for (long k = 1;;) {
        const std::string fault = fmt::format("{}:{}:{}{}", sweep.call, k, sweep.error, sweep.always);
        const Outcome outcome = stage.run(fault);
        if (!outcome.hit) break;
        judge.fault(fault, outcome);
        k = std::max(k + 1, static_cast<long>(static_cast<double>(k) * sweep.stride));
    }
}

int run(const fs::path& headway, const fs::path& shim, const fs::path& folder, const std::string& name) {
    Stage stage(headway, shim, folder, operation_named(name));
    Judge judge(stage);
    for (const Sweep& each : {Sweep{"write", ENOSPC, "", 1.0},
                              {"write", ENOSPC, "+", 1.0},
                              {"write", EINTR, "", 1.0},
                              {"write", 0, "+", 1.0},
                              {"fsync", EIO, "", 1.0},
                              {"fsync", EINTR, "", 1.0},
                              {"rename", EIO, "", 1.0},
                              {"close", EIO, "", 1.2},
                              {"open", EMFILE, "", 1.2},
                              {"open", EINTR, "", 1.2},
                              {"read", EIO, "", 1.2},
                              {"pread", EIO, "", 1.2},
                              {"pread", 0, "+", 1.2},
                              {"pread", EINTR, "", 1.2},
                              {"thread", EAGAIN, "", 1.0},
                              {"new", ENOMEM, "", 1.2},
                              {"new", ENOMEM, "+", 1.5}})
        if (!stage.operation().draws || std::string_view(each.call) != "thread") sweep(stage, judge, each);
    for (int i = 0; i < 24; ++i)
        for (const int signal : {SIGKILL, SIGINT})
            judge.signal(signal, stage.end(signal, std::chrono::microseconds(500 * i + 37 * (i % 5))));
    return judge.verdict();
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 5) return 2;
    return run(fs::absolute(argv[1]), fs::absolute(argv[2]), fs::absolute(argv[3]), argv[4]);
} catch (const std::exception& error) {
    fmt::print(stderr, "faults: {}\n", error.what());
    return 2;
}

// SPDX-License-Identifier: Apache-2.0
#include "cli/interrupt.hpp"

#include <unistd.h>

#include <csignal>
#include <initializer_list>
#include <string_view>

namespace headway {

namespace {

// Of the process, as signals are.
volatile std::sig_atomic_t writing = 0;
volatile std::sig_atomic_t waiting = 0;
volatile std::sig_atomic_t line_stands = 0;
volatile std::sig_atomic_t ending = 0;

void end_by(int number) {
    ending = 1;
    constexpr std::string_view erase = "\r\x1b[K";
    if (line_stands != 0) static_cast<void>(!::write(STDERR_FILENO, erase.data(), erase.size()));
    static_cast<void>(std::signal(number, SIG_DFL));
    static_cast<void>(std::raise(number));
}

extern "C" void on_signal(int number) {
    if (writing != 0 && waiting == 0)
        waiting = number;
    else
        end_by(number);
}

}  // namespace

void install_interrupts() {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        // What was ignored stays so: a program started with nohup is not hung up.
        if (std::signal(number, SIG_IGN) != SIG_IGN) static_cast<void>(std::signal(number, on_signal));
    }
}

Whole::Whole() { writing = 1; }

Whole::~Whole() {
    writing = 0;
    if (waiting != 0) end_by(waiting);
}

bool interrupted() { return waiting != 0; }

bool set_line_on_terminal(bool stands) {
    line_stands = stands ? 1 : 0;
    return ending == 0;
}

}  // namespace headway

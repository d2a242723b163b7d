// SPDX-License-Identifier: Apache-2.0
#include "cli/interrupt.hpp"

#include <csignal>
#include <initializer_list>

namespace headway {

namespace {

// Of the process, as signals are.
volatile std::sig_atomic_t writing = 0;
volatile std::sig_atomic_t waiting = 0;

void end_by(int number) {
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

}  // namespace headway

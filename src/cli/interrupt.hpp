// Interrupts: a file that is being written is finished first, so that nothing half-made stays behind. A
// second signal ends at once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace headway {

/// SIGINT, SIGTERM and SIGHUP end the program with 128 + their number, but not in the middle of a `Whole`.
void install_interrupts();

/// While one lives, the first signal waits.
class Whole {
public:
    Whole();
    ~Whole();
    Whole(const Whole&) = delete;
    Whole& operator=(const Whole&) = delete;
};

/// Whether a signal waits: what can be given up half-way may be.
bool interrupted();

/// Says that a line of ours stands on the terminal, to be erased when a signal ends the program. False: it is
/// ending, and nothing more is to be drawn.
bool set_line_on_terminal(bool stands);

}  // namespace headway

// A line on the terminal while something takes more than a second: what, how much of it, how long it will
// take. Nothing where stderr is no terminal. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headway/base/progress.hpp"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace headway {

/// The counters of the running command; computations add to them.
Progress& command_progress();

/// While one lives, the line is drawn anew ten times a second.
class ProgressLine {
public:
    /// `what` begins the line. Without `show`, nothing is ever drawn.
    ProgressLine(std::string what, bool show);
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

private:
    void watch();

    std::string what_;
    std::mutex guard_;
    std::condition_variable ended_;
    bool end_ = false;
    std::thread watcher_;
};

/// Erases the line, when one stands there, before something else is printed.
void erase_progress();

/// `convert: 1.2 GiB of 2.4 GiB, [==========          ] 50 %, 12 s left`, at most `width` characters. What is
/// not known is left out.
std::string progress_text(const std::string& what, const Progress& progress, double seconds,
                          std::size_t width);

}  // namespace headway

// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.hpp"

#include "cli/interrupt.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace headway {

namespace {

using Clock = std::chrono::steady_clock;

std::mutex& drawing() {
    static std::mutex mutex;  // of the process, as the terminal is
    return mutex;
}
bool stands = false;

void write_line(const std::string& text) {
    static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
}

std::size_t terminal_width() {
    struct winsize size = {};
    const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    return known ? size.ws_col - std::size_t{1} : 79;
}

std::string time_text(double seconds) {
    const auto whole = static_cast<long>(std::ceil(seconds));
    if (whole < 60) return fmt::format("{} s", whole);
    if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
    return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
}

// One digit behind the point.
std::string rounded(std::uint64_t bytes) {
    const double mebibytes = static_cast<double>(bytes) / (1 << 20);
    return mebibytes < 1024 ? fmt::format("{:.1f} MiB", mebibytes)
                            : fmt::format("{:.1f} GiB", mebibytes / 1024);
}

std::string bar(double share) {
    constexpr std::size_t length = 20;
    const auto full = static_cast<std::size_t>(share * length);
    return fmt::format(" [{}{}]", std::string(full, '='), std::string(length - full, ' '));
}

// The part that is done, of work where there is any, else of bytes; below 0: not known.
double share_of(const Progress& progress) {
    const auto part = [](std::uint64_t done, std::uint64_t all) {
        return all == 0 ? -1.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(all));
    };
    const double work = part(progress.work, progress.all_work);
    return work >= 0 ? work : part(progress.bytes, progress.all_bytes);
}

}  // namespace

Progress& command_progress() {
    static Progress progress;
    return progress;
}

std::string progress_text(const std::string& what, const Progress& progress, double seconds,
                          std::size_t width) {
    std::string text = what + ":";
    const std::uint64_t bytes = progress.bytes, all_bytes = progress.all_bytes;
    if (all_bytes > 0)
        text += fmt::format(" {} of {},", rounded(bytes), rounded(all_bytes));
    else if (bytes > 0)
        text += fmt::format(" {} read,", rounded(bytes));
    const double share = share_of(progress);
    if (share >= 0) text += bar(share);
    if (share >= 0) text += fmt::format(" {:.0f} %,", std::floor(100 * share));
    if (share > 0.01)
        text += fmt::format(" {} left", time_text(seconds * (1 - share) / share));
    else
        text += fmt::format(" {} so far", time_text(seconds));
    return text.substr(0, width);
}

ProgressLine::ProgressLine(std::string what, bool show) : what_(std::move(what)) {
    if (show && ::isatty(STDERR_FILENO) == 1) watcher_ = std::thread([this] { watch(); });
}

ProgressLine::~ProgressLine() {
    {
        const std::lock_guard lock(guard_);
        end_ = true;
    }
    ended_.notify_all();
    if (watcher_.joinable()) watcher_.join();
    erase_progress();
}

void ProgressLine::watch() {
    using namespace std::chrono_literals;
    const Clock::time_point begin = Clock::now();
    std::unique_lock lock(guard_);
    if (ended_.wait_for(lock, 1s, [this] { return end_; })) return;
    do {
        const std::chrono::duration<double> passed = Clock::now() - begin;
        const std::string text = progress_text(what_, command_progress(), passed.count(), terminal_width());
        const std::lock_guard draw(drawing());
        stands = true;
        if (!set_line_on_terminal(true)) return;
        write_line("\r" + text + "\x1b[K");
    } while (!ended_.wait_for(lock, 100ms, [this] { return end_; }));
}

void erase_progress() {
    const std::lock_guard draw(drawing());
    if (!std::exchange(stands, false)) return;
    static_cast<void>(set_line_on_terminal(false));
    write_line("\r\x1b[K");
}

}  // namespace headway

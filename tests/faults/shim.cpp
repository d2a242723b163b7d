// Preloaded into a command, it makes one of the system's calls fail: HEADWAY_FAULT is `CALL:K:ERRNO`, the K-th time that CALL
// is called it fails with ERRNO, `CALL:K:ERRNO+` and every time after. ERRNO 0: read and write do one byte only. When it
// does so first, it says so on the descriptor HEADWAY_FAULT_FD.
// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

struct Fault {
    char call[16] = "";
    long at = 0;
    int error = 0;
    char always = 0;
    int told = -1;

    Fault() {
        const char* text = std::getenv("HEADWAY_FAULT");
        const char* descriptor = std::getenv("HEADWAY_FAULT_FD");
        if (text == nullptr || descriptor == nullptr) return;
        if (std::sscanf(text, "%15[a-z]:%ld:%d%c", call, &at, &error, &always) < 3) std::abort();
        told = std::atoi(descriptor);
    }
};

// Nothing fails before main: what libraries do when they are loaded no program can mend.
std::atomic<bool> in_main{false};
int (*real_main)(int, char**, char**) = nullptr;

int armed_main(int count, char** arguments, char** environment) {
    in_main = true;
    return real_main(count, arguments, environment);
}

// Whether this call of `name` is one that fails.
bool fails(const char* name) {
    static const Fault fault;
    static std::atomic<long> calls{0};
    if (!in_main || std::strcmp(name, fault.call) != 0) return false;
    const long now = ++calls;
    if (now < fault.at || (now > fault.at && fault.always != '+')) return false;
    if (now == fault.at) static_cast<void>(syscall(SYS_write, fault.told, "!", 1));
    errno = fault.error;
    return true;
}

template <class Function>
Function next(const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

// A read or write that fails, or that does one byte.
template <class Whole>
ssize_t fail_or_shorten(std::size_t size, Whole whole) {
    return errno != 0 ? -1 : whole(std::min<std::size_t>(size, 1));
}

}  // namespace

extern "C" {

int __libc_start_main(int (*main)(int, char**, char**), int count, char** arguments, void (*init)(),
                      void (*end)(), void (*loader_end)(), void* stack) {
    static const auto real = next<decltype(&__libc_start_main)>("__libc_start_main");
    real_main = main;
    return real(armed_main, count, arguments, init, end, loader_end, stack);
}

ssize_t write(int file, const void* bytes, size_t size) {
    const auto whole = [&](size_t some) { return syscall(SYS_write, file, bytes, some); };
    return file != STDERR_FILENO && fails("write") ? fail_or_shorten(size, whole) : whole(size);
}

ssize_t read(int file, void* bytes, size_t size) {
    const auto whole = [&](size_t some) { return syscall(SYS_read, file, bytes, some); };
    return fails("read") ? fail_or_shorten(size, whole) : whole(size);
}

ssize_t pread(int file, void* bytes, size_t size, off_t offset) {
    const auto whole = [&](size_t some) { return syscall(SYS_pread64, file, bytes, some, offset); };
    return fails("pread") ? fail_or_shorten(size, whole) : whole(size);
}

int open(const char* path, int flags, ...) {
    std::va_list rest;
    va_start(rest, flags);
    const int mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, int) : 0;
    va_end(rest);
    return fails("open") ? -1 : static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

int fsync(int file) { return fails("fsync") ? -1 : static_cast<int>(syscall(SYS_fsync, file)); }

int close(int file) {
    const int done = static_cast<int>(syscall(SYS_close, file));
    return fails("close") ? -1 : done;
}

int rename(const char* from, const char* to) {
    return fails("rename") ? -1 : static_cast<int>(syscall(SYS_rename, from, to));
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                   void* argument) noexcept {
    static const auto real = next<decltype(&pthread_create)>("pthread_create");
    return fails("thread") ? errno : real(thread, attributes, run, argument);
}

}  // extern "C"

// What C++ allocates with; C libraries that end the process when malloc fails are not ours to mend.
void* operator new(std::size_t size) {
    void* const memory = fails("new") ? nullptr : std::malloc(std::max<std::size_t>(size, 1));
    return memory != nullptr ? memory : throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

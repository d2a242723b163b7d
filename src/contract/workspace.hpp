// What an evaluation works with: its memory and its threads. There is no other state: two workspaces know
// nothing of each other.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "contract/arena.hpp"
#include "contract/parallel.hpp"
#include "headway/base/progress.hpp"

namespace headway {

struct WorkspaceOptions {
    int threads = 1;
    std::size_t max_memory = Arena::unlimited;  ///< bytes, for everything allocated through the workspace
    Progress* progress = nullptr;
};

/// Memory and threads of one evaluation. Arrays keep the memory alive, so they may outlive their workspace.
class Workspace {
public:
    explicit Workspace(const WorkspaceOptions& options = {});

    Arena& arena() { return *arena_; }
    const Arena& arena() const { return *arena_; }
    Threads& threads() { return threads_; }
    Progress* progress() const { return progress_; }

private:
    std::shared_ptr<Arena> arena_;
    Threads threads_;
    Progress* progress_;
};

}  // namespace headway

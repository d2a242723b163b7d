// SPDX-License-Identifier: Apache-2.0
#include "contract/workspace.hpp"

#include "contract/gemm.hpp"

namespace headway {

Workspace::Workspace(const WorkspaceOptions& options)
    : arena_(std::make_shared<Arena>(options.max_memory)),
      threads_(options.threads),
      progress_(options.progress) {
    use_one_blas_thread();
}

}  // namespace headway

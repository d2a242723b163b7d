// What a file is that is not what it should be, told from its first bytes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace headway {

struct FileSignature {
    std::string_view begins;  // with these bytes
    std::string_view what;    ///< "a Git LFS pointer"
    std::string_view hint;
};

/// The known kind of file that begins with `bytes`, or nullptr. Some 40 bytes are enough.
const FileSignature* signature_of(std::string_view bytes);

}  // namespace headway

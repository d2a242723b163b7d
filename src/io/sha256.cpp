// SPDX-License-Identifier: Apache-2.0
#include "headway/io/sha256.hpp"

#include "headway/base/error.hpp"
#include "io/input_file.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

namespace headway {
namespace {

/// The digest of bytes that come in pieces. The library context is its own: the environment and the system's openssl.cnf,
/// which can name code to load, are not read.
class Sha256 {
public:
    Sha256() {
        const bool ready =
            context_ && algorithm_ && EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) == 1;
        require_done(ready);
    }

    void add(std::span<const std::byte> bytes) {
        require_done(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
    }

    std::string hex() {
        std::array<unsigned char, 32> digest{};
        require_done(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
        std::string text;
        for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
        return text;
    }

private:
    // What it needs it takes from memory at the start: nothing else of it fails.
    static void require_done(bool done) {
        require(done, ErrorKind::Limit, "SHA-256 cannot be computed: libcrypto has no memory for it");
    }

    std::unique_ptr<OSSL_LIB_CTX, decltype(&OSSL_LIB_CTX_free)> library_{OSSL_LIB_CTX_new(),
                                                                         &OSSL_LIB_CTX_free};
    std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm_{
        EVP_MD_fetch(library_.get(), "SHA256", nullptr), &EVP_MD_free};
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

std::string hash_of(const std::filesystem::path& path, const FileState& noted) {
    constexpr std::uint64_t piece = std::uint64_t{1} << 20;
    const InputFile file(path);
    file.require_unchanged(noted);
    Sha256 digest;
    std::vector<std::byte> bytes;
    for (std::uint64_t at = 0; at < file.size(); at += bytes.size()) {
        bytes.resize(std::min(piece, file.size() - at));
        file.read(at, bytes);
        digest.add(bytes);
    }
    file.require_unchanged(noted);
    return digest.hex();
}

}  // namespace

std::string sha256(std::span<const std::byte> bytes) {
    Sha256 digest;
    digest.add(bytes);
    return digest.hex();
}

FileHash sha256_of(const std::filesystem::path& file) {
    return [file, noted = InputFile(file).state()] { return hash_of(file, noted); };
}

}  // namespace headway

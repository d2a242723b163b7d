# The third-party packages. One package, one room: CMakeLists.txt says which room sees which.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(xtensor REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
find_package(Boost 1.74 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(headway_blas REQUIRED IMPORTED_TARGET openblas)  # LAPACK is in it
pkg_check_modules(headway_graphviz REQUIRED IMPORTED_TARGET libgvc libcgraph libcdt)

add_library(headway_options INTERFACE)
target_compile_options(headway_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wno-restrict -Wno-maybe-uninitialized -Werror)

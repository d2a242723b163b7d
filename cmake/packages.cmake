# The third-party packages, each seen by one room only (house rule: one package, one room).
add_library(headway_json INTERFACE)
find_package(nlohmann_json 3.11 REQUIRED)
target_link_libraries(headway_json INTERFACE nlohmann_json::nlohmann_json)

add_library(headway_zlib INTERFACE)
find_package(ZLIB REQUIRED)
target_link_libraries(headway_zlib INTERFACE ZLIB::ZLIB)

add_library(headway_xtensor_blas INTERFACE)
find_package(xtensor REQUIRED)
find_package(xtensor-blas REQUIRED)
pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)
pkg_check_modules(LAPACK REQUIRED IMPORTED_TARGET lapack)
target_link_libraries(headway_xtensor_blas INTERFACE xtensor PkgConfig::OPENBLAS PkgConfig::LAPACK)

add_library(headway_boost INTERFACE)
find_package(Boost 1.74 REQUIRED)
target_link_libraries(headway_boost INTERFACE Boost::headers)

add_library(headway_graphviz INTERFACE)
pkg_check_modules(GRAPHVIZ REQUIRED IMPORTED_TARGET libgvc libcgraph libcdt)
target_link_libraries(headway_graphviz INTERFACE PkgConfig::GRAPHVIZ)

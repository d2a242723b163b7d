# What is built from the rooms: the library, the command, the examples and the benchmarks.
string(CONCAT libraries "fmt ${fmt_VERSION}, xtensor ${xtensor_VERSION}, OpenBLAS ${headway_blas_VERSION}, "
  "Graphviz ${headway_graphviz_libgvc_VERSION}, Boost ${Boost_VERSION_STRING}, nlohmann/json ${nlohmann_json_VERSION}, "
  "zlib ${ZLIB_VERSION_STRING}, OpenSSL ${OPENSSL_VERSION}, CLI11 ${CLI11_VERSION}")
set_source_files_properties("${PROJECT_SOURCE_DIR}/src/base/version.cpp" PROPERTIES
  COMPILE_DEFINITIONS "HEADWAY_VERSION=\"${PROJECT_VERSION}\";HEADWAY_LIBRARIES=\"${libraries}\"")

set(objects "")
foreach(room ${headway_rooms})
  if(NOT room STREQUAL "cli")
    list(APPEND objects $<TARGET_OBJECTS:${room}_room>)
  endif()
endforeach()
add_library(headway STATIC ${objects})
add_library(headway::headway ALIAS headway)
target_compile_features(headway PUBLIC cxx_std_20)
target_include_directories(headway PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                          $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(headway
  PUBLIC fmt::fmt xtensor Threads::Threads
  PRIVATE OpenSSL::Crypto ZLIB::ZLIB PkgConfig::headway_blas PkgConfig::headway_graphviz)
set_target_properties(headway PROPERTIES LINKER_LANGUAGE CXX)

if(EXISTS "${PROJECT_SOURCE_DIR}/src/cli/main.cpp")
  add_executable(headway_cli "${PROJECT_SOURCE_DIR}/src/cli/main.cpp")
  set_target_properties(headway_cli PROPERTIES OUTPUT_NAME headway)
  target_include_directories(headway_cli PRIVATE "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(headway_cli PRIVATE headway_options headway::headway)
  if(TARGET cli_room)
    target_link_libraries(headway_cli PRIVATE cli_room)
  endif()
endif()

# Every examples/<name>.cpp is a whole program of a user: it sees the library and nothing else.
file(GLOB examples CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/*.cpp")
foreach(source ${examples})
  cmake_path(GET source STEM name)
  add_executable(example_${name} ${source})
  target_link_libraries(example_${name} PRIVATE headway_options headway::headway)
  set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY examples)
endforeach()

if(HEADWAY_BENCH)
  find_package(benchmark REQUIRED)
  file(GLOB benches CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bench/*.cpp")
  foreach(source ${benches})
    cmake_path(GET source STEM name)
    add_executable(bench_${name} ${source})
    target_include_directories(bench_${name} PRIVATE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/bench")
    target_link_libraries(bench_${name} PRIVATE
      headway_options headway::headway PkgConfig::headway_blas benchmark::benchmark)
  endforeach()
endif()

# Installs the build into an empty folder, builds the project beside this file against it, and runs that.
# cmake -DBUILD=... -DCOMPILER=... -DFLAGS=... -DVERSION=... -P run.cmake
set(prefix "${BUILD}/install-test/prefix")
set(outside "${BUILD}/install-test/outside")
file(REMOVE_RECURSE "${BUILD}/install-test")

function(run)
  execute_process(COMMAND ${ARGV} OUTPUT_VARIABLE out ERROR_VARIABLE out RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}\n${out}\nexit ${status}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${prefix}")
run("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}" -B "${outside}" -G Ninja
    "-DCMAKE_PREFIX_PATH=${prefix}" "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_FLAGS=${FLAGS}")
run("${CMAKE_COMMAND}" --build "${outside}")
run("${outside}/outside")
if(NOT out STREQUAL "headway ${VERSION}: 2 layers, a picture\n")
  message(FATAL_ERROR "the outside project printed: ${out}")
endif()

# Nothing private is installed.
file(GLOB_RECURSE headers RELATIVE "${prefix}/include" "${prefix}/include/*")
list(FILTER headers EXCLUDE REGEX "^headway/[a-z0-9_/]+\\.hpp$")
if(headers)
  message(FATAL_ERROR "not a header of the library: ${headers}")
endif()

# Tests: tests/<room>/*_test.cpp is the executable <room>_tests, linked with that room and the rooms under it.
# A test suite whose name ends in Long carries the label `long`, one with Conformance in it `conformance` (other people's
# numbers); every other test the label of its room.
find_package(GTest REQUIRED)
include(GoogleTest)

# Plain loops that would take minutes without optimisation; headers are precompiled without.
set_source_files_properties("${PROJECT_SOURCE_DIR}/tests/contract/naive_test.cpp" PROPERTIES
  COMPILE_OPTIONS -O1 SKIP_PRECOMPILE_HEADERS ON)

# What is tested is optimised; the tests themselves compile fast. The sanitizers' build looks for undefined behaviour in
# what is tested; the tests compile in two thirds of the time without.
function(headway_test_options target)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/tests"
                                               "${PROJECT_SOURCE_DIR}/src")
  target_compile_definitions(${target} PRIVATE HEADWAY_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                               HEADWAY_SHARED_DIR="${HEADWAY_SHARED}")
  target_compile_options(${target} PRIVATE $<IF:$<CONFIG:Release>,-O1,-O0> -fno-sanitize=undefined)
  if(HEADWAY_UNITY)  # g++ 12 misreads std::string behind a precompiled header; without one it warns as everywhere
    target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-stringop-overflow)
  endif()
  target_link_libraries(${target} PRIVATE headway_options GTest::gtest GTest::gmock GTest::gtest_main)
endfunction()

# What every test reads is read once.
if(HEADWAY_UNITY)
  file(WRITE "${PROJECT_BINARY_DIR}/test_headers.cpp" "")
  add_library(test_headers OBJECT "${PROJECT_BINARY_DIR}/test_headers.cpp")
  headway_test_options(test_headers)
  target_precompile_headers(test_headers PRIVATE <gmock/gmock.h>)
endif()

function(headway_test_executable target)
  add_executable(${target} ${ARGN})
  headway_test_options(${target})
  if(HEADWAY_UNITY)
    target_precompile_headers(${target} REUSE_FROM test_headers)
  endif()
endfunction()

headway_test_executable(floors_tests "${PROJECT_SOURCE_DIR}/tests/floors_test.cpp")
gtest_discover_tests(floors_tests DISCOVERY_MODE PRE_TEST PROPERTIES LABELS house)

foreach(room ${headway_rooms})
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/${room}/*_test.cpp")
  if(sources)
    headway_test_executable(${room}_tests ${sources})
    headway_link(${room}_tests ${room})
    gtest_discover_tests(${room}_tests TEST_FILTER "-*Long.*:*Conformance*" TEST_LIST ${room}_short
                         DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120 PROPERTIES LABELS ${room})
    gtest_discover_tests(${room}_tests TEST_FILTER "*Conformance*" TEST_LIST ${room}_conformance
                         DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120 PROPERTIES LABELS conformance)
    gtest_discover_tests(${room}_tests TEST_FILTER "*Long.*" TEST_LIST ${room}_long DISCOVERY_MODE PRE_TEST
                         DISCOVERY_TIMEOUT 120 PROPERTIES LABELS long)
  endif()
endforeach()

# A real language model, where one is given: scripts/smollm2.sh.
set(HEADWAY_SMOLLM2 "" CACHE FILEPATH "SmolLM2-135M-Instruct as GGUF; its tests are built only with it")
if(HEADWAY_SMOLLM2)
  headway_test_executable(smollm2_tests "${PROJECT_SOURCE_DIR}/tests/real_model/smollm2_test.cpp")
  target_compile_definitions(smollm2_tests PRIVATE HEADWAY_SMOLLM2="${HEADWAY_SMOLLM2}")
  headway_link(smollm2_tests measure)
  gtest_discover_tests(smollm2_tests DISCOVERY_MODE PRE_TEST PROPERTIES LABELS smollm2)
endif()

foreach(source ${examples})
  cmake_path(GET source STEM name)
  add_test(NAME example.${name} COMMAND example_${name} WORKING_DIRECTORY "${PROJECT_BINARY_DIR}/examples")
  set_tests_properties(example.${name} PROPERTIES LABELS house)
endforeach()

add_test(NAME install COMMAND "${CMAKE_COMMAND}"
  -DBUILD=${PROJECT_BINARY_DIR} -DCOMPILER=${CMAKE_CXX_COMPILER} "-DFLAGS=${CMAKE_CXX_FLAGS}"
  -DVERSION=${PROJECT_VERSION} -P "${PROJECT_SOURCE_DIR}/tests/install/run.cmake")
set_tests_properties(install PROPERTIES LABELS house)

# Transcripts: a text file with commands and what they print; the README's and the gallery's commands are among them.
add_executable(transcript "${PROJECT_SOURCE_DIR}/tests/cli/transcript/main.cpp")
target_link_libraries(transcript PRIVATE headway_options fmt::fmt)

function(headway_transcript file headway)
  cmake_path(GET file STEM name)
  add_test(NAME transcript.${name} COMMAND transcript "${headway}" "${file}" "${PROJECT_BINARY_DIR}/transcripts")
  set_tests_properties(transcript.${name} PROPERTIES LABELS cli)
endfunction()

set(self "${PROJECT_SOURCE_DIR}/tests/cli/transcript")
headway_transcript("${self}/holds.txt" headway)
headway_transcript("${self}/breaks.txt" headway)
set_tests_properties(transcript.breaks PROPERTIES PASS_REGULAR_EXPRESSION
  "-wanted\n[+]got\n.*\n[+]! unexpected\n.*\n[+][?] 4\n.*\n[+]\\\\ no newline at the end\n")
if(TARGET headway_cli)
  file(GLOB transcripts CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/cli/transcripts/*.txt")
  foreach(file ${transcripts} "${PROJECT_SOURCE_DIR}/README.md")
    headway_transcript("${file}" $<TARGET_FILE:headway_cli>)
  endforeach()
endif()

# Faults: every call of the system that a command makes fails once. The sanitizers have a preloaded library of their own.
if(TARGET headway_cli AND NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
  add_library(fault_shim MODULE "${PROJECT_SOURCE_DIR}/tests/faults/shim.cpp")
  target_link_libraries(fault_shim PRIVATE headway_options ${CMAKE_DL_LIBS})
  add_executable(faults "${PROJECT_SOURCE_DIR}/tests/faults/main.cpp")
  target_link_libraries(faults PRIVATE headway_options fmt::fmt)
  foreach(operation table facts diagram arrays)
    add_test(NAME faults.${operation} COMMAND faults $<TARGET_FILE:headway_cli> $<TARGET_FILE:fault_shim>
      "${PROJECT_BINARY_DIR}/fault-runs/${operation}" ${operation})
    set_tests_properties(faults.${operation} PROPERTIES LABELS cli)
  endforeach()
endif()

# The gallery: diagrams/README.md shows the command of every picture in it. The target `diagrams` makes them anew; the test
# makes them elsewhere and compares the DOT.
if(TARGET headway_cli AND EXISTS "${PROJECT_SOURCE_DIR}/diagrams/README.md")
  add_test(NAME transcript.diagrams COMMAND transcript $<TARGET_FILE:headway_cli>
    "${PROJECT_SOURCE_DIR}/diagrams/README.md" "${PROJECT_BINARY_DIR}/diagrams" "${PROJECT_SOURCE_DIR}/diagrams")
  set_tests_properties(transcript.diagrams PROPERTIES LABELS cli)
  add_custom_target(diagrams COMMAND "${PROJECT_SOURCE_DIR}/scripts/diagrams.sh" $<TARGET_FILE:headway_cli> VERBATIM)
endif()

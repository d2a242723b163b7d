# A room: every .cpp in src/<room>/ and its folders is compiled once, into the object library <room>_room.
# BELOW: the rooms just below it; PACKAGES: the third-party targets that it may include; OPTIMISE: its level in a release.
set(headway_rooms "")

# Builds that are made once and thrown away (CI's debug and sanitizer stages) read the headers once for many sources of a
# room: that halves their time. A name in an anonymous namespace is then its file's alone in the room, or the file is set
# apart. The release build goes file by file, so every file includes what it uses.
option(HEADWAY_UNITY "compile many sources of a room as one" OFF)

# Sources whose names others of their room have as well: they are compiled by themselves.
function(headway_apart room)
  list(TRANSFORM ARGN PREPEND "${PROJECT_SOURCE_DIR}/src/${room}/")
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

function(headway_room room)
  cmake_parse_arguments(arg "" "OPTIMISE" "BELOW;PACKAGES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${room}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(NOT sources)
    return()
  endif()
  set(below ${room})
  foreach(other ${arg_BELOW})
    list(APPEND below ${headway_below_${other}})
  endforeach()
  list(REMOVE_DUPLICATES below)
  add_library(${room}_room OBJECT ${sources})
  target_include_directories(${room}_room PUBLIC "${PROJECT_SOURCE_DIR}/include"
                                          PRIVATE "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(${room}_room PRIVATE headway_options PUBLIC fmt::fmt Threads::Threads ${arg_PACKAGES})
  if(arg_OPTIMISE)
    target_compile_options(${room}_room PRIVATE $<$<CONFIG:Release>:${arg_OPTIMISE}>)
  endif()
  set_target_properties(${room}_room PROPERTIES POSITION_INDEPENDENT_CODE ON)
  if(HEADWAY_UNITY)
    set_target_properties(${room}_room PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
    # A local name is no shadow of a constant of another file, nor a file's own type one of a header: the release build,
    # file by file, looks for those.
    set(ignored "#pragma GCC diagnostic ignored \"-Wshadow\"\n#pragma GCC diagnostic ignored \"-Wsubobject-linkage\"")
    set_target_properties(${room}_room PROPERTIES UNITY_BUILD_CODE_BEFORE_INCLUDE "${ignored}")
  endif()
  set(headway_below_${room} ${below} PARENT_SCOPE)  # the room itself and every room under it
  set(headway_rooms ${headway_rooms} ${room} PARENT_SCOPE)
endfunction()

# Links the objects of a room and of every room under it.
function(headway_link target room)
  list(TRANSFORM headway_below_${room} APPEND _room OUTPUT_VARIABLE objects)
  target_link_libraries(${target} PRIVATE headway_options ${objects})
endfunction()

# The list of architectures: every src/model/architectures/<name>.cpp defines `const Architecture <name>`.
function(headway_architectures)
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/model/architectures/*.cpp")
  set_source_files_properties(${sources} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)  # all of them name the same things
  set(declared "")
  set(listed "")
  foreach(source ${sources})
    cmake_path(GET source STEM name)
    string(APPEND declared "extern const Architecture ${name};\n")
    string(APPEND listed "    &architectures::${name},\n")
  endforeach()
  configure_file("${PROJECT_SOURCE_DIR}/src/model/all_architectures.cpp.in" all_architectures.cpp @ONLY)
  target_sources(model_room PRIVATE "${PROJECT_BINARY_DIR}/all_architectures.cpp")
endfunction()

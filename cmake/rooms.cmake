# A room: every .cpp in src/<room>/ and its folders is compiled once, into the object library <room>_room.
# BELOW: the rooms just below it; PACKAGES: the third-party targets that it may include; OPTIMISE: its level in a release;
# FILE_BY_FILE: its sources' packages do not go together.
set(headway_rooms "")

# Compile many sources of a room as one: the headers, which are most of the work, are read once for all of them. A name in
# an anonymous namespace is its file's alone in the room. To work on the code turn it off (preset debug does): then a change
# compiles one file, and a file that includes too little is found.
option(HEADWAY_UNITY "compile many sources of a room as one" ON)

function(headway_room room)
  cmake_parse_arguments(arg "FILE_BY_FILE" "OPTIMISE" "BELOW;PACKAGES" ${ARGN})
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
  if(HEADWAY_UNITY AND NOT arg_FILE_BY_FILE)
    set_target_properties(${room}_room PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
    # A local name is no shadow of a constant of another file, nor a file's own type one of a header: the debug build,
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

# The list of architectures: every src/model/architectures/<name>.cpp defines
# `const Architecture architectures::<name>::architecture`.
function(headway_architectures)
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/model/architectures/*.cpp")
  set(declared "")
  set(listed "")
  foreach(source ${sources})
    cmake_path(GET source STEM name)
    string(APPEND declared "namespace ${name} {\nextern const Architecture architecture;\n}\n")
    string(APPEND listed "    &architectures::${name}::architecture,\n")
  endforeach()
  configure_file("${PROJECT_SOURCE_DIR}/src/model/all_architectures.cpp.in" all_architectures.cpp @ONLY)
  target_sources(model_room PRIVATE "${PROJECT_BINARY_DIR}/all_architectures.cpp")
endfunction()

# A room: every src/<room>/*.cpp is compiled once, into the object library <room>_room.
# BELOW: the rooms just below it; PACKAGES: the third-party targets that it may include; OPTIMISE: its level in a release.
set(headway_rooms "")
function(headway_room room)
  cmake_parse_arguments(arg "" "OPTIMISE" "BELOW;PACKAGES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${room}/*.cpp")
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
  set(headway_below_${room} ${below} PARENT_SCOPE)  # the room itself and every room under it
  set(headway_rooms ${headway_rooms} ${room} PARENT_SCOPE)
endfunction()

# Links the objects of a room and of every room under it.
function(headway_link target room)
  list(TRANSFORM headway_below_${room} APPEND _room OUTPUT_VARIABLE objects)
  target_link_libraries(${target} PRIVATE headway_options ${objects})
endfunction()

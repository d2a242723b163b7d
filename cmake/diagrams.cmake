# The gallery: `cmake --build <build> --target diagrams` draws every diagram that `headway diagram --list` names, as DOT and SVG.
# Run as a script with -DHEADWAY=<command> -DFOLDER=<folder> it does the drawing.
if(CMAKE_SCRIPT_MODE_FILE)
  execute_process(COMMAND "${HEADWAY}" diagram --list OUTPUT_VARIABLE names COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" names "${names}")
  foreach(name ${names})
    foreach(format dot svg)
      execute_process(COMMAND "${HEADWAY}" diagram "${name}" -o "${FOLDER}/${name}.${format}" COMMAND_ERROR_IS_FATAL ANY)
    endforeach()
  endforeach()
elseif(TARGET headway_cli)
  add_custom_target(diagrams
    COMMAND "${CMAKE_COMMAND}" -DHEADWAY=$<TARGET_FILE:headway_cli> "-DFOLDER=${PROJECT_SOURCE_DIR}/diagrams"
            -P "${PROJECT_SOURCE_DIR}/cmake/diagrams.cmake"
    DEPENDS headway_cli COMMENT "Drawing the gallery" VERBATIM)
endif()

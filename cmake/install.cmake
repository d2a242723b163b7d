# find_package(headway) gives headway::headway; tests/install tries it from outside.
include(CMakePackageConfigHelpers)
set(package "${CMAKE_INSTALL_LIBDIR}/cmake/headway")

install(TARGETS headway EXPORT headway ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.hpp")
if(TARGET headway_cli)
  install(TARGETS headway_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  # The manual page and the completions are what the program prints.
  foreach(page "man man/man1/headway.1" "bash bash-completion/completions/headway" "zsh zsh/site-functions/_headway"
               "fish fish/vendor_completions.d/headway.fish")
    separate_arguments(page)
    list(GET page 0 form)
    list(GET page 1 file)
    set(file "\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/${file}")
    install(CODE "get_filename_component(folder \"${file}\" DIRECTORY)
      file(MAKE_DIRECTORY \"\${folder}\")
      execute_process(COMMAND \"$<TARGET_FILE:headway_cli>\" completion ${form} OUTPUT_FILE \"${file}\" COMMAND_ERROR_IS_FATAL ANY)")
  endforeach()
endif()

install(EXPORT headway NAMESPACE headway:: FILE headway-targets.cmake DESTINATION ${package})
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/headway-config.cmake.in" headway-config.cmake
                              INSTALL_DESTINATION ${package})
write_basic_package_version_file(headway-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/headway-config.cmake" "${PROJECT_BINARY_DIR}/headway-config-version.cmake"
        DESTINATION ${package})
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION ${CMAKE_INSTALL_DOCDIR})

# `cmake --install DIR --prefix PREFIX`: the public headers, the library and its CMake package
# (find_package(fencepost), fencepost::fencepost), and the program. Components: library, program.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/fencepost)
set_target_properties(fencepost_library PROPERTIES EXPORT_NAME fencepost)
target_compile_features(fencepost_library INTERFACE cxx_std_20)
target_include_directories(fencepost_library INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
add_library(fencepost::fencepost ALIAS fencepost_library)

install(TARGETS fencepost_base fencepost_core fencepost_store fencepost_engine fencepost_library
  EXPORT fencepost ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/fencepost DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)
install(EXPORT fencepost NAMESPACE fencepost:: FILE fencepost-targets.cmake DESTINATION ${package} COMPONENT library)
configure_package_config_file(cmake/fencepost-config.cmake.in ${PROJECT_BINARY_DIR}/fencepost-config.cmake
  INSTALL_DESTINATION ${package})
# Until 1.0 a minor version may change what a program sees.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/fencepost-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/fencepost-config.cmake ${PROJECT_BINARY_DIR}/fencepost-config-version.cmake
  DESTINATION ${package} COMPONENT library)
install(TARGETS fencepost RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)

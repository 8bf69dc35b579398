# The three shapes of a folder: a library, its tests, and the SQL that becomes constants.

# fencepost_library(NAME SOURCES... DEPS...): one static library a folder; includes are "folder/file.hpp" from src/.
function(fencepost_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;SQL" ${ARGN})
  add_library(fencepost_${name} STATIC ${ARG_SOURCES})
  target_include_directories(fencepost_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
  target_link_libraries(fencepost_${name} PUBLIC ${ARG_DEPS})
  if(ARG_SQL)
    fencepost_sql(${name} ${ARG_SQL})
    add_dependencies(fencepost_${name} fencepost_${name}_sql)
    target_include_directories(fencepost_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/generated>)
  endif()
endfunction()

# fencepost_test(NAME SOURCES... DEPS... [LABELS...]): a GoogleTest binary, registered with CTest under its name.
function(fencepost_test name)
  if(NOT FENCEPOST_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LABELS;ARGS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name} ${ARG_ARGS})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 900)
endfunction()

# fencepost_sql(NAME DIR): turns DIR/*.sql, DIR/sqlite/*.sql and DIR/postgres/*.sql into generated/NAME/sql.hpp,
# and fails when the two dialects do not have the same names.
function(fencepost_sql name dir)
  set(out ${PROJECT_BINARY_DIR}/generated/${name}/sql.hpp)
  file(GLOB_RECURSE inputs CONFIGURE_DEPENDS ${dir}/*.sql)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_custom_command(OUTPUT ${out}
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/cmake/sql.py ${name} ${dir} ${out}
    DEPENDS ${inputs} ${PROJECT_SOURCE_DIR}/cmake/sql.py COMMENT "SQL of ${name}")
  add_custom_target(fencepost_${name}_sql DEPENDS ${out})
endfunction()

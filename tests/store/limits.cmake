# Limits, bulk acts, retention and throughput.
foreach(part limits acts retention throughput counts groups_cost)
  fencepost_test(store_${part}_test
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/${part}_test.cpp ${CMAKE_CURRENT_LIST_DIR}/fixture.cpp
    DEPS fencepost_store_testing LABELS concurrency)
  target_include_directories(store_${part}_test PRIVATE ${CMAKE_CURRENT_LIST_DIR})
endforeach()

# What the store keeps beside the protocol: budgets, schedules, identity, verify, workers; and SQLite's writers.
foreach(part budget schedules identity verify workers turns)
  fencepost_test(store_${part}_test
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/${part}_test.cpp ${CMAKE_CURRENT_LIST_DIR}/fixture.cpp
    DEPS fencepost_store_testing rapidcheck_gtest LABELS concurrency)
  target_include_directories(store_${part}_test PRIVATE ${CMAKE_CURRENT_LIST_DIR})
endforeach()

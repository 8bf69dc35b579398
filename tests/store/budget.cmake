# What the store keeps beside the protocol: budgets and seats, schedules, identity, verify, workers; and SQLite's writers.
set(budget_parts seats_test.cpp budget_model_test.cpp)
foreach(part budget schedules identity verify workers turns)
  fencepost_test(store_${part}_test
    SOURCES ${CMAKE_CURRENT_LIST_DIR}/${part}_test.cpp ${CMAKE_CURRENT_LIST_DIR}/fixture.cpp ${${part}_parts}
    DEPS fencepost_store_testing rapidcheck_gtest LABELS concurrency)
  target_include_directories(store_${part}_test PRIVATE ${CMAKE_CURRENT_LIST_DIR})
endforeach()

# Adoption, doctor and the rows that a loop hands out.
fencepost_test(store_adopt_test SOURCES fixture.cpp adopt_test.cpp adopt_refusal_test.cpp doctor_test.cpp
  DEPS fencepost_store_testing LABELS unit)
target_include_directories(store_adopt_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})

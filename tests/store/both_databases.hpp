#pragma once
// Tests that run on both databases, each with a world of its own.

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "fixture.hpp"

namespace fencepost::store::testing {

class BothDatabases : public ::testing::TestWithParam<Dialect> {
 protected:
  bool postgres() const { return GetParam() == Dialect::postgres; }
};

inline std::string param_name(const ::testing::TestParamInfo<Dialect>& info) {
  return dialect_name(info.param);
}

// One transaction around `work`; its result is committed.
template <typename Work>
auto in_transaction(Connection& connection, Work&& work) {
  Transaction transaction(connection);
  auto result = work(connection);
  transaction.commit();
  return result;
}

}  // namespace fencepost::store::testing

#define ON_BOTH_DATABASES(suite)                                                                     \
  INSTANTIATE_TEST_SUITE_P(                                                                          \
      Store, suite,                                                                                  \
      ::testing::Values(::fencepost::store::Dialect::sqlite, ::fencepost::store::Dialect::postgres), \
      ::fencepost::store::testing::param_name)

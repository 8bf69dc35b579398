#pragma once
// Two who want the same unique name at once. Inside accounts/ only.

#include "base/error.hpp"

namespace fencepost::accounts {

// The name was free when it was looked for, and somebody took it before the write: the act begins again, and
// then finds it taken.
template <typename Write>
auto unless_unique_race(Write&& write) {
  try {
    return write();
  } catch (const base::InfraError& error) {
    constexpr const char* kUniqueViolation = "23505";
    if (error.sqlstate() != kUniqueViolation) throw;
    throw base::InfraError(error.what(), {.retryable = true}, error.sqlstate());
  }
}

}  // namespace fencepost::accounts

#pragma once
// The three kinds of error: an outcome is a value of its own type, infrastructure is an InfraError,
// bad input is a UserError, and a bug is an assertion (FENCEPOST_ASSERT).

#include "fencepost/error.hpp"

namespace fencepost::base {

using fencepost::InfraError;
using fencepost::UserError;

// Prints the place and the broken belief, then aborts: a process that has met a bug must not write further.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace fencepost::base

#define FENCEPOST_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::fencepost::base::assertion_failed(#condition, __FILE__, __LINE__))

#include "base/error.hpp"

#include <cstdio>
#include <cstdlib>

namespace fencepost::base {

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "fencepost: bug: %s does not hold at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace fencepost::base

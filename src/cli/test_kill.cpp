#include "cli/test_kill.hpp"

#ifdef FENCEPOST_TESTPOINTS

#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/testpoint.hpp"

namespace fencepost::cli {

void arm_test_kill() {
  const char* wish = std::getenv("FENCEPOST_KILL_AT");
  if (wish == nullptr || *wish == '\0') return;
  const std::string text = wish;
  const auto colon = text.find(':');
  const auto left = std::make_shared<std::atomic<int>>(
      colon == std::string::npos ? 1 : std::atoi(text.c_str() + colon + 1));
  base::on_testpoint([name = text.substr(0, colon), left](std::string_view passed) {
    if (passed == name && --*left == 0) ::raise(SIGKILL);
  });
}

}  // namespace fencepost::cli

#endif

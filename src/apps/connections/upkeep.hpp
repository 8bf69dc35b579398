#pragma once
// One thread a process that looks after credentials: see accounts::FreshCredentials::upkeep.

#include <thread>

#include "accounts/fresh_credentials.hpp"

namespace fencepost::connections {

// Looks at once, and then every 15 s. Its end waits for a refresh that is under way (30 s at most): an answer
// that is cut is a token that is lost.
class Upkeep {
 public:
  // Outlived by the credentials.
  explicit Upkeep(accounts::FreshCredentials& credentials);

 private:
  std::jthread thread_;
};

}  // namespace fencepost::connections

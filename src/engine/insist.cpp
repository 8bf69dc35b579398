#include <algorithm>

#include "base/log.hpp"
#include "base/random.hpp"
#include "engine/context.hpp"

namespace fencepost::engine {

bool worth_repeating(const base::InfraError& error) {
  return error.retryable() || error.in_doubt() || error.poisoned() || error.sqlstate() == "SQLITE_DEVICE";
}

base::Duration pause_after(int tries) {
  const auto ceiling = static_cast<std::uint32_t>(std::min(1 << std::min(tries, 10), 1000)) * 1000U;
  return base::Duration(2000 + base::random_below(ceiling));
}

bool insist(const Context& context, const std::string& what, base::BootTime until,
            const std::function<void(store::Connection&, bool doubt)>& write) {
  bool doubt = false;
  for (int tries = 1;; ++tries) {
    try {
      auto connection = context.database.acquire();
      write(*connection, doubt);
      return true;
    } catch (const base::InfraError& error) {
      doubt = doubt || error.in_doubt();
      const bool again = worth_repeating(error);
      if (tries == 1 || !again)
        base::log(base::LogLevel::warn, "write failed",
                  {{"what", what}, {"error", error.what()}, {"again", again ? "yes" : "no"}});
      if (!again || context.clock.boot() >= until) return false;
    }
    base::sleep_for(pause_after(tries));
  }
}

}  // namespace fencepost::engine

#include "base/log.hpp"
#include "base/random.hpp"
#include "engine/work.hpp"

namespace fencepost::engine {

bool insist(const Context& context, const std::string& what, base::BootTime until,
            const std::function<void(store::Connection&)>& write) {
  for (int tries = 1;; ++tries) {
    try {
      auto connection = context.database.acquire();
      write(*connection);
      return true;
    } catch (const base::InfraError& error) {
      const bool again =
          error.retryable() || error.in_doubt() || error.poisoned() || error.sqlstate() == "SQLITE_DEVICE";
      if (tries == 1 || !again)
        base::log(base::LogLevel::warn, "write failed",
                  {{"what", what}, {"error", error.what()}, {"again", again ? "yes" : "no"}});
      if (!again || context.clock.boot() >= until) return false;
    }
    const auto ceiling = static_cast<std::uint32_t>(std::min(1 << std::min(tries, 10), 1000)) * 1000U;
    base::sleep_for(base::Duration(2000 + base::random_below(ceiling)));
  }
}

}  // namespace fencepost::engine

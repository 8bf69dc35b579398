#include "apps/connections/upkeep.hpp"

#include <condition_variable>
#include <mutex>

#include "base/log.hpp"

namespace fencepost::connections {

namespace {
constexpr std::chrono::seconds kRound{15};

void look(accounts::FreshCredentials& credentials, const std::stop_token& stop) try {
  credentials.upkeep(stop);
} catch (const std::exception& error) {
  // The next round looks again; who sends looks for himself.
  base::log(base::LogLevel::warn, "credentials not looked after", {{"error", error.what()}});
}
}  // namespace

Upkeep::Upkeep(accounts::FreshCredentials& credentials)
    : thread_([&credentials](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any ended;
        std::unique_lock lock(mutex);
        while (!stop.stop_requested()) {
          look(credentials, stop);
          ended.wait_for(lock, stop, kRound, [] { return false; });
        }
      }) {}

}  // namespace fencepost::connections

#include "apps/curate/hosts.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/log.hpp"
#include "base/random.hpp"
#include "curate/sql.hpp"

namespace fencepost::curate {

namespace {
// Others may give the host back before its time is over.
constexpr base::Duration kLook = std::chrono::milliseconds(250), kShortest = std::chrono::milliseconds(1);

void wait(base::Duration duration, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any nobody;
  std::unique_lock lock(mutex);
  nobody.wait_for(lock, stop, duration, [] { return false; });
}
}  // namespace

Hosts::Turn::~Turn() {
  if (hosts_ != nullptr) hosts_->give(host_, holder_, rest_);
}

void Hosts::give(const std::string& host, const std::string& holder, base::Duration rest) noexcept try {
  database_.retrying([&](store::Connection& connection) {
    return connection.run(sql::give_host, {host, holder, static_cast<std::int64_t>(rest.count())}).changed;
  });
} catch (const std::exception& error) {
  // It is free when its time is over.
  base::log(base::LogLevel::warn, "host not given back", {{"error", error.what()}});
}

std::variant<Hosts::Turn, base::Duration> Hosts::turn(const std::string& host, base::Duration hold,
                                                      base::Duration rest, base::Duration patience,
                                                      std::stop_token stop) {
  const auto until = clock_.boot() + patience;
  const auto holder = base::random_hex(16);
  for (;;) {
    base::Duration left{};
    const bool ours = database_.retrying([&](store::Connection& connection) {
      if (!connection.run(sql::take_host, {host, static_cast<std::int64_t>(hold.count()), holder}).empty())
        return true;
      const auto rows = connection.run(sql::host_free_in, {host});
      left = base::Duration(rows.empty() ? 0 : rows[0][0].integer());
      return false;
    });
    if (ours) return Turn(*this, host, holder, rest);
    if (stop.stop_requested()) return base::Duration(0);
    const auto now = clock_.boot();
    if (now >= until) return std::max(left, kShortest);
    wait(std::clamp(left, kShortest,
                    std::min(kLook, std::chrono::duration_cast<base::Duration>(until - now) + kShortest)),
         stop);
  }
}

}  // namespace fencepost::curate

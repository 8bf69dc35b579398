#include "apps/curate/hosts.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>

#include "base/log.hpp"
#include "base/random.hpp"
#include "curate/sql.hpp"
#include "store/guards.hpp"
#include "store/workers.hpp"

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

// Whose process a holder is of; nullopt: nobody's, or one of before holders named their process.
std::optional<std::int64_t> worker_in(const std::string& holder) {
  std::int64_t number = 0;
  const auto dot = std::min(holder.find('.'), holder.size());
  const auto [end, error] = std::from_chars(holder.data(), holder.data() + dot, number);
  if (dot == holder.size() || error != std::errc() || end != holder.data() + dot) return std::nullopt;
  return number;
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

std::optional<base::Duration> Hosts::try_turn(store::Connection& connection, const std::string& host,
                                              base::Duration hold, base::Duration rest,
                                              const std::string& holder) {
  if (!connection.run(sql::take_host, {host, static_cast<std::int64_t>(hold.count()), holder}).empty())
    return std::nullopt;
  const auto rows = connection.run(sql::host_free_in, {host});
  if (rows.empty()) return base::Duration(0);
  const auto& other = rows[0][1].text();
  if (const auto worker = worker_in(other);
      worker && store::has_ended(connection, *worker) && store::guard("host_ended")) {
    connection.run(sql::give_host, {host, other, static_cast<std::int64_t>(rest.count())});
    return rest;
  }
  return base::Duration(rows[0][0].integer());
}

std::variant<Hosts::Turn, base::Duration> Hosts::turn(const std::string& host, base::Duration hold,
                                                      base::Duration rest, base::Duration patience,
                                                      std::int64_t worker, std::stop_token stop) {
  const auto until = clock_.boot() + patience;
  const auto holder = std::to_string(worker) + "." + base::random_hex(16);
  for (;;) {
    const auto left = database_.retrying(
        [&](store::Connection& connection) { return try_turn(connection, host, hold, rest, holder); });
    if (!left) return Turn(*this, host, holder, rest);
    if (stop.stop_requested()) return base::Duration(0);
    const auto now = clock_.boot();
    if (now >= until) return std::max(*left, kShortest);
    wait(std::clamp(*left, kShortest,
                    std::min(kLook, std::chrono::duration_cast<base::Duration>(until - now) + kShortest)),
         stop);
  }
}

}  // namespace fencepost::curate

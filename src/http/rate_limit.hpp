#pragma once
// How often somebody may ask. In memory and of this process alone: it protects the server, and is no budget.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "http/routes.hpp"

namespace fencepost::http {

// Token buckets, kept as one time a bucket: the moment at which it will be full again (the generic cell rate
// algorithm, ITU-T I.371). Thread-safe.
class RateLimiter {
 public:
  // Remembers at most that many buckets that are not full. Further keys then share one bucket, so that a
  // crowd of addresses can fill neither the memory nor find a way round the limit.
  explicit RateLimiter(std::size_t buckets = 100'000) : capacity_(buckets) {}

  // Takes one token of the bucket `key`, or says how long until there is one. A key always comes with one
  // limit.
  std::optional<std::chrono::nanoseconds> take(const std::string& key, const RateLimit& limit,
                                               base::BootTime now);

 private:
  struct State {
    std::unordered_map<std::string, base::BootTime> full_at;
    base::BootTime swept{};
  };
  base::Guarded<State> state_;
  std::size_t capacity_;
};

// What counts as one client: an IPv4 address, or the /64 of an IPv6 address, as providers hand out at least
// that. Anything else counts as it is.
std::string client_key(const std::string& address);

}  // namespace fencepost::http

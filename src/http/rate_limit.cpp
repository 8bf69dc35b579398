#include "http/rate_limit.hpp"

#include <arpa/inet.h>
#include <algorithm>
#include <cstring>
#include <string_view>

namespace fencepost::http {

std::optional<std::chrono::nanoseconds> RateLimiter::take(const std::string& key, const RateLimit& limit,
                                                          base::BootTime now) {
  const std::chrono::nanoseconds per = limit.per;
  const auto one = per / limit.count;
  return state_.with([&](State& state) -> std::optional<std::chrono::nanoseconds> {
    // A sweep walks all buckets, so a full table is swept at most once a second.
    if (state.full_at.size() >= capacity_ && now - state.swept >= std::chrono::seconds(1)) {
      std::erase_if(state.full_at, [&](const auto& bucket) { return bucket.second <= now; });
      state.swept = now;
    }
    const bool room = state.full_at.size() < capacity_ || state.full_at.contains(key);
    base::BootTime& full_at = state.full_at[room ? key : std::string()];
    const auto next = std::max(full_at, now) + one;
    if (next - now > per) return next - now - per;
    full_at = next;
    return std::nullopt;
  });
}

std::string client_key(const std::string& address) {
  in6_addr six{};
  if (inet_pton(AF_INET6, address.c_str(), &six) != 1) return address;
  if (IN6_IS_ADDR_V4MAPPED(&six)) {
    char text[INET_ADDRSTRLEN] = {};
    inet_ntop(AF_INET, six.s6_addr + 12, text, sizeof text);
    return text;
  }
  std::memset(six.s6_addr + 8, 0, 8);
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(AF_INET6, &six, text, sizeof text);
  return std::string(text) + "/64";
}

}  // namespace fencepost::http

#include "accounts/rate_limits.hpp"

#include <algorithm>

#include "accounts/codes.hpp"
#include "accounts/sql.hpp"
#include "base/log.hpp"

namespace fencepost::accounts {

namespace {

constexpr std::size_t kRemembered = 100'000;
constexpr int kPart = 64;
constexpr std::chrono::seconds kUsedWithin{2};
constexpr std::chrono::seconds kAway{1};

}  // namespace

RateLimits::Taken RateLimits::ask(const std::string& key, int count, std::chrono::seconds per, int tokens) {
  const auto name = hash_of(key);
  const auto full = std::chrono::duration_cast<base::Duration>(per).count();
  // Rounded up: never more than the limit.
  const auto back = (full * tokens + count - 1) / count;
  const auto lease = database_.acquire();
  if (!lease->run(sql::take_rate, {name, back, full}).empty()) return {Answer::taken, {}};
  const auto rows = lease->run(sql::rate_wait, {name, back, full});
  const auto wait = rows.empty() ? 0 : rows[0][0].integer();
  return {Answer::refused, base::Duration(std::clamp<std::int64_t>(wait, 1, full))};
}

RateLimits::Taken RateLimits::take(const std::string& key, int count, std::chrono::seconds per,
                                   base::BootTime now) {
  if (database_.one_writer()) return {};
  const auto here = state_.with([&](State& state) -> std::optional<Taken> {
    if (now < state.away_until) return Taken{};
    const auto at = state.keys.find(key);
    if (at == state.keys.end()) return std::nullopt;
    auto& local = at->second;
    if (now < local.refused_until) return Taken{Answer::refused, local.refused_until - now};
    if (local.tokens == 0 || now >= local.tokens_until) return std::nullopt;
    --local.tokens;
    return Taken{Answer::taken, {}};
  });
  if (here) return *here;
  try {
    int tokens = std::max(1, count / kPart);
    auto taken = ask(key, count, per, tokens);
    if (taken.answer == Answer::refused && tokens > 1) taken = ask(key, count, per, tokens = 1);
    remember(key, taken, tokens, now);
    return taken;
  } catch (const base::InfraError& error) {
    base::log(base::LogLevel::warn, "rate limits not shared", {{"error", error.what()}});
    state_.with([&](State& state) { state.away_until = now + kAway; });
    return {};
  }
}

void RateLimits::remember(const std::string& key, const Taken& taken, int tokens, base::BootTime now) {
  if (taken.answer == Answer::taken && tokens == 1) return;
  state_.with([&](State& state) {
    // A sweep walks all of them, so a full table is swept at most once a second.
    if (state.keys.size() >= kRemembered && now - state.swept >= std::chrono::seconds(1)) {
      std::erase_if(state.keys, [&](const auto& each) {
        return each.second.refused_until <= now && each.second.tokens_until <= now;
      });
      state.swept = now;
    }
    if (state.keys.size() >= kRemembered && !state.keys.contains(key)) return;
    auto& local = state.keys[key];
    if (taken.answer == Answer::refused) {
      local.refused_until = now + taken.wait;
    } else {
      local.tokens = tokens - 1 + (now < local.tokens_until ? local.tokens : 0);
      local.tokens_until = now + kUsedWithin;
    }
  });
}

}  // namespace fencepost::accounts

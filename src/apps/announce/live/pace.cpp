#include "apps/announce/live/pace.hpp"

#include <algorithm>

namespace fencepost::live {

namespace {
constexpr int kDenser = 6;
constexpr Duration kShortest = std::chrono::seconds(5);
constexpr int kDoublings = 8;
constexpr Duration kGather = std::chrono::seconds(10);

Duration dense(Duration every) { return std::max(kShortest, every / kDenser); }

// A server may ask for more patience than an evening has.
Duration held_back(Duration every, bool near, std::optional<Duration> retry_after) {
  return std::min(retry_after.value_or(Duration(0)), near ? every : kLongestPause);
}

// Six steps of `every` / 6: each a multiple of the one before.
Duration planned_step(Duration every, const StreamFacts& facts, Micros now) {
  const auto often = dense(every), usual = usual_step(every), seldom = usual * 5, far = seldom * 24;
  if (facts.live) return facts.bound || facts.watched ? usual : far;
  if (!facts.watched || !facts.scheduled_at) return facts.watched ? usual : far;
  const auto until = Duration(*facts.scheduled_at - now);
  if (until < kNearBefore && until > -kNearAfter) return often;
  if (until < std::chrono::hours(2) && until > -std::chrono::hours(6)) return usual;
  return until < std::chrono::hours(24) && until > -std::chrono::hours(24) ? seldom : far;
}

// Near an episode's start any stream of its channel may be tonight's, whatever it is planned for.
Duration step_of(Duration every, const StreamFacts& facts, Micros now) {
  const auto step = planned_step(every, facts, now);
  return facts.near ? std::min(step, usual_step(every)) : step;
}
}  // namespace

Duration usual_step(Duration every) { return dense(every) * kDenser; }

Duration channel_pause(Duration every, bool near, int failures, std::optional<Duration> retry_after,
                       double unit_random) {
  auto pause = near ? dense(every) : every;
  const auto longest = near ? every : std::max(every, kLongestPause);
  for (int i = 0; i < std::min(failures, kDoublings) && pause < longest; ++i) pause *= 2;
  pause = std::min(pause, longest);
  const auto spread = 0.9 + 0.2 * unit_random;
  pause = Duration(static_cast<std::int64_t>(static_cast<double>(pause.count()) * spread));
  return std::max(pause, held_back(every, near, retry_after));
}

Micros next_multiple(Micros at, Duration step) { return (at / step.count() + 1) * step.count(); }

Micros first_stream_look(Micros now) { return next_multiple(now, kGather); }

Micros next_stream_look(Duration every, const StreamFacts& facts, Micros now,
                        std::optional<Duration> retry_after) {
  const auto usual = usual_step(every);
  auto step = step_of(every, facts, now);
  const auto longest = std::max(step, facts.near ? usual : usual * 10);
  for (int i = 0; i < std::min(facts.failures, kDoublings) && step < longest; ++i) step *= 2;
  return std::max(next_multiple(now, std::min(step, longest)),
                  now + held_back(every, facts.near, retry_after).count());
}

}  // namespace fencepost::live

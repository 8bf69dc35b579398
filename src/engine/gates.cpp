#include "engine/gates.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/random.hpp"

namespace fencepost::engine {

namespace {
// More than one transaction should hold for long.
constexpr std::size_t kGroup = 500;
}  // namespace

std::optional<store::Effect> Gates::pass(const store::Claim& claim, const store::EffectRequest& request,
                                         const store::Fence::Allowed& allowed, base::BootTime until) {
  if (allowed) return pass_alone(claim, request, allowed, until, false);
  const auto mine = std::make_shared<Waiting>(&claim, &request);
  bool leads = false;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(mine);
    leads = !std::exchange(leading_, true);
  }
  if (!leads) mine->woken.acquire();
  if (!mine->done) lead();
  if (mine->effect) return remember(mine->effect);
  // Left out or refused: alone it waits for its row, and is told.
  return pass_alone(claim, request, {}, until, mine->doubt);
}

void Gates::lead() {
  Group group;
  {
    const std::lock_guard lock(mutex_);
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(waiting_.size(), kGroup));
    group.assign(waiting_.begin(), end);
    waiting_.erase(waiting_.begin(), end);
  }
  pass_group(group);
  std::shared_ptr<Waiting> next;
  {
    const std::lock_guard lock(mutex_);
    leading_ = !waiting_.empty();
    if (leading_) next = waiting_.front();
  }
  if (next) next->woken.release();
  for (const auto& one : group) {
    one->done = true;
    one->woken.release();
  }
}

void Gates::pass_group(const Group& group) {
  try {
    std::vector<store::Fence::GateRequest> requests;
    for (const auto& one : group) requests.push_back({*one->claim, *one->request});
    auto connection = context_.database.acquire();
    auto effects = fence_.begin_effects(*connection, requests);
    for (std::size_t i = 0; i < group.size(); ++i) group[i]->effect = std::move(effects[i]);
  } catch (const base::InfraError& error) {
    for (const auto& one : group) one->doubt = error.in_doubt();
    base::log(base::LogLevel::warn, error.in_doubt() ? "gates in doubt" : "gates failed",
              {{"queue", fence_.queue().name}, {"items", group.size()}, {"error", error.what()}});
  } catch (const std::exception& error) {
    base::log(base::LogLevel::error, "gates failed",
              {{"queue", fence_.queue().name}, {"items", group.size()}, {"error", error.what()}});
  }
}

std::optional<store::Effect> Gates::pass_alone(const store::Claim& claim, const store::EffectRequest& request,
                                               const store::Fence::Allowed& allowed, base::BootTime until,
                                               bool doubt) {
  while (context_.clock.boot() < until) {
    try {
      auto connection = context_.database.acquire();
      std::optional<store::Effect> effect;
      auto seen = store::Fence::GateOutcome::not_passed;
      if (doubt) std::tie(seen, effect) = fence_.gate_outcome(*connection, claim);
      if (seen == store::Fence::GateOutcome::revoked) return std::nullopt;
      doubt = false;
      if (!effect) effect = fence_.begin_effect(*connection, claim, request, allowed);
      return remember(std::move(effect));
    } catch (const base::InfraError& error) {
      if (!error.retryable() && !error.in_doubt()) throw;
      doubt = doubt || error.in_doubt();
      base::log(base::LogLevel::warn, error.in_doubt() ? "gate in doubt" : "gate again",
                {{"queue", fence_.queue().name}, {"item", claim.item}, {"error", error.what()}});
      base::sleep_for(base::Duration(2000 + base::random_below(50'000)));
    }
  }
  // Nobody will send it: where the gate did pass, its lease ends and the item becomes unknown.
  return std::nullopt;
}

std::optional<store::Effect> Gates::remember(std::optional<store::Effect> effect) {
  if (!effect) return effect;
  auto highest = context_.database.epoch_seen.load();
  while (highest < effect->epoch &&
         !context_.database.epoch_seen.compare_exchange_weak(highest, effect->epoch)) {
  }
  return effect;
}

}  // namespace fencepost::engine

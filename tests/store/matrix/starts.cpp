#include "matrix/case.hpp"

namespace fencepost::store::testing {

using core::EffectOutcome;
using core::State;

namespace {

constexpr std::int64_t kFence = 100;

Start plain(core::Kind kind, const char* name, State word) {
  Start start{name, {}};
  start.oracle.kind = kind;
  start.oracle.item.word = word;
  start.oracle.item.fence = kFence;
  start.oracle.item.claim = kWorkerA;
  return start;
}

void lease(Start& start, LeaseState state) {
  start.oracle.item.lease = state;
  start.oracle.item.lease_version = 1;
}

Start claimed(core::Kind kind, const char* name, LeaseState state) {
  auto start = plain(kind, name, State::claimed);
  lease(start, state);
  start.oracle.memory.a_fence = kFence;
  return start;
}

Start with_effect(const char* name, State word, EffectOutcome outcome, bool deadline_passed) {
  auto start = plain(core::Kind::once, name, word);
  start.oracle.item.effect = kWorkerA;
  start.oracle.item.has_key = true;
  start.oracle.effects[kWorkerA] = {outcome, deadline_passed};
  return start;
}

Start reconciling(const char* name, bool deadline_passed) {
  auto start = with_effect(name, State::unknown, EffectOutcome::unknown, true);
  start.oracle.item.claim = kReconciler;
  lease(start, LeaseState::live);
  start.oracle.memory.r_fence = kFence;
  // It looked before the deadline; by now that has passed.
  start.oracle.memory.r_after_deadline = deadline_passed;
  return start;
}

// As the item was when it was new: what a slow program saves again.
void remember(Start& start) {
  auto& memory = start.oracle.memory;
  memory.seen_claim = start.oracle.item.claim;
  memory.seen_lease = start.oracle.item.lease_version;
  memory.copy = start.oracle.item;
}

std::vector<Start> once_starts() {
  std::vector<Start> all;
  auto sending = with_effect("sending", State::sending, EffectOutcome::none, false);
  sending.oracle.memory.sent_fence = kFence;
  lease(sending, LeaseState::live);
  all.push_back(sending);
  sending.name = "sending, stop wanted";
  sending.oracle.item.stop = true;
  all.push_back(sending);
  // A's own effect has come to its end, and another worker's has begun.
  auto another = plain(core::Kind::once, "sending, another's", State::sending);
  another.oracle.item.claim = another.oracle.item.effect = kReconciler;
  another.oracle.item.has_key = true;
  another.oracle.effects[kReconciler] = {EffectOutcome::none, false};
  lease(another, LeaseState::live);
  all.push_back(another);
  auto lapsed = with_effect("sending, lapsed", State::sending, EffectOutcome::none, true);
  lapsed.oracle.memory.sent_fence = kFence;
  lease(lapsed, LeaseState::lapsed);
  all.push_back(lapsed);
  lapsed.name = "sending, lapsed, stop wanted";
  lapsed.oracle.item.stop = true;
  all.push_back(lapsed);

  all.push_back(with_effect("unknown, before the deadline", State::unknown, EffectOutcome::unknown, false));
  auto unknown = with_effect("unknown", State::unknown, EffectOutcome::unknown, true);
  all.push_back(unknown);
  unknown.name = "unknown, stop wanted";
  unknown.oracle.item.stop = true;
  all.push_back(unknown);
  all.push_back(reconciling("reconciling", true));
  all.push_back(reconciling("reconciling, looked before the deadline", false));
  auto last = reconciling("reconciling after the last attempt", true);
  last.oracle.item.attempt = last.oracle.retries + 1;
  all.push_back(last);
  all.push_back(with_effect("done", State::done, EffectOutcome::done, true));

  auto again = with_effect("failed", State::failed, EffectOutcome::failed, true);
  again.oracle.item.effect = 0;
  again.oracle.item.attempt = 1;
  all.push_back(again);
  again.name = "queued again";
  again.oracle.item.word = State::queued;
  all.push_back(again);
  return all;
}

}  // namespace

std::vector<Start> starts(core::Kind kind) {
  std::vector<Start> all;
  all.push_back(plain(kind, "queued", State::queued));
  all.push_back(plain(kind, "queued in the future", State::queued));
  all.back().oracle.item.due = false;
  all.push_back(plain(kind, "disabled", State::queued));
  all.back().oracle.item.enabled = false;
  all.push_back(claimed(kind, "claimed", LeaseState::live));
  all.push_back(claimed(kind, "claimed, lapsed", LeaseState::lapsed));
  all.push_back(plain(kind, "stopped", State::stopped));
  if (kind == core::Kind::once) {
    for (auto& start : once_starts()) all.push_back(start);
  } else {
    all.push_back(claimed(kind, "claimed, stop wanted", LeaseState::live));
    all.back().oracle.item.stop = true;
    all.push_back(claimed(kind, "claimed, edited", LeaseState::live));
    all.back().oracle.memory.a_fence = kFence - 2;
    all.push_back(claimed(kind, "claimed, lapsed for the last time", LeaseState::lapsed));
    all.back().oracle.item.attempt = 5;
    all.push_back(plain(kind, "done", State::done));
    all.push_back(plain(kind, "failed", State::failed));
  }
  for (auto& start : all) remember(start);
  return all;
}

}  // namespace fencepost::store::testing

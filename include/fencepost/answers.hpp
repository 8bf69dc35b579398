#pragma once
// The canonical states of an item, and the answers of the protocol (docs/fence.md). Pure values.

#include <string_view>

namespace fencepost {

// `sending` and `unknown`: of `once` queues only. `other`: a word that the queue does not know; such a row is
// never touched. name() gives the canonical word of each value below.
enum class State { queued, claimed, sending, done, failed, unknown, stopped, other };
std::string_view name(State state);

// What an effect's row says of it. Open: nothing known yet, or `unknown`.
enum class EffectOutcome { none, done, failed, unknown };
std::string_view name(EffectOutcome outcome);
EffectOutcome effect_outcome(std::string_view text);

// Of stop() (rule 7). prevented and already_stopped are promises: no effect of this item begins until it is
// re-armed. in_flight: it has begun, or its handler runs; the stop is remembered, and it is not tried again.
// outcome_unknown: it may have happened; a person must look.
enum class StopAnswer { prevented, in_flight, outcome_unknown, already_done, already_stopped, not_found };
// Of run_now() (rule 8). started: by this call, and by no other one. disabled: by the item's own switch.
// paused: its queue is; resume that first. stopped: re-arm it first.
enum class RunNowAnswer {
  started,
  already_running,
  already_done,
  outcome_unknown,
  stopped,
  disabled,
  not_found,
  limit_reached,  // as many as may are at work: nothing was claimed, and the item stays as it was
  paused
};
// Of edit(): only where it is `editable` the payload may be written.
enum class EditAnswer { editable, in_flight, outcome_unknown, already_done, not_found };
// Of resolve(). too_early: the request may still be on its way; ask again after its hard deadline.
enum class ResolveAnswer { resolved, not_unknown, in_flight, too_early, not_found };
std::string_view name(StopAnswer answer);
std::string_view name(RunNowAnswer answer);
std::string_view name(EditAnswer answer);
std::string_view name(ResolveAnswer answer);

// Re-arming what was stopped or has failed.
enum class RearmAnswer { rearmed, already_armed, in_flight, outcome_unknown, already_done, not_found };
std::string_view name(RearmAnswer answer);

}  // namespace fencepost

#include "core/state.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.hpp"

namespace fencepost {

namespace {
constexpr std::array<std::string_view, 8> kStates{"queued", "claimed", "sending", "done",
                                                  "failed", "unknown", "stopped", "other"};
constexpr std::array<std::string_view, 4> kOutcomes{"none", "done", "failed", "unknown"};
constexpr std::array<std::string_view, 6> kStops{"prevented",    "in_flight",       "outcome_unknown",
                                                 "already_done", "already_stopped", "not_found"};
constexpr std::array<std::string_view, 9> kRuns{"started",         "already_running", "already_done",
                                                "outcome_unknown", "stopped",         "disabled",
                                                "not_found",       "limit_reached",   "paused"};
constexpr std::array<std::string_view, 5> kEdits{"editable", "in_flight", "outcome_unknown", "already_done",
                                                 "not_found"};
constexpr std::array<std::string_view, 5> kResolves{"resolved", "not_unknown", "in_flight", "too_early",
                                                    "not_found"};
constexpr std::array<std::string_view, 6> kRearms{"rearmed",         "already_armed", "in_flight",
                                                  "outcome_unknown", "already_done",  "not_found"};

template <typename Names, typename Enum>
std::string_view at(const Names& names, Enum value) {
  return names.at(static_cast<std::size_t>(value));
}
}  // namespace

std::string_view name(State state) { return at(kStates, state); }
std::string_view name(EffectOutcome outcome) { return at(kOutcomes, outcome); }
std::string_view name(StopAnswer answer) { return at(kStops, answer); }
std::string_view name(RunNowAnswer answer) { return at(kRuns, answer); }
std::string_view name(EditAnswer answer) { return at(kEdits, answer); }
std::string_view name(ResolveAnswer answer) { return at(kResolves, answer); }
std::string_view name(RearmAnswer answer) { return at(kRearms, answer); }

EffectOutcome effect_outcome(std::string_view text) {
  const auto found = std::find(kOutcomes.begin(), kOutcomes.end(), text);
  FENCEPOST_ASSERT(found != kOutcomes.end());
  return static_cast<EffectOutcome>(found - kOutcomes.begin());
}

}  // namespace fencepost

namespace fencepost::core {

namespace {
[[noreturn]] void refuse(const Queue& queue, const std::string& why) {
  throw base::UserError("invalid_queue", "queue '" + queue.name + "': " + why);
}

void check_identifier(const Queue& queue, const std::string& text, const char* what) {
  if (text.empty() || text.size() > 63 || text.find('\0') != std::string::npos)
    refuse(queue, std::string("the ") + what + " must be a name of 1 to 63 characters");
}
}  // namespace

const std::string& word_of(const Queue& queue, State state) {
  switch (state) {
    case State::queued:
      return queue.words.queued;
    case State::claimed:
      return queue.words.claimed;
    case State::sending:
      return queue.words.sending;
    case State::done:
      return queue.words.done;
    case State::failed:
      return queue.words.failed;
    case State::unknown:
      return queue.words.unknown;
    case State::stopped:
      return queue.words.stopped;
    case State::other:
      break;
  }
  FENCEPOST_ASSERT(!"'other' has no word");
  return queue.words.failed;
}

State state_of(const Queue& queue, std::string_view word) {
  // A repeatable queue may have one word for several states: the ones that it can be in come first.
  for (const auto state : {State::queued, State::claimed, State::done, State::failed, State::sending,
                           State::unknown, State::stopped})
    if (word_of(queue, state) == word) return state;
  return State::other;
}

// PostgreSQL cuts names after 63 bytes without an error, and a queue's functions and indexes are named after
// it: "fencepost_NAME_fn_finished".
constexpr std::size_t kLongestName = 40;

void validate(const Queue& queue) {
  const bool named =
      !queue.name.empty() && queue.name.size() <= kLongestName &&
      queue.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
  if (!named)
    refuse(queue, "its name must be 1 to " + std::to_string(kLongestName) + " of a-z, 0-9, _ and -");
  if (queue.table.empty() || queue.table.size() > 127 || queue.table.find('\0') != std::string::npos)
    refuse(queue, "name its table");
  check_identifier(queue, queue.key, "key column");
  check_identifier(queue, queue.status, "status column");
  if (queue.enabled) check_identifier(queue, *queue.enabled, "enabled column");
  if (queue.priority) check_identifier(queue, *queue.priority, "priority column");
  for (const auto& column : queue.payload) check_identifier(queue, column, "payload column");

  if (queue.limits.key) check_identifier(queue, *queue.limits.key, "limit's key column");
  if (const auto why = problem(queue.limits); !why.empty()) refuse(queue, why);
  if (queue.keep_finished && *queue.keep_finished < std::chrono::minutes(1))
    refuse(queue, "finished rows are kept for a minute at least");

  const auto& w = queue.words;
  for (const auto* word : {&w.queued, &w.claimed, &w.sending, &w.done, &w.failed, &w.unknown, &w.stopped})
    if (word->empty() || word->find('\0') != std::string::npos) refuse(queue, "a status word is empty");
  const std::set<std::string> needed =
      queue.kind == Kind::once
          ? std::set<std::string>{w.queued, w.claimed, w.sending, w.done, w.failed, w.unknown, w.stopped}
          : std::set<std::string>{w.queued, w.claimed, w.done, w.failed};
  if (needed.size() != (queue.kind == Kind::once ? 7U : 4U))
    refuse(queue, queue.kind == Kind::once
                      ? "a `once` queue needs seven distinct words: also for sending, unknown and stopped"
                      : "queued, claimed, done and failed need distinct words");
  if (queue.kind == Kind::repeatable &&
      (w.stopped == w.queued || w.stopped == w.claimed || w.stopped == w.done || w.sending == w.queued ||
       w.unknown == w.queued || w.unknown == w.claimed))
    refuse(queue,
           "the words for stopped and unknown must differ from those for queued and claimed, and the one for "
           "sending from that for queued");
}

}  // namespace fencepost::core

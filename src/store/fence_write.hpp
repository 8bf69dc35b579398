#pragma once
// What fence*.cpp share: the one write behind every decision under a lock, and small conversions.

#include <optional>
#include <string>

#include "store/fence.hpp"
#include "store/guards.hpp"

namespace fencepost::store {

// The next version of a locked row. `effect` is written as it stands here: keep it, or leave it empty to
// clear it.
struct Fence::Write {
  core::State state;
  std::optional<std::int64_t> effect = std::nullopt;
  std::optional<std::int64_t> claim = std::nullopt;  // a new one
  std::optional<Duration> lease = std::nullopt;
  std::optional<Duration> run_in = std::nullopt;  // empty: run_at stays
  int attempts = 0;
  bool stop_wanted = false;
  std::optional<std::string> error = std::nullopt;
};

// What an act makes of a locked item: decided by one function, for one item as for many.
struct Fence::Change {
  std::optional<Write> write = std::nullopt;
  bool want_stop = false;   // only the mark: the fence stays (rule 7)
  bool confirm = false;     // nothing, but what was seen must be as durable as the answer (rule 4)
  bool ends_seats = false;  // the claim that was at work has ended
  std::string event = {};   // none: empty
  std::optional<std::int64_t> claim = std::nullopt;  // that the event names
  std::string detail = {};
  bool any() const { return write || want_stop || confirm; }
};

inline Value micros(const std::optional<Duration>& duration) {
  return duration ? Value(static_cast<std::int64_t>(duration->count())) : Value();
}

// A key as text, whatever type the dialect gave it.
inline std::string key_text(const Value& value) {
  return value.variant().index() == 1 ? std::to_string(value.integer()) : value.text();
}

// Of a row of the statements that claim: key, claim, fence, attempt, run_at, stop_wanted, effect_key,
// payload, priority.
Claim claim_of(const Row& row);

// What the statements of seats.sql name, and which of them a limited queue needs (fence_limits.cpp).
void add_limit_names(std::map<std::string, std::string>& names, const core::Queue& queue, Dialect dialect);
const std::vector<const Statement*>& seat_statements();

// An effect counts as an attempt when the first is recorded of it, be it only that nobody knows: who learns
// more later, or is the second to say so, counts nothing. `before`: what was recorded.
inline int effect_counts(core::EffectOutcome before) {
  return before == core::EffectOutcome::none || !guard("effect_counted") ? 1 : 0;
}

// A constraint or a foreign trigger said no to this very row; everything else says nothing of it.
bool refused_by_table(const base::InfraError& error);

}  // namespace fencepost::store

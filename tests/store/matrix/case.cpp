#include "matrix/case.hpp"

#include <atomic>
#include <set>

#include "base/random.hpp"

namespace fencepost::store::testing {

using core::EffectOutcome;
using core::State;

namespace {

constexpr std::int64_t kHour = 3'600'000'000;

std::string at(std::int64_t offset) { return "fencepost_now() + (" + std::to_string(offset) + ")"; }
std::string literal(const std::string& text) { return "'" + text + "'"; }

std::string lease_sql(LeaseState lease) {
  if (lease == LeaseState::none) return "NULL";
  return at(lease == LeaseState::live ? kHour : -kHour);
}

std::string outcome_sql(EffectOutcome outcome) {
  return outcome == EffectOutcome::none ? "NULL" : literal(std::string(core::name(outcome)));
}

std::int64_t next_number() {
  static std::atomic<std::int64_t> last{0};
  return ++last;
}

}  // namespace

Case::Case(World& world, const Start& start) : world_(world), oracle_(start.oracle) {
  const auto number = next_number();
  party_.a_claim = (std::int64_t{7} << kWorkerShift) | number;
  party_.r_claim = (std::int64_t{9} << kWorkerShift) | number;
  numbers_ = {{0, 0}, {kWorkerA, party_.a_claim}, {kReconciler, party_.r_claim}};
  const auto& item = oracle_.item;
  const auto number_sql = [&](int symbol) {
    return symbol == 0 ? "NULL" : std::to_string(numbers_.at(symbol));
  };
  std::string script =
      "DELETE FROM fencepost_effects; DELETE FROM fencepost_events; DELETE FROM {table};"
      "INSERT INTO {table} ({key}, {status}, {fence}, {claim_id}, {effect}, {lease_until}, {run_at}, "
      "{attempt}, "
      "{stop_wanted}, {enabled}, {payload}";
  if (world.once()) script += ", effect_key";
  script += ") VALUES (" + literal(party_.item) + ", " + literal(core::word_of(world.queue(), item.word)) +
            ", " + std::to_string(item.fence) + ", " + number_sql(item.claim) + ", " +
            number_sql(item.effect) + ", " + lease_sql(item.lease) + ", " + (item.due ? "0" : at(kHour)) +
            ", " + std::to_string(item.attempt) + ", " + (item.stop ? "TRUE" : "FALSE") + ", " +
            (item.enabled ? "TRUE" : "FALSE") + ", 'v1'";
  if (world.once()) script += item.has_key ? ", 'key'" : ", NULL";
  script += ");";
  for (const auto& [claim, effect] : oracle_.effects)
    script +=
        "INSERT INTO fencepost_effects (queue, item, claim, effect_key, request, destination, deadline, "
        "begun, "
        "outcome) VALUES ({q}, " +
        literal(party_.item) + ", " + number_sql(claim) + ", 'key', '{}', 'nowhere', " +
        at(effect.deadline_passed ? -kHour / 2 : kHour / 2) + ", " + at(-kHour) + ", " +
        outcome_sql(effect.outcome) + ");";
  world.script(script);
  last_ = look();
  const auto row = world.run("SELECT {lease_until}, {run_at} FROM {table}")[0];
  const auto claim = item.claim ? Value(numbers_.at(item.claim)) : Value();
  party_.seen = {party_.item, claim.maybe_integer(), row[0].maybe_integer(), item.fence};
  party_.copy = {party_.item,
                 core::word_of(world.queue(), item.word),
                 item.fence,
                 claim,
                 item.effect ? Value(numbers_.at(item.effect)) : Value(),
                 row[0],
                 item.attempt,
                 item.stop,
                 item.enabled,
                 row[1]};
}

Claim Case::claim_of_a() const {
  return {party_.item, party_.a_claim, oracle_.memory.a_fence, 0, 0, false, {}, "{}", 0};
}

Effect Case::effect_of_a() const {
  return {party_.item, party_.a_claim, oracle_.memory.a_fence, "key", "{}", "nowhere", 0};
}

Effect Case::sent_by_a() const {
  auto effect = effect_of_a();
  effect.fence = oracle_.memory.sent_fence;
  return effect;
}

Reconcile Case::reconcile_of_r() const {
  return {party_.item,
          party_.r_claim,
          oracle_.memory.r_fence,
          effect_of_a(),
          {},
          oracle_.memory.r_after_deadline};
}

Case::Seen Case::look() {
  const auto rows = world_.run(
      "SELECT t.{status}, t.{fence}, t.{claim_id}, t.{effect}, t.{lease_until}, t.{lease_until} > "
      "fencepost_now(), "
      "t.{run_at} <= fencepost_now(), t.{attempt}, t.{stop_wanted}, t.{enabled}, t.{payload}, t.{run_at}, "
      "(SELECT count(*) FROM fencepost_effects), "
      "(SELECT count(*) FROM fencepost_effects WHERE outcome IS NULL OR outcome = 'unknown'), "
      "(SELECT max(claim) FROM fencepost_effects WHERE outcome IS NULL OR outcome = 'unknown'), "
      "(SELECT count(*) FROM fencepost_effects WHERE outcome IS NULL OR outcome <> 'failed'), "
      "(SELECT count(*) FROM fencepost_effects WHERE outcome = 'done'), "
      "(SELECT count(*) FROM fencepost_events WHERE kind = 'late_yes'), {effect_key} "
      "FROM (SELECT 1 AS one) AS o LEFT JOIN {table} AS t ON TRUE");
  FENCEPOST_ASSERT(rows.size() == 1);
  const auto& row = rows[0];
  Seen seen;
  seen.effects = row[12].integer();
  seen.open = row[13].integer();
  seen.open_claim = row[14].maybe_integer().value_or(0);
  seen.not_failed = row[15].integer();
  seen.done = row[16].integer();
  seen.late_yes = row[17].integer();
  seen.exists = !row[0].is_null();
  if (!seen.exists) return seen;
  auto& item = seen.item;
  item.word = core::state_of(world_.queue(), row[0].text());
  item.fence = row[1].integer();
  seen.claim = row[2].maybe_integer().value_or(0);
  seen.effect = row[3].maybe_integer().value_or(0);
  item.lease = row[4].is_null() ? LeaseState::none : row[5].boolean() ? LeaseState::live : LeaseState::lapsed;
  item.due = row[6].boolean();
  item.attempt = static_cast<int>(row[7].integer());
  item.stop = row[8].boolean();
  item.enabled = row[9].boolean();
  item.payload = row[10].text() == "v1" ? 1 : 2;
  item.has_key = !row[18].is_null();
  seen.tracked = row[0].text() + " enabled " + std::to_string(item.enabled) + " run_at " +
                 std::to_string(row[11].integer()) + " " + row[10].text();
  seen.row = seen.tracked + " fence " + std::to_string(item.fence) + " claim " + std::to_string(seen.claim) +
             " effect " + std::to_string(seen.effect) + " lease " +
             std::to_string(row[4].maybe_integer().value_or(0)) + " attempt " + std::to_string(item.attempt) +
             " stop " + std::to_string(item.stop);
  return seen;
}

// A symbol stands for one number, and for no other symbol's.
std::string Case::same_number(const char* what, int symbol, std::int64_t number) {
  const auto known = numbers_.find(symbol);
  const std::string said = std::string(what) + " is " + std::to_string(number);
  if (known != numbers_.end())
    return known->second == number ? "" : said + ", not " + std::to_string(known->second) + "; ";
  for (const auto& [other, taken] : numbers_)
    if (taken == number) return said + ", which is not new; ";
  numbers_[symbol] = number;
  return "";
}

std::string Case::differs(const Seen& seen) {
  const auto& want = oracle_.item;
  if (seen.exists != want.exists) return seen.exists ? "the item is still there; " : "the item is gone; ";
  if (!seen.exists) return "";
  std::string out;
  const auto compare = [&](const char* what, auto is, auto should) {
    if (is != should)
      out += std::string(what) + " is " + std::to_string(is) + ", not " + std::to_string(should) + "; ";
  };
  if (seen.item.word != want.word)
    out += "status is " + std::string(core::name(seen.item.word)) + ", not " +
           std::string(core::name(want.word)) + "; ";
  compare("fence", seen.item.fence, want.fence);
  compare("lease (0 none, 1 live, 2 lapsed)", static_cast<int>(seen.item.lease),
          static_cast<int>(want.lease));
  compare("due", seen.item.due, want.due);
  compare("attempt", seen.item.attempt, want.attempt);
  compare("stop_wanted", seen.item.stop, want.stop);
  compare("enabled", seen.item.enabled, want.enabled);
  compare("payload", seen.item.payload, want.payload);
  if (world_.once()) compare("has a key", seen.item.has_key, want.has_key);
  out += same_number("claim_id", want.claim, seen.claim);
  out += same_number("effect", want.effect, seen.effect);
  std::int64_t open = 0, done = 0;
  for (const auto& [claim, effect] : oracle_.effects) {
    open += effect.outcome == EffectOutcome::none || effect.outcome == EffectOutcome::unknown;
    done += effect.outcome == EffectOutcome::done;
  }
  compare("effects", seen.effects, static_cast<std::int64_t>(oracle_.effects.size()));
  compare("open effects", seen.open, open);
  compare("effects that happened", seen.done, done);
  compare("late_yes events", seen.late_yes > 0, oracle_.late_yes);
  return out;
}

bool Case::says_unchanged(const std::string& answer) {
  static const std::set<std::string> kAnswers{
      "stale",           "revoked",    "nothing",         "late_yes",  "already_recorded",
      "refused",         "too_early",  "not_unknown",     "not_found", "already_done",
      "already_stopped", "not_passed", "already_running", "disabled"};
  return kAnswers.contains(answer);
}

std::string Case::broken(const Seen& seen, bool unchanged) const {
  const auto& item = seen.item;
  const bool idle = seen.exists && (item.word == State::queued || item.word == State::claimed);
  if (unchanged && seen.exists && last_.exists && seen.row != last_.row)
    return "F6: it said that nothing was written, but " + last_.row + " became " + seen.row;
  if (seen.exists && last_.exists && item.fence < last_.item.fence) return "F6: the fence went back";
  if (seen.exists && last_.exists && seen.tracked != last_.tracked && item.fence <= last_.item.fence)
    return "F6: a tracked column changed and the fence did not";
  if (seen.open > 1) return "F1: two open effects";
  if (seen.not_failed > 1) return "F3: a second effect beside one that is not known to have failed";
  if (seen.open == 1 && (!seen.exists || seen.effect != seen.open_claim))
    return "F3: an open effect that the item does not know of";
  if (said_no_ && seen.effects > last_.effects) return "F2: an effect began after an acknowledged stop";
  if (said_no_ && seen.exists && item.word != State::stopped)
    return "F2: a stopped item was re-armed by nobody";
  if (seen.exists && (item.word == State::claimed || item.word == State::sending) &&
      item.lease == LeaseState::none)
    return "F5: claimed without a lease, nobody will ever come";
  if (stop_recorded_ && seen.exists && (seen.open == 1 || item.word == State::claimed) && !item.stop)
    return "rule 7: a wanted stop was lost";
  if (stop_recorded_ && idle && item.word == State::queued && seen.effect == 0)
    return "rule 7: back to queued although a stop was wanted";
  if (known_yes_ && seen.done == 0 && seen.late_yes == 0) return "rule 6: a known yes was thrown away";
  return "";
}

std::string Case::check(bool unchanged) {
  const auto seen = look();
  const auto promise = broken(seen, unchanged);
  last_ = seen;
  return promise.empty() ? differs(seen) : promise + "; " + differs(seen);
}

void Case::note(const std::string& operation, const std::string& answer) {
  const bool rearms = answer == "rearmed" || answer == "started" || operation == "rearm" ||
                      (!world_.once() && operation.starts_with("foreign"));
  if (rearms) said_no_ = stop_recorded_ = false;
  if (operation == "stop" || operation == "remove") {
    if (answer == "prevented" || answer == "already_stopped") said_no_ = true;
    if (answer == "in_flight" || answer == "outcome_unknown") stop_recorded_ = true;
  }
  const auto word = oracle_.item.word;
  if (word == State::done || word == State::failed || word == State::stopped) stop_recorded_ = false;
  const bool yes =
      operation.ends_with(": done") || operation.ends_with(": happened") || operation.ends_with(": found");
  if (yes && world_.once() &&
      (answer == "recorded" || answer == "late_yes" || answer == "resolved" || answer == "done"))
    known_yes_ = true;
}

}  // namespace fencepost::store::testing

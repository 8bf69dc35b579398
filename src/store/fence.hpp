#pragma once
// The fence protocol over one fenced table (docs/fence.md). Every function is one short transaction, or a
// part of the caller's where the connection is in one already; none holds anything while a handler or a
// request runs.
//
// A Fence is immutable after construction and thread-safe; the connection belongs to the caller. Durations
// are µs; all deadlines are database time. Functions throw base::InfraError; after an `in_doubt` one:
//   claim         nothing is lost: disown() hands back what this worker holds without knowing;
//   settle        repeat it: one's own recorded outcome is `already_recorded`;
//   begin_effect  gate_outcome() says whether it passed;
//   stop and the other acts of people: repeat them; a `prevented` from an in-doubt commit is never given.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/state.hpp"
#include "fencepost/effect_result.hpp"
#include "store/database.hpp"

namespace fencepost::store {

using base::Duration;
using base::Micros;

// A worker's number stands in a claim's high 20 bits, so that a claim names its process (rule 11).
constexpr int kWorkerShift = 43;
constexpr std::int64_t worker_of(std::int64_t claim) { return claim >> kWorkerShift; }
// As events and effects name it.
inline std::string worker_name(std::int64_t worker) { return "worker " + std::to_string(worker); }
// A new claim of this worker: its number above 43 random bits.
std::int64_t new_claim(std::int64_t worker);

struct Claim {
  std::string item;
  std::int64_t claim = 0;
  std::int64_t fence = 0;
  int attempt = 0;  // attempts before this one
  Micros run_at = 0;
  bool stop_wanted = false;
  std::optional<std::string> effect_key;  // the idempotency key of an earlier attempt (`once`)
  std::string payload;                    // the payload columns as a JSON object
  std::int64_t priority = 0;
};

// How a repeatable attempt ended (rule 5).
struct Settlement {
  std::string item;
  std::int64_t claim = 0;
  std::int64_t fence = 0;
  core::State to = core::State::done;  // done, failed or queued
  std::optional<Duration> delay;       // queued: due after this
  std::optional<Micros> at;            // queued: due at this time, for the next tick of a schedule
  bool counts = true;                  // whether an attempt really ran
  std::optional<std::string> error;

  static Settlement done(const Claim& c) {
    return {c.item, c.claim, c.fence, core::State::done, {}, {}, true, {}};
  }
  static Settlement failed(const Claim& c, std::string error) {
    return {c.item, c.claim, c.fence, core::State::failed, {}, {}, true, std::move(error)};
  }
  static Settlement retry(const Claim& c, Duration delay, std::string error) {
    return {c.item, c.claim, c.fence, core::State::queued, delay, {}, true, std::move(error)};
  }
  static Settlement snooze(const Claim& c, Duration delay) {
    return {c.item, c.claim, c.fence, core::State::queued, delay, {}, false, {}};
  }
  static Settlement hand_back(const Claim& c) {
    return {c.item, c.claim, c.fence, core::State::queued, {}, {}, false, {}};
  }
  static Settlement next_tick(const Claim& c, Micros at, std::optional<std::string> error) {
    return {c.item, c.claim, c.fence, core::State::queued, {}, at, false, std::move(error)};
  }
};

// settled: written now. stopped: the same, but a stop had come meanwhile. already_recorded: it was written
// before, by this very settlement (repeated after a doubt): a success, but what else the caller's transaction
// holds is in that first one too, so roll this one back (rule 5). stale: 0 rows; the result must be
// discarded.
enum class SettleAnswer { settled, stopped, already_recorded, stale };

// What the gate writes down before anything is sent.
struct EffectRequest {
  std::string key;      // used unless the item has one from an earlier attempt
  std::string request;  // as rendered, without secrets
  std::string destination;
  Duration timeout{};  // the request's hard deadline, from now
  Duration lease{};    // longer than `timeout`
};

// An effect that has begun. `fence` is the item's fence after the gate.
struct Effect {
  std::string item;
  std::int64_t claim = 0;
  std::int64_t fence = 0;
  std::string key;
  std::string request;
  std::string destination;
  std::int64_t epoch = 0;  // the database's epoch after this gate (rule 13)
};

using fencepost::EffectResult;
using fencepost::Verdict;

// recorded: written now (also `stopped`: a wanted stop took effect). already_recorded: the same was known
// before. late_yes: the platform said yes but the item had gone another way; an event says so. stale: no such
// effect.
enum class EffectAnswer { recorded, stopped, already_recorded, late_yes, stale };

struct RunNow {
  core::RunNowAnswer answer;
  std::optional<Claim> claim;  // started
};

using fencepost::name;
using fencepost::RearmAnswer;

// A row that a rescuer has seen (rule 11): it acts only while claim and lease are still the same.
struct Lapsed {
  std::string item;
  std::optional<std::int64_t> claim;
  std::optional<Micros> lease_until;
  std::int64_t fence = 0;
  bool operator==(const Lapsed&) const = default;
};

// A lease for asking the platform about an unknown effect (rule 10).
struct Reconcile {
  std::string item;
  std::int64_t claim = 0;  // of this reconcile
  std::int64_t fence = 0;
  Effect effect;                // what is asked for
  Duration age{};               // since the effect began
  bool after_deadline = false;  // the old request cannot arrive any more, as far as a clock can say
};

// What an item looks like at one moment, under its lock or not.
struct Snapshot {
  std::string item;
  std::string word;
  core::State state = core::State::other;
  std::int64_t fence = 0;
  std::optional<std::int64_t> claim;
  std::optional<std::int64_t> effect;
  std::optional<Micros> lease_until;
  Micros run_at = 0;
  int attempt = 0;
  bool stop_wanted = false;
  bool enabled = true;
  std::optional<std::string> effect_key;
  std::optional<std::string> last_error;
  // Read after the lock was there:
  Micros now = 0;
  core::EffectOutcome outcome = core::EffectOutcome::none;
  Micros deadline = 0;
  Micros begun = 0;
  std::string request, destination, sent_key;
  bool effect_open() const {
    return effect && (outcome == core::EffectOutcome::none || outcome == core::EffectOutcome::unknown);
  }
};

class Fence {
 public:
  // Checks the descriptor (UserError) and writes the queue's statements. `own_schema` is where our tables
  // live on PostgreSQL (the current schema, read at start), empty on SQLite.
  Fence(core::Queue queue, Dialect dialect, const std::string& own_schema = {});

  const core::Queue& queue() const { return queue_; }
  // Another statement over this queue's table, with its names and words in place: for verify.
  Sql over(const Statement& statement) const;

  // One that goes through the table by its keys: {after} is the key behind which to begin ($8), or nothing.
  Sql page(const Statement& statement, bool behind) const;
  // Whether a text can be a key of this table.
  bool valid_key(const std::string& item) const;
  // A row whose first columns are those of read_item.
  Snapshot snapshot(const Row& row) const;

  // Registers the queue, and installs or renews trigger and indexes where the definition changed.
  void install(Connection& connection) const;
  // All that install() would run on a new table.
  std::string install_script() const { return install_triggers() + install_indexes(); }
  // Prepares every statement of the protocol, so that bad SQL fails at start.
  void check(Connection& connection) const;

  // -- workers
  // ---------------------------------------------------------------------------------------------------
  std::vector<Claim> claim(Connection& connection, int n, Duration lease, std::int64_t worker) const;
  // The same, row by row, for where the table (a unique index, a CHECK, a foreign trigger) has refused a
  // claim: a row that it refuses by itself is put off for a while and says so, and the others are claimed.
  std::vector<Claim> claim_each(Connection& connection, int n, Duration lease, std::int64_t worker) const;
  // One answer for each settlement, in their order. A row refused by a constraint makes the whole batch
  // throw; settle_each falls back one by one (rule 14).
  std::vector<SettleAnswer> settle(Connection& connection, const std::vector<Settlement>& settlements) const;
  std::vector<SettleAnswer> settle_each(Connection& connection,
                                        const std::vector<Settlement>& settlements) const;
  // Many at once, without waiting for rows that somebody holds: answers which it settled. What it left is
  // settle()'s, which waits and says.
  std::vector<bool> settle_free(Connection& connection, const std::vector<Settlement>& settlements) const;
  // After a stale settlement of an edited item: lets it be claimed again (rule 8).
  bool acknowledge(Connection& connection, const Claim& claim) const;
  // Renews the leases of claimed items. For each that it renewed: its fence and whether a stop is wanted.
  struct Renewed {
    std::int64_t claim;
    std::int64_t fence;
    bool stop_wanted;
  };
  std::vector<Renewed> renew(Connection& connection, const std::vector<Claim>& claims, Duration lease) const;
  // Hands back claimed items of this worker that are not among `known`: after a claim in doubt.
  int disown(Connection& connection, std::int64_t worker, const std::vector<std::int64_t>& known) const;

  // -- effects
  // --------------------------------------------------------------------------------------------------- The
  // gate. nullopt: revoked, nothing may be sent. `allowed` runs first in the same transaction and locks, FOR
  // SHARE, what stands in other tables and can forbid the send.
  using Allowed = std::function<bool(Connection&)>;
  std::optional<Effect> begin_effect(Connection& connection, const Claim& claim, const EffectRequest& request,
                                     const Allowed& allowed = {}) const;
  // Many gates in one transaction. Items that somebody holds are left out: an item that did not pass here may
  // still pass begin_effect(), which waits for it and says.
  struct GateRequest {
    Claim claim;
    EffectRequest request;
  };
  std::vector<std::optional<Effect>> begin_effects(Connection& connection,
                                                   const std::vector<GateRequest>& requests) const;
  // The gate was in doubt: look again on a new connection, and make what is seen certain (rule 4).
  enum class GateOutcome { passed, not_passed, revoked };
  std::pair<GateOutcome, std::optional<Effect>> gate_outcome(Connection& connection,
                                                             const Claim& claim) const;
  // `within`: the caller's own writes, in the same transaction, after the item was written.
  using Within = std::function<void(Connection&)>;
  EffectAnswer settle_effect(Connection& connection, const Effect& effect, const EffectResult& result,
                             const std::string& actor, const Within& within = {}) const;
  // Many at once: those that happened, of items that nobody has touched or holds. Answers which it settled;
  // the others are settle_effect()'s.
  struct Sent {
    Effect effect;
    EffectResult result;
  };
  std::vector<bool> settle_sent(Connection& connection, const std::vector<Sent>& sent,
                                const std::string& actor) const;

  // -- limits (docs/fence.md, "Limits per key"): nothing to do where the queue has none
  // --- Whether claims need seats.
  bool limited() const { return queue_.limits.any(); }
  // The attempts of these claims are over, whatever has become of their items: frees their seats, and tells
  // the other instances. settle, acknowledge and the acts of people do it by themselves.
  void release(Connection& connection, const std::vector<std::int64_t>& claims) const;
  // Seats whose time is over by the database's clock, for a sweeper who looks at each for a while on its own
  // clock before it frees them; free_expired frees those that are still as they were seen.
  struct ExpiredSeat {
    std::int64_t claim = 0;
    Micros until = 0;
    bool operator==(const ExpiredSeat&) const = default;
  };
  std::vector<ExpiredSeat> expired_seats(Connection& connection, int n) const;
  int free_expired(Connection& connection, const ExpiredSeat& seen) const;
  // Frees what a worker that is certainly gone has left, but for what its items still hold: rescue first.
  // What it may have sent (Limits::in_flight) keeps its seat, as nobody's, and is not counted.
  int free_gone(Connection& connection, std::int64_t worker) const;
  bool has_seats(Connection& connection, std::int64_t worker) const;
  // Token buckets: drops those that are full, clamps those that a clock that went back has emptied for long.
  void tidy_tokens(Connection& connection) const;

  // -- people
  // ----------------------------------------------------------------------------------------------------
  // already_stopped comes with a commit of its own, so that after a doubt the repetition's answer is certain.
  core::StopAnswer stop(Connection& connection, const std::string& item, const std::string& actor) const;
  // Deletes where stop() answers prevented, already_stopped or already_done.
  // After a doubt its repetition may find nothing: then confirm(), and it is certain that nothing is there.
  core::StopAnswer remove(Connection& connection, const std::string& item, const std::string& actor) const;
  // `own_claim`: the claim to make, drawn with new_claim() by a caller who repeats a call whose commit was in
  // doubt. A repetition that finds the item claimed by it answers `started`, with that claim and certain. 0:
  // a new one.
  RunNow run_now(Connection& connection, const std::string& item, const std::string& actor, Duration lease,
                 std::int64_t worker, std::int64_t own_claim = 0) const;
  // To be called in the caller's transaction, before its own UPDATE of the payload: locks the item, says
  // whether it may be changed, and takes a claimed `once` item back to queued.
  core::EditAnswer edit(Connection& connection, const std::string& item, const std::string& actor) const;
  RearmAnswer rearm(Connection& connection, const std::string& item, const std::string& actor) const;
  // What stop and rearm answer to an item that looks like this: they decide by these, under its lock.
  core::StopAnswer would_stop(const Snapshot& seen) const;
  RearmAnswer would_rearm(const Snapshot& seen) const;
  // Many at once, in as many statements as one. Locks the items until the caller's transaction ends, waiting
  // for each; `items` in the order of their keys (rule 14), each once. Answers those that are there, in no
  // order, without what their effects have sent. Then each is decided by itself: the answers of `held`, in
  // its order, certain once the caller has committed.
  std::vector<Snapshot> hold(Connection& connection, const std::vector<std::string>& items) const;
  std::vector<core::StopAnswer> stop(Connection& connection, const std::vector<Snapshot>& held,
                                     const std::string& actor) const;
  std::vector<RearmAnswer> rearm(Connection& connection, const std::vector<Snapshot>& held,
                                 const std::string& actor) const;
  core::ResolveAnswer resolve(Connection& connection, const std::string& item, bool happened,
                              const std::string& actor, const std::string& remote_url = {},
                              const Within& within = {}) const;

  // -- upkeep
  // ----------------------------------------------------------------------------------------------------
  std::vector<Lapsed> lapsed(Connection& connection, int n) const;
  std::vector<Lapsed> held_by(Connection& connection, std::int64_t worker) const;
  std::vector<Lapsed> misplaced(Connection& connection, int n) const;
  // Rescues one row, if it is still as it was seen. `gone`: its process is known to be gone, the lease need
  // not have lapsed. Answers the state it went to; nullopt: nothing to do, or somebody holds the row. One
  // that the table refuses as queued has failed; throws where it refuses that, too.
  std::optional<core::State> rescue(Connection& connection, const Lapsed& seen, bool gone,
                                    double unit_random) const;
  int clamp_leases(Connection& connection, Duration longest) const;
  std::vector<std::string> reconcile_due(Connection& connection, int n) const;
  std::optional<Reconcile> begin_reconcile(Connection& connection, const std::string& item, Duration lease,
                                           std::int64_t worker) const;
  // `refuses_second_arrival`: the platform does; only then is an absent effect queued again (rule 10). What
  // is `over` failed. Unknown: asked again after `ask_again`. nullopt: stale.
  std::optional<core::State> settle_reconcile(Connection& connection, const Reconcile& reconcile,
                                              const EffectResult& result, bool refuses_second_arrival,
                                              Duration ask_again, const Within& within = {}) const;
  // µs until the next queued item is due (≤ 0: overdue); nullopt: none is queued.
  std::optional<Duration> next_due(Connection& connection) const;
  struct Count {
    std::string word;
    std::int64_t items;
    Duration oldest{};  // since its run_at; negative: due in the future. Of those that were counted
    bool at_least = false;
  };
  // Items that are not finished are all counted. Finished ones only among the first `looked_at` rows of the
  // table: a table that has more says "at least" of them, and of words that the queue does not know. So the
  // cost does not grow with the history.
  static constexpr std::int64_t kLookedAt = 10'000;
  std::vector<Count> counts(Connection& connection, std::int64_t looked_at = kLookedAt) const;
  // Pauses or resumes the queue: no claim, and no gate, passes while it is paused.
  void pause(Connection& connection, bool paused, const std::string& why) const;
  // Rule 13: marks what was due as unknown, until a person resolves it. Answers how many.
  int due_to_unknown(Connection& connection, const std::string& why) const;

  // Commits a write of its own: what the caller has seen is then as durable as that (rule 4).
  static void confirm(Connection& connection);

  // A snapshot without a lock, for display; nullopt: no such item.
  std::optional<Snapshot> read(Connection& connection, const std::string& item) const;

 private:
  struct Write;
  struct Change;
  friend struct ItemWriter;
  Rows run(Connection& connection, const Statement& statement, const Params& params) const;
  Rows run_batch(Connection& connection, const Statement& statement, const std::vector<Params>& rows,
                 const Params& shared = {}) const;
  std::string install_triggers() const;
  std::string install_indexes() const;
  Params row_of(const Settlement& settlement) const;
  Params settled_event(const Settlement& settlement, const std::string& word) const;
  bool keeps_events() const { return queue_.history || queue_.kind == core::Kind::once; }
  std::optional<Snapshot> lock(Connection& connection, const std::string& item,
                               bool skip_locked = false) const;
  void look(Connection& connection, Snapshot& snapshot) const;
  std::int64_t write(Connection& connection, const Snapshot& seen, const Write& to) const;
  Params row_of(const Snapshot& seen, const Write& to) const;
  // What a stop or a re-arming makes of a locked item, and the writing of it for many.
  Change to_stop(const Snapshot& seen) const;
  Change to_rearm(const Snapshot& seen) const;
  void carry_out(Connection& connection, const std::vector<Snapshot>& held,
                 const std::vector<Change>& changes, const std::string& actor) const;
  void close(Connection& connection, std::int64_t claim, const EffectResult& result,
             const std::string& actor) const;
  // Limits: seats (and a token) for candidates in their order, for at most `n` of them.
  struct Candidate {
    std::string item;
    std::optional<std::string> key;
  };
  struct Seated {
    std::string item;
    std::int64_t claim;
  };
  struct Seating {
    std::vector<Seated> seated;
    bool contended = false;  // somebody else took a seat at the same moment: another look is worth it
  };
  Seating seat(Connection& connection, const std::vector<Candidate>& candidates, int n, Duration lease,
               std::int64_t worker, std::int64_t own_claim = 0) const;
  std::vector<Claim> claim_seated(Connection& connection, int n, Duration lease, std::int64_t worker) const;
  std::optional<Claim> claim_one(Connection& connection, const std::string& item, Duration lease,
                                 std::int64_t worker) const;
  // Whether the queue is paused, which it stays until the transaction ends, as does what it is not.
  bool share_paused(Connection& connection) const;
  // The claim `id` on the item that was read as `s`, with its payload.
  Claim claim_on(Connection& connection, const Snapshot& s, std::int64_t id, std::int64_t fence) const;
  // A write of a locked row that wrote nothing: only a foreign trigger can do that.
  base::InfraError refused_silently() const;
  void log_refused(const std::string& item, const base::InfraError& error) const;
  void put_off(Connection& connection, const std::string& item) const;
  std::optional<core::State> rescue_to(Connection& connection, const Lapsed& seen, bool gone,
                                       double unit_random, bool refused) const;
  std::optional<core::State> settle_asked(Connection& connection, const Reconcile& reconcile,
                                          const EffectResult& result, bool refuses_second_arrival,
                                          Duration ask_again, const Within& within) const;
  EffectAnswer settle_item(Connection& connection, const Effect& effect, const EffectResult& result,
                           const std::string& actor, const Within& within) const;
  EffectAnswer keep_yes(Connection& connection, const Effect& effect, const EffectResult& result,
                        const std::string& actor) const;
  bool seat_one(Connection& connection, const std::string& item, Duration lease, std::int64_t worker,
                std::int64_t claim) const;
  // Adds to `claims`; false: another look would find nothing more.
  bool claim_round(Connection& connection, int wanted, int looked_at, Duration lease, std::int64_t worker,
                   std::vector<Claim>& claims) const;
  // Takes what there is for these items by key; answers those that got none.
  std::vector<std::string> spend_tokens(Connection& connection,
                                        const std::map<std::string, std::vector<std::string>>& by_key) const;
  // The claim that `seen` shows at work has ended; or its effect's outcome is unknown, and its seats are kept
  // until the effect's hard deadline.
  void end_seats(Connection& connection, const Snapshot& seen) const;
  static std::optional<std::int64_t> seated_claim(const Snapshot& seen);
  // Whether what a killed process has sent may be worked by its receiver: its seats are then kept for a
  // while.
  bool outlives_its_process() const;
  void hold_seats(Connection& connection, std::int64_t claim, Micros until) const;
  void event(Connection& connection, const std::string& item, const std::string& kind, std::string_view from,
             std::string_view to, std::int64_t fence, std::optional<std::int64_t> claim,
             const std::string& actor, const std::string& detail = {}) const;
  std::vector<Lapsed> lapsed_rows(const Rows& rows) const;

  core::Queue queue_;
  Dialect dialect_;
  std::map<std::string, std::string> names_;
  std::map<std::string, Sql> statements_;
};

}  // namespace fencepost::store

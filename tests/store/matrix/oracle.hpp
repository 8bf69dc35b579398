#pragma once
// The protocol as DESIGN.md section 2 says it, for one item, in plain C++: what every act answers and leaves
// behind. Written from the page, not from the SQL, so that the two check each other. No I/O; a plain value.
//
// Claims and effects are symbols (1, 2, …; 0 is NULL); the test binds them to the numbers that the database
// chose. Time is only what matters of it: whether a lease lives, whether an item is due, whether a deadline
// has passed.

#include <map>
#include <string>

#include "core/state.hpp"

namespace fencepost::store::testing {

enum class LeaseState { none, live, lapsed };

struct SentEffect {
  core::EffectOutcome outcome = core::EffectOutcome::none;
  bool deadline_passed = false;
  bool operator==(const SentEffect&) const = default;
};

constexpr int kWorkerA = 1;     // the claim that the worker of the set-up holds, or held
constexpr int kReconciler = 2;  // the same of the reconciler

struct Item {
  bool exists = true;
  core::State word = core::State::queued;
  std::int64_t fence = 100;
  int claim = 0;
  int effect = 0;
  LeaseState lease = LeaseState::none;
  int lease_version = 0;  // another one for every lease that is given
  bool due = true;
  int attempt = 0;
  bool stop = false;
  bool enabled = true;
  bool has_key = false;
  int payload = 1;
  bool operator==(const Item&) const = default;
};

// What the parties remember from the set-up.
struct Memory {
  std::int64_t a_fence = 98;  // A's claim is stale unless it is the row's fence
  std::int64_t r_fence = 98;
  std::int64_t sent_fence = 98;        // after A's gate
  bool r_after_deadline = true;        // when the reconciler took its lease, hence when it looked
  int seen_claim = 0, seen_lease = 0;  // by the rescuer
  Item copy;                           // by a program that saves whole rows
  int newest_claim = 0;                // granted to worker B during the case
  std::int64_t newest_fence = 0;
};

struct Oracle {
  core::Kind kind = core::Kind::once;
  int retries = 5;
  Item item;
  std::map<int, SentEffect> effects;
  Memory memory;
  int symbols = 10;
  bool late_yes = false;  // an event says so

  bool once() const { return kind == core::Kind::once; }
  bool open() const;
  bool is_done() const;

  // Each answers in the words of the tests' operations.
  std::string claim();
  std::string settle(int claim, std::int64_t fence, core::State to, bool counts, bool delayed);
  std::string acknowledge();
  std::string renew();
  std::string gate(int claim, std::int64_t fence);
  std::string gate_outcome();
  // In a group, which leaves out what it cannot write at once.
  std::string settle_free(int claim, std::int64_t fence, core::State to, bool counts, bool delayed);
  std::string gates(int claim, std::int64_t fence);
  std::string settle_sent();
  std::string settle_effect(int claim, core::EffectOutcome verdict, bool retry);
  std::string stop();
  std::string remove();
  std::string run_now();
  std::string edit();
  std::string rearm();
  std::string resolve(bool happened);
  std::string rescue(bool as_seen);
  std::string begin_reconcile();
  std::string settle_reconcile(core::EffectOutcome verdict, bool refuses);
  std::string restored();
  std::string put_right();
  // Statements of a program that knows no fence.
  std::string foreign_word(core::State word);
  std::string foreign_enabled(bool on);
  std::string foreign_payload();
  std::string foreign_save(Item copy);
  std::string foreign_fence();
  std::string foreign_delete();
  // Leases lapse and deadlines pass.
  std::string time_passes();

 private:
  void write(core::State to, int effect);
  void give_lease();
  void same_lease_anew();
  std::string foreign(Item wanted);
};

}  // namespace fencepost::store::testing

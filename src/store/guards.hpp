#pragma once
// The guards: each line of SQL or C++ that a promise stands on, by name. A build with FENCEPOST_MUTANTS can
// remove one of them at a time, and the race matrix must then fail (tests/store/mutants_test.cpp). In every
// other build the names vanish: guard() is constexpr true and the SQL carries no marks.
//
// In SQL a guard is a mark behind the line:      AND t.{fence} = s.fence   --! settle_fence
// or a line and what the mutant has in its place:  FOR UPDATE              --! stop_lock => --
// A mark may name several guards (a,b): the line goes with each of them.

#include <string_view>

namespace fencepost::store {

// Every guard, in the order of the rules; a test checks that each one is used, and only these.
inline constexpr std::string_view kGuards[] = {
    "claim_mark",               // rule 2: the mark in the transaction of the lock
    "claim_lock",               // rule 2: the rows are locked before they are marked
    "claim_effect",             // rule 2: an item with an effect is never claimed again
    "claim_state_subquery",     // rule 1: the state test stands on the write, not in an unlocked subquery
    "gate_identity",            // rule 3: claim_id and fence
    "gate_fence",               // rule 3: the fence alone, and what it stands for
    "gate_enabled",             // rule 3: enabled and no stop wanted, should the trigger be gone
    "gate_effect",              // rule 3: effect IS NULL, should the claim have let it through
    "gate_lock",                // rule 17: the time is read after the wait for the row
    "gate_lease",               // rule 3: the lease is alive
    "gate_due",                 // rule 3: run_at
    "settle_identity",          // rule 5: claim_id and fence
    "settle_fence",             // rule 5: the fence alone
    "sent_identity",            // rule 6: the group settles by effect = claim_id
    "sent_untouched",           // rule 6: the group settles only what nobody has touched since the gate
    "effect_identity",          // rule 6: WHERE effect = claim_id
    "effect_outcome",           // rule 6: an outcome that is known is not overturned
    "late_yes",                 // rule 6: a yes without a row becomes an event
    "stop_lock",                // rule 7: lock the rows, decide, write
    "act_lock",                 // rule 8: the other acts of people do so too
    "stop_effect",              // rule 7: prevented only while effect IS NULL
    "stop_wanted",              // rule 7: every path back to queued leads to stopped
    "stop_claimed_repeatable",  // rule 7: that handler may be running
    "run_now_state",            // rule 8: of N callers one is started
    "edit_requeues",            // rule 8: a claimed once item goes back to queued
    "resolve_deadline",         // rule 8: not before the hard deadline
    "rescue_effect",            // rule 9: an open effect becomes unknown, never queued
    "rescue_seen",              // rule 11: only a lease seen unchanged
    "rescue_refused",           // rule 9: what the table refuses as queued has failed
    "refused_yes",              // rule 6: a yes that the table refuses on its row is kept
    "refused_states",           // rules 9, 14: a trigger may refuse a row with any SQLSTATE
    "refused_within",           // rule 6: what the application writes beside is not the item's row
    "refused_seats",            // rule 14: items of full keys do not hide the refused one
    "renew_each",               // rule 11: a row that refuses its renewal takes no other one's lease along
    "put_off_due",              // rule 2: a refused item that was moved meanwhile is left where it is
    "reconcile_open",           // rule 6: a yes that was kept without its row is not overturned
    "reconcile_refuses",        // rule 10: absent is queued only where the platform refuses a second arrival
    "reconcile_over",           // rule 10: absent is a certain no only where it can never arrive any more
    "reconcile_deadline",       // rule 10: not before the hard deadline
    "reconcile_identity",       // rule 10: fence-checked writes
    "reconcile_exhausted",      // rule 10: absent after the last attempt is failed
    "effect_counted",           // rules 6, 9, 10: an effect counts as one attempt, whoever records it
    "trigger",                  // rule 12: the fence trigger
    "trigger_keeps_effect",     // rule 12: a full-row save cannot clear effect or stop_wanted
    "trigger_keeps_stopped",    // rule 12 and F2: a full-row save cannot re-arm what was stopped
    "trigger_delete",           // rule 12: no delete of an open effect
    "restored_state",           // rule 13: what was stopped meanwhile is not made unknown
    "seat_conflict",            // limits: a seat that somebody else took meanwhile is not had
    "seat_item_lock",           // limits, rule 1: the row is locked, and the write tests its state
    "seat_full_keys",           // limits: items of a full key do not keep the others waiting
    "seat_zombie",              // limits: a stalled process keeps its seat though its item was rescued
    "seat_killed",              // limits: what a killed process has sent keeps its seat for a while
    "seat_unknown",             // limits: an unknown effect keeps its seat until its hard deadline
    "token_condition",          // limits: no more tokens than there are
    "run_now_limit",            // limits: run_now exceeds nothing either
    "bulk_changed",             // bulk acts: under the lock it is still what the filter asks for
    "bulk_doubt",               // rule 4: what the act itself did is not called changed after a doubt
    "bulk_confirm",             // rule 4: and its answer is as durable as that
    "bulk_app",                 // bulk acts: an application's items begin anew in its own way
    "bulk_each",                // rule 14: what the table refuses of one item keeps no other from it
    "retention_held",           // retention: what an item holds stays
    "retention_effects",        // retention: an item's events stay while an effect of it does
    "retention_status",         // retention: only what is finished is deleted
    "retention_window",         // retention: only buckets whose window is long over are deleted
    "retention_bucket_lock",    // retention: who takes of such a bucket now keeps it
    "throughput_adds",          // throughput: instances add to each other's counts
    "throughput_once",          // throughput: a batch whose commit was in doubt is not added twice
    "throughput_recorded",      // throughput: what two parties record alike is counted by the first
    "throughput_order",         // rule 14: minutes are locked in one order
    "throughput_kept",          // throughput: only what is old is deleted
    "adopt_busy",               // adopt: words and columns do not change under who works them
    "feed_writers",             // events: no id is passed that may still be committed
    "bucket_order",             // rule 14: buckets are locked in one order, whatever was asked first
    "budget_quota",             // F4: the conditional statement; the table's CHECK stands behind it
};

#ifdef FENCEPOST_MUTANTS
// Removes a guard in this process, several ("a+b": each alone is covered by the other), or none (""). Call
// before anything is rendered. Not thread-safe.
void remove_guard(std::string_view name);
bool guard(std::string_view name);
#else
constexpr bool guard(std::string_view) { return true; }
#endif

}  // namespace fencepost::store

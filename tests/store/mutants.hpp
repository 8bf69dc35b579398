#pragma once
// The mutants: which guards are removed together, and which tests must then fail. Read with
// src/store/guards.hpp.

#include <string_view>

namespace fencepost::store::testing {

struct Mutant {
  std::string_view guards;      // as remove_guard() takes them
  std::string_view killers;     // a --gtest_filter without the database; each database must notice
  std::string_view cases = "";  // FENCEPOST_CASE: the part of the matrix that must notice, for speed
  bool postgres_only = false;   // the guard has nothing to guard where there is one writer at a time
};

constexpr std::string_view kOnce = "RaceMatrix.Once", kRepeatable = "RaceMatrix.Repeatable";

inline constexpr Mutant kMutants[] = {
    {"claim_mark", kRepeatable, "queued | claim | claim"},
    {"claim_lock", kRepeatable, "queued | claim | claim", true},
    {"claim_effect", kOnce, "sending | foreign Queued | claim"},
    {"claim_state_subquery", kRepeatable, "queued | claim | claim", true},
    {"gate_identity", kOnce, "queued | claim | gate"},
    {"gate_fence", kOnce, "claimed | foreign Cancelled | gate"},
    {"gate_lock", "Store/Rule17.ALeaseThatEndsDuringTheWaitEndsTheGate/", "", true},
    {"gate_lease", kOnce, "claimed, lapsed | claim | gate"},
    // Covered by the fence unless the clock goes back.
    {"gate_due", "Store/Rule03.GateClosesBeforeRunAt/"},
    // Covered by the fence, which the trigger moves; this test drops the trigger.
    {"gate_enabled", "Store/Rule03.GateClosesOnDisabledWithoutTheTrigger/"},
    // Covered by the claim's own test.
    {"gate_effect+claim_effect", "Store/Rule03.NoGateBesideAnOpenEffect/"},
    {"settle_identity", kRepeatable, "claimed, lapsed | rescue | settle: done"},
    {"settle_fence", kRepeatable, "claimed | edit | settle: done"},
    {"settle_fence", kRepeatable, "claimed | edit | group: done"},
    {"settle_identity", kRepeatable, "claimed, lapsed | rescue | group: done"},
    {"gate_fence", kOnce, "claimed | foreign Cancelled | gates"},
    {"gate_lease", kOnce, "claimed, lapsed | claim | gates"},
    {"sent_identity", kOnce, "sending, another's | renew | settle group: done"},
    {"sent_untouched", kOnce, "sending | settle effect: done | settle group: done"},
    {"effect_identity", kOnce, "queued in the future | claim | settle effect: done"},
    {"effect_outcome", kOnce, "sending | settle effect: done | settle effect: failed"},
    {"late_yes", kOnce, "stopped | claim | settle effect: done"},
    {"stop_lock", kOnce, "claimed | gate | stop", true},
    {"stop_lock", kRepeatable, "failed | run_now | rearm", true},
    {"act_lock", kOnce, "claimed | gate | edit", true},
    {"act_lock", kRepeatable, "queued | run_now | run_now", true},
    {"stop_effect", kOnce, "sending | claim | stop"},
    {"stop_wanted", kOnce, "sending | stop | settle effect: retry"},
    {"stop_wanted", kRepeatable, "claimed | stop | snooze"},
    {"stop_claimed_repeatable", kRepeatable, "claimed | claim | stop"},
    {"run_now_state", kRepeatable, "queued | run_now | run_now"},
    {"edit_requeues", kOnce, "claimed | claim | edit"},
    {"resolve_deadline", kOnce, "unknown, before the deadline | claim | resolve"},
    {"rescue_effect", kOnce, "sending, lapsed | claim | rescue"},
    {"rescue_refused", "Store/Rule09.WhatTheTableRefusesAsQueuedHasFailed/"},
    {"refused_yes", "Store/Rule06.AYesThatTheTableRefusesIsKeptWithoutItsRow/"},
    {"refused_states", "Store/Refusals.AnyCodeOfTheOwnersCounts/", "", true},
    {"refused_within", "Store/Refusals.WhatTheApplicationRefusesIsNotTheTables/"},
    {"refused_seats", "Store/Limited.ARefusedItemBehindAFullKeyIsPutOff/"},
    {"renew_each", "Store/Refusals.ARefusedRenewalTakesNoOtherAlong/"},
    {"put_off_due", "Store/Refusals.WhoeverMovesARefusedItemMeanwhileIsHeard/"},
    {"reconcile_open", "Store/Refusals.AYesThatWasKeptIsNotOverturnedByALook/"},
    {"rescue_seen", kOnce, "claimed, lapsed | renew | rescue"},
    {"reconcile_refuses", kOnce, "reconciling | claim | reconcile: absent"},
    {"reconcile_over", "Store/Rule10.ElsewhereAbsenceIsEvidenceForAPerson/"},
    {"reconcile_deadline", kOnce, "reconciling, looked before the deadline | claim | reconcile: absent"},
    {"reconcile_identity", kOnce, "reconciling | resolve: happened | reconcile: absent"},
    {"reconcile_exhausted", kOnce,
     "reconciling after the last attempt | claim | reconcile: absent, platform refuses a second"},
    {"effect_counted", kOnce, "sending, lapsed | rescue | settle effect: done"},
    {"trigger", kRepeatable, "claimed | foreign save of a copy | "},
    {"trigger", kOnce, "claimed | foreign disable | gate"},
    {"trigger+gate_enabled", kOnce, "claimed | foreign disable | gate"},
    {"trigger_keeps_effect", kOnce, "sending | foreign save of a very old copy | claim"},
    {"trigger_keeps_stopped", kOnce, "stopped | foreign save of a very old copy | claim"},
    {"trigger_keeps_stopped", kRepeatable, "claimed, stop wanted | foreign Queued | claim"},
    {"trigger_delete", kOnce, "sending | claim | foreign delete"},
    {"restored_state", kOnce, "queued | stop | restored past", true},
    {"seat_conflict", "Store/Limited.ASeatThatSomebodyElseTookIsNotHad/", "", true},
    {"seat_item_lock", "Store/Limited.AnItemIsClaimedOnceThoughTwoSawItQueued/", "", true},
    {"seat_full_keys", "Store/Limited.ManyItemsOfAFullKeyStarveNobody/"},
    {"seat_zombie", "Store/Limited.AStalledProcessOfThisHostKeepsItsSeat/"},
    {"seat_killed", "Store/Limited.WhatAKilledProcessHasSentKeepsItsSeat/"},
    {"seat_unknown", "Store/Limited.AnUnknownEffectKeepsItsSeatUntilItsDeadline/"},
    {"token_condition", "Store/Limited.ABucketGivesItsBurstAndThenItsRate/"},
    {"run_now_limit", "Store/Limited.RunNowExceedsNothing/"},
    {"bulk_changed", "Store/BulkActs.WhatChangedMeanwhileIsLeftAlone/", "", true},
    {"bulk_doubt", "Store/BulkActs.Rule04AfterADoubtItAnswersWhatItDid/"},
    {"bulk_confirm", "Store/BulkActs.Rule04AfterADoubtItAnswersWhatItDid/"},
    {"bulk_app", "Store/BulkActs.AnApplicationArmsItsItemsInItsOwnWay/"},
    {"bulk_each", "Store/BulkActs.Rule14WhatTheTableRefusesOfOneKeepsNoOtherFromIt/"},
    {"retention_held", "Store/RetentionTest.AFailedAttemptGoesAndItsHistoryStaysWholeAtItsEnd/"},
    {"retention_effects", "Store/RetentionTest.AFailedAttemptGoesAndItsHistoryStaysWholeAtItsEnd/"},
    {"retention_status", "Store/RetentionTest.FinishedRowsGoWhereTheQueueAsksForIt/"},
    {"retention_window", "Store/RetentionTest.BudgetsWhoseWindowIsLongOverGoWhole/"},
    {"retention_bucket_lock", "Store/RetentionTest.ABucketThatSomebodyTakesOfStays/", "", true},
    {"throughput_adds", "Store/ThroughputTest.InstancesAddToOneMinute/"},
    {"throughput_once", "Store/ThroughputTest.ABatchIsAddedOnce/"},
    {"throughput_recorded", "Store/ThroughputTest.AnOutcomeThatTwoHaveFoundIsCountedOnce/"},
    {"throughput_order", "Store/ThroughputTest.Rule14_TwoInstancesNeverWaitForEachOther/", "", true},
    {"throughput_kept", "Store/ThroughputTest.MinutesOfTwoDaysAreKept/"},
    {"adopt_busy", "Store/Adopt.NoOtherFlagsWhileItemsAreWorked/"},
    {"feed_writers", "Store/EventFeed.AnIdThatIsCommittedLateIsNotMissed/", "", true},
    {"budget_quota", "Store/PromiseF4.NoBucketIsOverdrawn/"},
    {"bucket_order", "Store/BudgetTest.TakeAllLocksInOneOrderWhateverTheOrderOfItsRequests/", "", true},
};

}  // namespace fencepost::store::testing

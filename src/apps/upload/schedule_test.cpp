// Schedules, and what they take, over a database.
#include <set>
#include <thread>

#include "apps/upload/testing/faulty.hpp"
#include "apps/upload/testing/scene.hpp"

namespace fencepost::upload {
namespace {

using namespace testing;
using core::StopAnswer;

class ScheduleTest : public Scene {};

TEST_P(ScheduleTest, TakesItsSeatItsPlaceInTheCapsAndItsCall) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  EXPECT_EQ(made.status, "scheduled");
  EXPECT_EQ(made.slot_at, slot(on, 3));
  EXPECT_EQ(made.run_at, made.slot_at - 2 * kHour);
  EXPECT_EQ(made.metadata.title, "Film v1.mp4");
  std::multiset<std::string> purposes;
  for (const auto& entry : held(made.id)) purposes.insert(entry.purpose);
  EXPECT_EQ(purposes, (std::multiset<std::string>{"insert", "publish", "publish", "seat"}));
  EXPECT_EQ(used(day_key(on.id, made.publish_day)), 1);
  EXPECT_EQ(used(kind_key(on.id, "short", made.publish_day)), 1);
  EXPECT_EQ(used(store::slot_key(seat_channel(on.id), made.slot_at)), 1);
  EXPECT_EQ(service_.history(made.id, 0, 10).at(0).kind, "created");
  expect_sound();
}

// "quota taken for today instead of the right day, or twice"
TEST_P(ScheduleTest, TakesTheQuotaOfTheDayOfItsUploadAndOnce) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 5));
  const auto day = quota_day(made.slot_at - 2 * kHour);
  EXPECT_EQ(made.quota_day, day);
  EXPECT_EQ(used({kUploadCalls, "default", day}), 1);
  EXPECT_EQ(used({kUploadCalls, "default", quota_day(now())}), 0);
}

TEST_P(ScheduleTest, OfAClassicProjectTakesUnits) {
  const auto project =
      in_transaction([](auto& c) { return add_project(c, "old", {.profile = Profile::classic}); });
  const auto on = channel({.project_id = project.id});
  const auto made = scheduled(on, slot(on, 3));
  EXPECT_EQ(used({kUnits, "old", made.quota_day}), 1'600);
  const auto status = status_of(*database_->acquire(), project, made.quota_day, 1);
  ASSERT_EQ(status.size(), 1U);
  EXPECT_EQ(status[0].limit, 10'000);
  EXPECT_EQ(status[0].used, 1'600);
}

TEST_P(ScheduleTest, ATimeThatIsTakenIsRefusedWithTheNextFreeOneAndNothingIsMoved) {
  const auto on = channel();
  scheduled(on, slot(on, 3));
  const auto refused = schedule(on, slot(on, 3)).refused.value();
  EXPECT_EQ(refused.code, "slot_taken");
  EXPECT_EQ(refused.next_free, service_.next_slot(on.id, "short")->slot_at);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_uploads"), 1);
  EXPECT_EQ(schedule(on, now() / 1'000'000 * 1'000'000 - kHour).refused->code, "slot_past");
  EXPECT_EQ(schedule(on, slot(on, 20)).refused->code, "beyond_horizon");
  EXPECT_EQ(schedule(on, slot(on, 4), "trailer").refused->code, "unknown_kind");
  expect_sound();
}

TEST_P(ScheduleTest, LimitsAreNamed) {
  const auto on = channel({.limits = {{{"final", 1}, {"short", 2}}}, .daily_max = {2}});
  scheduled(on, slot(on, 3, 0), "final");
  EXPECT_EQ(schedule(on, slot(on, 3, 1), "final").refused->code, "kind_full");
  scheduled(on, slot(on, 3, 1), "short");
  EXPECT_EQ(schedule(on, slot(on, 3, 2), "short").refused->code, "day_full");
  const auto project = in_transaction([](auto& c) { return add_project(c, "small", {.uploads = 1}); });
  const auto other = channel({.project_id = project.id});
  const auto first = scheduled(other, slot(other, 3, 0));
  EXPECT_EQ(schedule(other, slot(other, 3, 1)).refused->code, "quota_full");
  // The next free one is of a day whose quota is not taken.
  const auto next = service_.next_slot(other.id, "short", first.slot_at).value();
  EXPECT_NE(next.quota_day, first.quota_day);
  expect_sound();
}

TEST_P(ScheduleTest, AVideoIsOnAChannelOnce) {
  const auto on = channel(), other = channel();
  const auto film = video();
  const auto first = service_.schedule(on.id, {{film, "short"}}, Mode::all_or_nothing, {}, "ada").at(0);
  EXPECT_EQ(service_.schedule(on.id, {{film, "short"}}, Mode::all_or_nothing, {}, "ada").at(0).refused->code,
            "duplicate_upload");
  EXPECT_TRUE(service_.schedule(other.id, {{film, "short"}}, Mode::all_or_nothing, {}, "ada").at(0).upload);
  EXPECT_EQ(service_.cancel(first.upload->id, "ada"), StopAnswer::prevented);
  EXPECT_TRUE(service_.schedule(on.id, {{film, "short"}}, Mode::all_or_nothing, {}, "ada").at(0).upload);
  EXPECT_EQ(
      service_.schedule(on.id, {{film + 100, "short"}}, Mode::all_or_nothing, {}, "ada").at(0).refused->code,
      "unknown_video");
}

TEST_P(ScheduleTest, ABatchIsAllOrNothing) {
  const auto on = channel();
  const auto answers = service_.schedule(
      on.id, {{video(), "short"}, {video(), "short", now() / 1'000'000 * 1'000'000}, {video(), "short"}},
      Mode::all_or_nothing, {}, "ada");
  EXPECT_FALSE(answers[0].upload);
  EXPECT_EQ(answers[1].refused->code, "slot_past");
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_uploads"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_ledger"), 0);
}

TEST_P(ScheduleTest, ABatchOfBestEffortSpreadsOverSlotsAndDays) {
  // Hours from now and from each other, so that no slot is just over, or just within the horizon.
  std::vector<std::string> times;
  for (const auto hours : {3, 8, 13}) times.push_back(base::format_utc(now() + hours * kHour).substr(11, 5));
  std::sort(times.begin(), times.end());
  const auto on = channel({.slot_times = times, .horizon_days = 4});
  std::vector<Wish> wishes;
  for (int n = 0; n < 20; ++n) wishes.push_back({video(), "short"});
  const auto answers = service_.schedule(on.id, wishes, Mode::best_effort, {}, "ada");
  std::set<base::Micros> slots;
  std::map<std::string, int> days;
  for (const auto& answer : answers) {
    if (!answer.upload) {
      EXPECT_EQ(answer.refused->code, "no_free_slot");
      continue;
    }
    EXPECT_TRUE(slots.insert(answer.upload->slot_at).second);
    EXPECT_LE(++days[answer.upload->publish_day], 3);
  }
  EXPECT_EQ(slots.size(), 12U);
  expect_sound();
}

// "cancel that releases nothing"
TEST_P(ScheduleTest, ACancelGivesEverythingBack) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  EXPECT_EQ(service_.cancel(made.id, "ada"), StopAnswer::prevented);
  EXPECT_EQ(service_.cancel(made.id, "ada"), StopAnswer::already_stopped);
  EXPECT_EQ(service_.get(made.id)->status, "cancelled");
  EXPECT_TRUE(held(made.id).empty());
  EXPECT_EQ(count("SELECT CAST(coalesce(sum(used), 0) AS BIGINT) FROM fencepost_buckets"), 0);
  EXPECT_EQ(schedule(on, slot(on, 3)).upload->slot_at, made.slot_at);
  expect_sound();
}

TEST_P(ScheduleTest, WhatAnotherProgramCancelsIsGivenBackToo) {
  const auto on = channel();
  const auto first = scheduled(on, slot(on, 3)), second = scheduled(on, slot(on, 4));
  run("UPDATE fencepost_uploads SET status = 'cancelled' WHERE id = $1 OR id = $2", {first.id, second.id});
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_ledger"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_slots"), 0);
  EXPECT_EQ(count("SELECT CAST(coalesce(sum(used), 0) AS BIGINT) FROM fencepost_buckets"), 0);
  expect_sound();
}

// "`uploading` never written, failures never recorded"
TEST_P(ScheduleTest, WhatIsUploadingSaysSoAndAFailureIsRecordedAndGivesBackWhatWasNotSpent) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  due(made.id);
  const auto claim = claimed();
  EXPECT_EQ(service_.get(made.id)->status, "uploading");
  const auto permit = in_transaction(
      [&](auto& c) { return upload::permit(c, on.project_id, Call::insert, std::to_string(made.id)); });
  EXPECT_TRUE(permit.granted);
  fail(claim);
  const auto failed = service_.get(made.id).value();
  EXPECT_EQ(failed.status, "failed");
  EXPECT_EQ(failed.last_error, "it broke");
  ASSERT_EQ(held(made.id).size(), 1U);
  EXPECT_TRUE(held(made.id)[0].spent);
  // The call was made today, whatever day it had been reserved for.
  EXPECT_EQ(held(made.id)[0].key.window, quota_day(now()));
  EXPECT_EQ(word("SELECT kind FROM fencepost_notices"), "item_failed");
  expect_sound();
}

TEST_P(ScheduleTest, ARetryTakesAnewInTheWindowOfItsOwnTime) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  due(made.id);
  in_transaction(
      [&](auto& c) { return permit(c, on.project_id, Call::insert, std::to_string(made.id)).granted; });
  fail(claimed());
  const auto retried = service_.retry(made.id, When{slot(on, 6)}, "ada");
  ASSERT_EQ(retried.result, RetryResult::scheduled);
  EXPECT_EQ(retried.upload->slot_at, slot(on, 6));
  EXPECT_EQ(used({kUploadCalls, "default", retried.upload->quota_day}), 1);
  EXPECT_EQ(used({kUploadCalls, "default", quota_day(now())}), 1);
  EXPECT_EQ(service_.retry(made.id, std::nullopt, "ada").result, RetryResult::already_scheduled);
  expect_sound();
}

TEST_P(ScheduleTest, ARetryAtItsOldTimeIsRefusedWhereThatWasTakenMeanwhile) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  service_.cancel(made.id, "ada");
  scheduled(on, slot(on, 3));
  const auto retried = service_.retry(made.id, std::nullopt, "ada");
  EXPECT_EQ(retried.result, RetryResult::refused);
  EXPECT_EQ(retried.refused->code, "slot_taken");
  EXPECT_EQ(service_.get(made.id)->status, "cancelled");
  EXPECT_EQ(service_.retry(made.id, When{}, "ada").result, RetryResult::scheduled);
  expect_sound();
}

// "uploading again after an unknown outcome"
TEST_P(ScheduleTest, AnUnknownOneKeepsSeatAndCapAndIsNotRetried) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  due(made.id);
  settle(gate(claimed()).value(), store::Verdict::unknown);
  EXPECT_EQ(service_.get(made.id)->status, "unknown");
  EXPECT_EQ(service_.retry(made.id, When{}, "ada").result, RetryResult::outcome_unknown);
  EXPECT_EQ(service_.reschedule(made.id, {}, When{slot(on, 4)}, "ada").result, MoveResult::outcome_unknown);
  EXPECT_EQ(service_.cancel(made.id, "ada"), StopAnswer::outcome_unknown);
  EXPECT_EQ(held(made.id).size(), 4U);
  EXPECT_EQ(schedule(on, slot(on, 3)).refused->code, "slot_taken");
  // It did not happen: then everything comes back.
  run("UPDATE fencepost_effects SET deadline = 0 WHERE queue = 'uploads'");
  EXPECT_EQ(service_.resolve(made.id, false, "ada", "", ""), core::ResolveAnswer::resolved);
  EXPECT_TRUE(held(made.id).empty());
  expect_sound();
}

TEST_P(ScheduleTest, WhatIsUploadedKeepsItsPlaceAndIsPublishedWhenYouTubeSaysSo) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  due(made.id);
  settle(gate(claimed()).value(), store::Verdict::happened);
  EXPECT_EQ(service_.get(made.id)->status, "uploaded");
  EXPECT_EQ(service_.get(made.id)->post_id, "yt1");
  // The call was reserved and nobody said that it was made.
  EXPECT_EQ(held(made.id).size(), 3U);
  EXPECT_EQ(service_.cancel(made.id, "ada"), StopAnswer::already_done);
  EXPECT_EQ(service_.reschedule(made.id, {}, When{slot(on, 4)}, "ada").result, MoveResult::already_uploaded);
  EXPECT_TRUE(in_transaction([&](auto& c) { return set_published(c, made.id, made.slot_at); }));
  EXPECT_FALSE(in_transaction([&](auto& c) { return set_published(c, made.id, made.slot_at); }));
  EXPECT_EQ(service_.get(made.id)->status, "published");
  expect_sound();
}

TEST_P(ScheduleTest, ACancelBeforeTheLastPiecePreventsAndALaterOneSaysSo) {
  const auto on = channel();
  const auto first = scheduled(on, slot(on, 3));
  due(first.id);
  const auto claim = claimed();
  EXPECT_EQ(service_.cancel(first.id, "ada"), StopAnswer::prevented);
  EXPECT_FALSE(gate(claim));
  EXPECT_TRUE(held(first.id).empty());
  const auto second = scheduled(on, slot(on, 4));
  due(second.id);
  const auto effect = gate(claimed()).value();
  EXPECT_EQ(service_.cancel(second.id, "ada"), StopAnswer::in_flight);
  EXPECT_EQ(held(second.id).size(), 4U);
  // It failed certainly, and the stop that was wanted takes effect.
  settle(effect, store::Verdict::did_not_happen);
  EXPECT_TRUE(held(second.id).empty());
  expect_sound();
}

TEST_P(ScheduleTest, ARescheduleMovesEverythingOrNothing) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3)), other = scheduled(on, slot(on, 4));
  const auto refused = service_.reschedule(made.id, {}, When{other.slot_at}, "ada");
  EXPECT_EQ(refused.result, MoveResult::refused);
  EXPECT_EQ(refused.refused->code, "slot_taken");
  EXPECT_EQ(service_.get(made.id)->slot_at, made.slot_at);
  EXPECT_EQ(service_.reschedule(made.id, 9, When{slot(on, 5)}, "ada").result, MoveResult::version_conflict);
  const auto moved = service_.reschedule(made.id, 1, When{slot(on, 5)}, "ada");
  ASSERT_EQ(moved.result, MoveResult::moved);
  EXPECT_EQ(moved.upload->version, 2);
  EXPECT_EQ(moved.upload->slot_at, slot(on, 5));
  EXPECT_EQ(used(day_key(on.id, made.publish_day)), 0);
  EXPECT_EQ(used({kUploadCalls, "default", made.quota_day}), 0);
  EXPECT_EQ(service_.history(made.id, 0, 10).back().kind, "rescheduled");
  // Within a day that is full but for itself.
  const auto small = channel({.limits = {{{"short", 1}}}});
  const auto only = scheduled(small, slot(small, 3));
  EXPECT_EQ(service_.reschedule(only.id, {}, When{slot(small, 3, 1)}, "ada").result, MoveResult::moved);
  service_.cancel(only.id, "ada");
  EXPECT_EQ(service_.reschedule(only.id, {}, When{slot(small, 4)}, "ada").result, MoveResult::not_scheduled);
  expect_sound();
}

TEST_P(ScheduleTest, ARescheduleOfWhatIsUploadingTakesItFromItsWorker) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  due(made.id);
  const auto claim = claimed();
  EXPECT_EQ(service_.reschedule(made.id, {}, When{slot(on, 4)}, "ada").result, MoveResult::moved);
  EXPECT_FALSE(gate(claim));
  EXPECT_EQ(service_.get(made.id)->status, "scheduled");
  expect_sound();
}

TEST_P(ScheduleTest, AFaultBehindEachStatementTakesNothing) {
  const auto on = channel();
  FaultyDatabase faulty(database_.another());
  Service service(faulty, fence_, {});
  const std::vector<Wish> wishes{{video(), "short", slot(on, 3)}, {video(), "short"}};
  int statements = 0;
  for (;; ++statements) {
    faulty.fail_behind(statements + 1);
    bool in_doubt = false;
    try {
      service.schedule(on.id, wishes, Mode::all_or_nothing, {}, "ada");
      break;  // it has no more statements
    } catch (const base::InfraError& error) {
      in_doubt = error.in_doubt();
    }
    if (in_doubt) continue;  // the commit: it is there, and the repetition finds it
    ASSERT_EQ(count("SELECT count(*) FROM fencepost_uploads"), 0) << "behind statement " << statements + 1;
    ASSERT_EQ(count("SELECT count(*) FROM fencepost_ledger"), 0) << "behind statement " << statements + 1;
    ASSERT_EQ(count("SELECT CAST(coalesce(sum(used), 0) AS BIGINT) FROM fencepost_buckets"), 0);
    ASSERT_EQ(count("SELECT count(*) FROM fencepost_slots"), 0);
  }
  EXPECT_GT(statements, 15);
  EXPECT_LE(statements, 24) << "the rows that everybody wants are held for all of them";
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_uploads"), 2);
  expect_sound();
}

TEST_P(ScheduleTest, AFaultBehindEachStatementOfARescheduleMovesAllOrNothing) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  FaultyDatabase faulty(database_.another());
  Service service(faulty, fence_, {});
  for (int n = 1;; ++n) {
    faulty.fail_behind(n);
    try {
      EXPECT_EQ(service.reschedule(made.id, 1, When{slot(on, 4)}, "ada").result, MoveResult::moved);
      break;
    } catch (const base::InfraError&) {
      ASSERT_EQ(service_.get(made.id)->slot_at, made.slot_at) << "behind statement " << n;
    }
    expect_sound();
  }
  EXPECT_EQ(service_.get(made.id)->slot_at, slot(on, 4));
  EXPECT_EQ(service_.get(made.id)->version, 2);
  expect_sound();
}

// Held for longer than anybody waits: busy, which is retryable, and nothing was taken.
TEST_P(ScheduleTest, ABucketThatAnotherSessionHoldsIsBusyAndNotWaitedForTwice) {
  const auto on = channel();
  const auto day = scheduled(on, slot(on, 3)).quota_day;
  const auto film = video();
  auto impatient = store::Database::open(database_.url(),
                                         {.connections = 2, .lock_timeout = std::chrono::milliseconds(200)});
  Service service(*impatient, fence_, {});
  {
    auto lease = database_->acquire();
    store::Transaction holding(*lease);
    store::lock_buckets(*lease, {{kUploadCalls, "default", day}});
    try {
      service.schedule(on.id, {{film, "short", slot(on, 3, 1)}}, Mode::all_or_nothing, {}, "ada");
      FAIL() << "nobody waited";
    } catch (const base::InfraError& error) {
      EXPECT_TRUE(error.retryable() && !error.in_doubt());
    }
  }
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_uploads"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_slots"), 1);
  expect_sound();
}

TEST_P(ScheduleTest, ManyAtOnceExceedNothingAndEachAnswerIsWhatIsStored) {
  const auto project = in_transaction([](auto& c) { return add_project(c, "shared", {.uploads = 4}); });
  const std::vector<Channel> on{channel({.daily_max = {{2}}, .horizon_days = 6, .project_id = project.id}),
                                channel({.capacity = 2, .horizon_days = 6, .project_id = project.id})};
  std::atomic<int> made = 0, refused = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 12; ++thread)
      threads.emplace_back([&, thread] {
        for (int n = 0; n < 4; ++n) {
          const auto answer = schedule(on[static_cast<std::size_t>((thread + n) % 2)], {}, "short");
          if (!answer.upload) {
            EXPECT_EQ(answer.refused->code, "no_free_slot");
            ++refused;
            continue;
          }
          ++made;
          const auto stored = service_.get(answer.upload->id);
          EXPECT_EQ(stored->slot_at, answer.upload->slot_at);
          if (n < 3) continue;
          EXPECT_EQ(service_.cancel(stored->id, "ada"), StopAnswer::prevented);
        }
      });
  }
  EXPECT_EQ(made, count("SELECT count(*) FROM fencepost_uploads"));
  EXPECT_GT(refused, 0);
  expect_sound();
}

// Two channels of one project: the second has planned on the last call of the day when the first takes it.
TEST_P(ScheduleTest, ABucketThatFillsMeanwhileIsPlannedAroundAndNeverExceeded) {
  const auto project = in_transaction([](auto& c) { return add_project(c, "one", {.uploads = 1}); });
  const auto on = channel({.project_id = project.id}), other = channel({.project_id = project.id});
  // So that the day's bucket is there, and empty.
  const auto gone = scheduled(on, slot(on, 3));
  service_.cancel(gone.id, "ada");
  const auto film = video();
  const auto second = while_open(
      [&](store::Connection& c) {
        const auto& key = store::BucketKey{kUploadCalls, "one", gone.quota_day};
        EXPECT_FALSE(store::take(c, key, 1, 1, kQueue, "other", "insert", 0).full());
      },
      [&] {
        return service_.schedule(other.id, {{film, "short", slot(other, 3)}}, Mode::all_or_nothing, {},
                                 "bob");
      });
  EXPECT_TRUE(waited_);
  EXPECT_EQ(second.at(0).refused.value_or(Refused{}).code, "quota_full");
  EXPECT_EQ(used({kUploadCalls, "one", gone.quota_day}), 1);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_slots"), 0);
}

// Batches that need each other's days in another order of their videos: no deadlock, at the first try.
TEST_P(ScheduleTest, BatchesOfTwoChannelsDoNotLockOneAnotherOut) {
  const auto on = channel(), other = channel();
  const auto early = slot(on, 2), late = slot(on, 5);
  // So that there are buckets to lock.
  for (const auto at : {early, late}) service_.cancel(scheduled(on, at).id, "ada");
  FaultyDatabase watched(database_.another());
  Service service(watched, fence_, {});
  {
    std::vector<std::jthread> threads;
    for (int n = 0; n < 2; ++n)
      threads.emplace_back([&, n] {
        const auto& mine = n == 0 ? on : other;
        for (int round = 0; round < 15; ++round) {
          const auto answers = service.schedule(
              mine.id, {{video(), "short", n == 0 ? early : late}, {video(), "short", n == 0 ? late : early}},
              Mode::all_or_nothing, {}, "ada");
          for (const auto& answer : answers) service.cancel(answer.upload.value().id, "ada");
        }
      });
  }
  EXPECT_EQ(watched.deadlocks(), 0);
  expect_sound();
}

ON_BOTH(ScheduleTest);

}  // namespace
}  // namespace fencepost::upload

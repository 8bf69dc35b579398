// Bulk acts: the preview says what the act then does, and each item is decided by itself.

#include <future>

#include "rules.hpp"
#include "store/bulk.hpp"
#include "store/testing/doubtful.hpp"

namespace fencepost::store::testing {
namespace {

using core::State;
using Counts = std::map<std::string, std::int64_t>;

class BulkActs : public Rules {
 protected:
  BulkResult look(BulkAct what, const ItemFilter& filter = {}, int max = 1000) {
    return preview(world_->database(), fence(), what, filter, max);
  }
  // Whatever the preview promised is what happens where nobody interferes.
  BulkResult act_as_previewed(BulkAct what, const ItemFilter& filter = {}, int max = 1000) {
    const auto before = look(what, filter, max);
    const auto result = act(world_->database(), fence(), what, filter, max, "ada");
    EXPECT_EQ(result.answers, before.answers);
    EXPECT_EQ(result.states, before.states);
    EXPECT_EQ(result.items, before.items);
    EXPECT_EQ(result.more, before.more);
    return result;
  }
  // PostgreSQL: the act, begun beside a transaction that holds an item of it, once it waits for that one.
  std::future<BulkResult> waiting(BulkAct what) {
    auto acted = std::async(std::launch::async,
                            [=, this] { return act(world_->database(), fence(), what, {}, 10, "ada"); });
    // Somebody of this database waits: it is the act, on the row.
    while (acted.wait_for(seconds(0)) != std::future_status::ready &&
           world_->run("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                       "wait_event_type = 'Lock'")[0][0]
                   .integer() == 0) {
    }
    return acted;
  }
};

TEST_P(BulkActs, StopAnswersForEachItemByItself) {
  auto& w = once();
  for (const auto* item : {"1", "2", "3", "4", "5"}) w.add(item);
  const auto claims = fence().claim(w.a(), 4, hours(1), kWorker);
  fence().begin_effect(w.a(), claims[0], kPost);
  fence().settle_effect(w.a(), *fence().begin_effect(w.a(), claims[1], kPost), happened(), "worker");
  fence().settle_effect(w.a(), *fence().begin_effect(w.a(), claims[2], kPost),
                        {Verdict::unknown, "", "", "cut", {}}, "worker");
  const auto result = act_as_previewed(BulkAct::stop);
  EXPECT_EQ(result.answers,
            (Counts{{"in_flight", 1}, {"already_done", 1}, {"outcome_unknown", 1}, {"prevented", 2}}));
  EXPECT_EQ(result.states,
            (Counts{{"sending", 1}, {"done", 1}, {"unknown", 1}, {"claimed", 1}, {"queued", 1}}));
  EXPECT_EQ(act_as_previewed(BulkAct::stop, {.states = {State::stopped}}).answers,
            (Counts{{"already_stopped", 2}}));
}

TEST_P(BulkActs, RetryTakesFailedItemsAndRequeueAlsoDoneOnes) {
  auto& w = repeatable();
  for (const auto* item : {"d", "f", "s", "q"}) w.add(item);
  w.run("UPDATE {table} SET {status} = 'Completed' WHERE {key} = 'd'");
  w.run("UPDATE {table} SET {status} = 'Error', {last_error} = '503 from b.example' WHERE {key} = 'f'");
  w.run("UPDATE {table} SET {status} = 'Cancelled' WHERE {key} = 's'");
  EXPECT_EQ(act_as_previewed(BulkAct::retry, {.error = "404"}).items, 0);
  EXPECT_EQ(act_as_previewed(BulkAct::retry, {.error = "503"}).answers, (Counts{{"rearmed", 1}}));
  EXPECT_EQ(act_as_previewed(BulkAct::requeue).answers, (Counts{{"rearmed", 2}}));
  EXPECT_EQ(act_as_previewed(BulkAct::requeue, {.states = {State::queued}}).answers,
            (Counts{{"already_armed", 4}}));
  EXPECT_THROW(look(BulkAct::retry, {.states = {State::stopped}}), base::UserError);
  EXPECT_THROW(look(BulkAct::stop, {}, 0), base::UserError);
}

TEST_P(BulkActs, TheFilterMeansTheSameInSqlAndUnderTheLock) {
  auto& w = repeatable();
  for (int i = 0; i < 10; ++i) {
    w.add("i" + std::to_string(i));
    w.run("UPDATE {table} SET {run_at} = ?1 WHERE {key} = ?2",
          {std::int64_t{1'000'000} * i, "i" + std::to_string(i)});
  }
  EXPECT_EQ(act_as_previewed(BulkAct::stop, {.items = {"i1", "i7", "none"}}).items, 2);
  EXPECT_EQ(act_as_previewed(BulkAct::stop, {.due_from = 2'000'000, .due_until = 5'000'000}).items, 3);
  EXPECT_EQ(act_as_previewed(BulkAct::stop, {.overdue = hours(24 * 365 * 40)}).items, 10);
  EXPECT_EQ(act_as_previewed(BulkAct::stop, {.overdue = hours(24 * 365 * 400)}).items, 0);
  once().add("1");
  EXPECT_EQ(act_as_previewed(BulkAct::stop, {.items = {"no number", "2"}}).items, 0);
  EXPECT_EQ(act_as_previewed(BulkAct::stop, {.items = {"no number", "1"}}).items, 1);
}

TEST_P(BulkActs, ManyItemsGoInStepsUpToTheMost) {
  auto& w = once();
  w.a().begin();
  for (int i = 1; i <= 650; ++i)
    w.run(w.a(), "INSERT INTO {table} ({key}, {status}) VALUES (?1, 'queued')", {i});
  w.a().commit();
  auto result = act_as_previewed(BulkAct::stop, {.states = {State::queued}}, 200);
  EXPECT_TRUE(result.more);
  EXPECT_EQ(result.answers, (Counts{{"prevented", 200}}));
  EXPECT_EQ(count("{table} WHERE {status} = 'stopped' AND {key} <= 200"), 200) << "in the order of keys";
  result = act_as_previewed(BulkAct::stop, {.states = {State::queued}}, 450);
  EXPECT_FALSE(result.more);
  EXPECT_EQ(result.answers, (Counts{{"prevented", 450}}));
}

// What was found failed, and is stopped before its lock is there, was not meant.
TEST_P(BulkActs, WhatChangedMeanwhileIsLeftAlone) {
  auto& w = repeatable();
  w.add();
  foreign("{status} = 'Error'");
  if (!postgres()) {
    EXPECT_EQ(act_as_previewed(BulkAct::retry).answers, (Counts{{"rearmed", 1}}));
    return;
  }
  w.a().begin();
  fence().stop(w.a(), "1", "eve");
  auto retried = waiting(BulkAct::retry);
  w.a().commit();
  EXPECT_EQ(retried.get().answers, (Counts{{"changed", 1}}));
  EXPECT_EQ(row().state, State::stopped);
}

TEST_P(BulkActs, AnApplicationArmsItsItemsInItsOwnWay) {
  auto& w = once();
  for (const auto* item : {"1", "2", "3", "4", "5"}) w.add(item);
  w.run("UPDATE {table} SET {status} = 'failed' WHERE {key} <> 5");
  std::vector<std::string> armed;
  const Arm arm = [&](const Arming& one) -> std::string {
    if (one.item == "1") throw base::UserError("too_late", "its time is over");
    if (one.item == "2") return "slot_taken";
    if (one.item == "3") w.run("UPDATE {table} SET {status} = 'stopped' WHERE {key} = 3");
    return world_->database().retrying([&](Connection& connection) -> std::string {
      Transaction transaction(connection);
      const auto held = fence().hold(connection, {one.item});
      if (!one.meant(held.at(0))) return "changed";
      const auto answer = fence().rearm(connection, held, one.actor).at(0);
      if (!one.preview) transaction.commit();
      if (!one.preview) armed.push_back(one.item + " by " + one.actor);
      return std::string(name(answer));
    });
  };
  const auto before =
      preview(world_->database(), fence(), BulkAct::retry, {.items = {"1", "2", "4"}}, 10, arm);
  EXPECT_EQ(before.answers, (Counts{{"too_late", 1}, {"slot_taken", 1}, {"rearmed", 1}}));
  EXPECT_EQ(row("4").state, State::failed) << "a preview writes nothing";
  const auto result = act(world_->database(), fence(), BulkAct::retry, {}, 10, "ada", arm);
  EXPECT_EQ(result.answers, (Counts{{"too_late", 1}, {"slot_taken", 1}, {"changed", 1}, {"rearmed", 1}}));
  EXPECT_EQ(result.states, (Counts{{"failed", 3}, {"stopped", 1}}));
  EXPECT_EQ(armed, std::vector<std::string>{"4 by ada"});
  EXPECT_EQ(row("1").state, State::failed);
  EXPECT_EQ(act(world_->database(), fence(), BulkAct::stop, {.items = {"5"}}, 10, "ada", arm).answers,
            (Counts{{"prevented", 1}}))
      << "what only ends has no way of its own";
}

TEST_P(BulkActs, Rule14WhatTheTableRefusesOfOneKeepsNoOtherFromIt) {
  auto& w = once();
  for (const auto* item : {"1", "2", "3"}) w.add(item);
  w.run("UPDATE {table} SET {status} = 'failed'");
  w.add("4");
  w.run("UPDATE {table} SET {run_at} = 4 WHERE {key} IN (2, 4)");
  w.run("CREATE UNIQUE INDEX one_at_a_time ON {table} ({run_at}) WHERE {status} = 'queued' AND {run_at} > 0");
  const auto result = act(world_->database(), fence(), BulkAct::retry, {}, 10, "ada");
  EXPECT_EQ(result.answers, (Counts{{"rearmed", 2}, {"refused_by_table", 1}}));
  EXPECT_EQ(result.items, 3);
  EXPECT_EQ(row("1").state, State::queued);
  EXPECT_EQ(row("2").state, State::failed);
  EXPECT_EQ(row("3").state, State::queued);
}

// The step is repeated, and finds what it did itself: an answer to be told, and so to be made certain.
TEST_P(BulkActs, Rule04AfterADoubtItAnswersWhatItDid) {
  auto& w = once();
  for (const auto* item : {"1", "2"}) w.add(item);
  w.run("UPDATE {table} SET {status} = 'failed'");
  DoubtfulDatabase doubtful(Database::open(w.url(), patient()));
  const auto epoch = [&] { return w.run("SELECT epoch FROM fencepost_epoch")[0][0].integer(); };
  for (const auto what : {BulkAct::retry, BulkAct::stop}) {
    const bool stops = what == BulkAct::stop;
    const auto before = epoch();
    doubtful.doubt(DoubtfulDatabase::Fate::kept);
    const auto result =
        act(doubtful, fence(), what, {.states = {stops ? State::queued : State::failed}}, 10, "ada");
    EXPECT_EQ(result.answers, (Counts{{stops ? "already_stopped" : "already_armed", 2}}));
    EXPECT_EQ(doubtful.left(), 0);
    EXPECT_GT(epoch(), before) << "seen is not yet safe";
  }
}

// What would have to be written again was done by somebody else since: it is not meant, as ever.
TEST_P(BulkActs, Rule04AfterADoubtNobodysWordIsOverturned) {
  auto& w = once();
  for (const auto* item : {"1", "2"}) w.add(item);
  w.run("UPDATE {table} SET {status} = 'failed'");
  DoubtfulDatabase doubtful(Database::open(w.url(), patient()));
  doubtful.doubt(DoubtfulDatabase::Fate::lost);
  doubtful.meanwhile([&] { fence().stop(w.a(), "1", "eve"); });
  EXPECT_EQ(act(doubtful, fence(), BulkAct::retry, {}, 10, "ada").answers,
            (Counts{{"changed", 1}, {"rearmed", 1}}));
  EXPECT_EQ(row("1").state, State::stopped);
}

// Rule 14: a step takes its items in the order of their keys, and decides each by what it is under its lock.
TEST_P(BulkActs, AStepTakesItsItemsInOrderAndDecidesAfterItsWait) {
  auto& w = once();
  for (const auto* item : {"9", "10", "11", "12"}) w.add(item);
  const auto claims = fence().claim(w.a(), 4, hours(1), kWorker);
  const auto eleventh =
      std::find_if(claims.begin(), claims.end(), [](const Claim& c) { return c.item == "11"; });
  ASSERT_NE(eleventh, claims.end());
  w.a().begin();
  ASSERT_TRUE(fence().begin_effect(w.a(), *eleventh, kPost));
  if (!postgres()) {
    w.a().commit();
    EXPECT_EQ(act_as_previewed(BulkAct::stop).answers, (Counts{{"prevented", 3}, {"in_flight", 1}}));
    return;
  }
  auto stopped = waiting(BulkAct::stop);
  const auto free = w.run("SELECT {key}::text FROM {table} FOR NO KEY UPDATE SKIP LOCKED");
  ASSERT_EQ(free.size(), 1U);
  EXPECT_EQ(free[0][0].text(), "12") << "what comes behind the one that it waits for";
  w.a().commit();
  EXPECT_EQ(stopped.get().answers, (Counts{{"prevented", 3}, {"in_flight", 1}}));
  EXPECT_EQ(row("11").state, State::sending);
  EXPECT_TRUE(row("11").stop_wanted);
  EXPECT_EQ(row("12").state, State::stopped);
}

TEST_P(BulkActs, PagesFollowTheKeys) {
  auto& w = once();
  for (const auto* item : {"2", "10", "1"}) w.add(item);
  std::vector<std::string> seen;
  std::optional<std::string> after;
  for (;;) {
    const auto page = items_page(w.a(), fence(), {}, after, 2);
    for (const auto& s : page) seen.push_back(s.item);
    if (page.size() < 2) break;
    after = page.back().item;
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"1", "2", "10"}));
  EXPECT_THROW(items_page(w.a(), fence(), {}, "x", 2), base::UserError);
}

ON_BOTH_DATABASES(BulkActs);

}  // namespace
}  // namespace fencepost::store::testing

// Periodic work (rule 15).
#include "store/schedules.hpp"

#include <atomic>
#include <latch>
#include <thread>

#include "both_databases.hpp"
#include "core/cron.hpp"
#include "store/migrate.hpp"

namespace fencepost::store::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kLease = seconds(60);
constexpr Micros kMinute = 60'000'000;

class SchedulesTest : public BothDatabases {
 protected:
  struct Stored {
    Micros tick, run_at;
    std::string status;
    int attempt;
    std::int64_t fence;
    std::optional<std::string> error;
  };

  SchedulesTest()
      : world_(GetParam(), core::Kind::repeatable),
        fence_(schedule_queue(), GetParam(), own_schema(world_.onlooker())) {
    fence_.install(world_.onlooker());
    fence_.check(world_.onlooker());
  }
  ~SchedulesTest() override { shift_clock(world_, Duration(0)); }

  Connection& a() { return world_.a(); }
  Micros now() { return world_.run("SELECT fencepost_now()")[0][0].integer(); }
  Stored stored() {
    const auto row =
        world_.run("SELECT tick, run_at, status, attempt, fence, last_error FROM fencepost_schedules")
            .rows.at(0);
    return {row[0].integer(), row[1].integer(),   row[2].text(), static_cast<int>(row[3].integer()),
            row[4].integer(), row[5].maybe_text()};
  }
  // Moves the clock on until the schedule is due by `late`, and claims it.
  Claim claim_when_due(Duration late = seconds(1)) {
    shift_ += Duration(stored().run_at - now()) + late;
    shift_clock(world_, shift_);
    auto claims = fence_.claim(a(), 10, kLease, 7);
    EXPECT_EQ(claims.size(), 1U);
    return claims.at(0);
  }

  World world_;
  Fence fence_;
  Duration shift_{0};
};

TEST_P(SchedulesTest, Rule15_TheFirstTickLiesAhead) {
  EXPECT_TRUE(upsert_schedule(a(), "sweep", "every 5m", "UTC"));
  const auto s = stored();
  EXPECT_GT(s.tick, now());
  EXPECT_LE(s.tick, now() + 5 * kMinute);
  EXPECT_EQ(s.run_at, s.tick);
  EXPECT_TRUE(fence_.claim(a(), 10, kLease, 7).empty());
}

TEST_P(SchedulesTest, Rule15_WhatCannotBeReadIsRefused) {
  for (const auto& [spec, zone, code] : {std::tuple{"every now and then", "UTC", "invalid_schedule"},
                                         {"0 0 30 2 *", "UTC", "invalid_schedule"},
                                         {"0 9 * * *", "Europe/Atlantis", "invalid_zone"}}) {
    try {
      upsert_schedule(a(), "sweep", spec, zone);
      ADD_FAILURE() << spec;
    } catch (const base::UserError& error) {
      EXPECT_EQ(error.code(), code);
    }
  }
  EXPECT_TRUE(world_.run("SELECT 1 FROM fencepost_schedules").empty());
}

TEST_P(SchedulesTest, Rule15_TheSameScheduleAgainChangesNothing) {
  upsert_schedule(a(), "sweep", "every 5m", "UTC");
  const auto before = stored();
  EXPECT_FALSE(upsert_schedule(a(), "sweep", "every 5m", "UTC"));
  EXPECT_EQ(stored().tick, before.tick);
  EXPECT_EQ(stored().fence, before.fence);
  EXPECT_TRUE(upsert_schedule(a(), "sweep", "every 2h", "UTC"));
  EXPECT_GT(stored().tick, before.tick);
  EXPECT_EQ(stored().run_at, stored().tick);
}

TEST_P(SchedulesTest, Rule15_SettlingStoresTheNextTick) {
  upsert_schedule(a(), "sweep", "every 5m", "UTC");
  const auto first = stored().tick;
  const auto claim = claim_when_due();
  EXPECT_EQ(claim.payload.find("sweep") != std::string::npos, true) << claim.payload;
  EXPECT_EQ(settle_tick(a(), fence_, claim, {}), SettleAnswer::settled);
  const auto s = stored();
  EXPECT_EQ(s.status, "queued");
  EXPECT_EQ(s.tick, first + 5 * kMinute);
  EXPECT_EQ(s.run_at, s.tick);
}

TEST_P(SchedulesTest, Rule15_MissedTicksCoalesce) {
  upsert_schedule(a(), "sweep", "every 5m", "UTC");
  const auto first = stored().tick;
  const auto claim = claim_when_due(minutes(52));
  EXPECT_EQ(settle_tick(a(), fence_, claim, {}), SettleAnswer::settled);
  EXPECT_EQ(stored().tick, first + 55 * kMinute) << "one tick for the eleven that passed, in phase";
  EXPECT_TRUE(fence_.claim(a(), 10, kLease, 7).empty());
}

TEST_P(SchedulesTest, Rule15_TheClockGoingBackDoesNotRepeatATick) {
  upsert_schedule(a(), "sweep", "every 5m", "UTC");
  const auto first = stored().tick;
  const auto claim = claim_when_due();
  shift_clock(world_, shift_ - hours(1));
  EXPECT_EQ(settle_tick(a(), fence_, claim, {}), SettleAnswer::settled);
  EXPECT_EQ(stored().tick, first + 5 * kMinute);
}

TEST_P(SchedulesTest, Rule15_OfManyInstancesOneRunsATick) {
  upsert_schedule(a(), "sweep", "every 5m", "UTC");
  shift_clock(world_, Duration(stored().run_at - now()) + seconds(1));
  std::latch start(8);
  std::atomic<int> claimed = 0;
  {
    std::vector<std::jthread> instances;
    for (int n = 1; n <= 8; ++n)
      instances.emplace_back([&, n] {
        auto connection = world_.database().acquire();
        start.arrive_and_wait();
        claimed += static_cast<int>(fence_.claim(*connection, 10, kLease, n).size());
      });
  }
  EXPECT_EQ(claimed, 1);
}

TEST_P(SchedulesTest, Rule15_AnErrorIsShownAndTheNextTickComes) {
  upsert_schedule(a(), "sweep", "every 5m", "UTC");
  EXPECT_EQ(settle_tick(a(), fence_, claim_when_due(), "the disk is full"), SettleAnswer::settled);
  EXPECT_EQ(stored().error, "the disk is full");
  EXPECT_EQ(settle_tick(a(), fence_, claim_when_due(), {}), SettleAnswer::settled);
  EXPECT_EQ(stored().error, std::nullopt);
}

TEST_P(SchedulesTest, Rule15_AScheduleIsNeverTerminal) {
  upsert_schedule(a(), "sweep", "every 5m", "UTC");
  for (int crash = 0; crash < 20; ++crash) {
    const auto claim = claim_when_due();
    const auto held = fence_.held_by(a(), 7);
    ASSERT_EQ(held.size(), 1U);
    EXPECT_EQ(fence_.rescue(a(), held[0], true, 0.5), core::State::queued);
  }
  EXPECT_EQ(stored().attempt, 20);
  EXPECT_EQ(settle_tick(a(), fence_, claim_when_due(), {}), SettleAnswer::settled);
  EXPECT_EQ(stored().attempt, 0) << "the next tick begins anew";
}

TEST_P(SchedulesTest, Rule15_ARepeatedSettlementIsRecordedOnce) {
  upsert_schedule(a(), "sweep", "every 5m", "UTC");
  const auto claim = claim_when_due();
  EXPECT_EQ(settle_tick(a(), fence_, claim, {}), SettleAnswer::settled);
  const auto once = stored();
  EXPECT_EQ(settle_tick(a(), fence_, claim, {}), SettleAnswer::settled);
  EXPECT_EQ(stored().tick, once.tick);
  EXPECT_EQ(stored().fence, once.fence);
}

TEST_P(SchedulesTest, Rule15_AStaleWorkerChangesNothing) {
  upsert_schedule(a(), "sweep", "every 5m", "UTC");
  const auto old = claim_when_due();
  EXPECT_EQ(fence_.rescue(a(), fence_.held_by(a(), 7).at(0), true, 0.5), core::State::queued);
  EXPECT_EQ(settle_tick(a(), fence_, old, {}), SettleAnswer::stale);
  const auto current = claim_when_due();
  const auto before = stored();
  EXPECT_EQ(settle_tick(a(), fence_, old, {}), SettleAnswer::stale);
  EXPECT_EQ(stored().fence, before.fence);
  EXPECT_EQ(stored().tick, before.tick);
  EXPECT_EQ(settle_tick(a(), fence_, current, {}), SettleAnswer::settled);
}

TEST_P(SchedulesTest, Rule15_AStopMeanwhileTakesEffectAndCanBeTakenBack) {
  upsert_schedule(a(), "sweep", "every 5m", "UTC");
  const auto claim = claim_when_due();
  EXPECT_EQ(fence_.stop(a(), claim.item, "ann"), core::StopAnswer::in_flight);
  EXPECT_EQ(settle_tick(a(), fence_, claim, {}), SettleAnswer::stopped);
  EXPECT_EQ(settle_tick(a(), fence_, claim, {}), SettleAnswer::stopped);
  EXPECT_EQ(stored().status, "stopped");
  EXPECT_EQ(fence_.rearm(a(), claim.item, "ann"), RearmAnswer::rearmed);
  EXPECT_EQ(settle_tick(a(), fence_, claim_when_due(), {}), SettleAnswer::settled);
}

TEST_P(SchedulesTest, Rule15_ANewSpecDoesNotRevokeARunningTick) {
  upsert_schedule(a(), "sweep", "every 5m", "UTC");
  const auto first = stored().tick;
  const auto claim = claim_when_due();
  EXPECT_TRUE(upsert_schedule(a(), "sweep", "every 1h", "UTC"));
  EXPECT_EQ(settle_tick(a(), fence_, claim, {}), SettleAnswer::settled);
  EXPECT_EQ(stored().tick, first + 60 * kMinute);
}

TEST_P(SchedulesTest, Rule15_AScheduleThatCannotBeReadAnyMoreSaysSoAndIsTriedAgain) {
  upsert_schedule(a(), "sweep", "0 9 * * *", "Europe/Berlin");
  world_.run("UPDATE fencepost_schedules SET zone = 'Europe/Atlantis'");
  EXPECT_EQ(settle_tick(a(), fence_, claim_when_due(), {}), SettleAnswer::settled);
  const auto s = stored();
  EXPECT_EQ(s.status, "queued");
  EXPECT_NE(s.error.value_or("").find("Atlantis"), std::string::npos) << s.error.value_or("(none)");
  EXPECT_GT(s.run_at, now());
  EXPECT_LE(s.run_at, now() + 60 * kMinute);
}

TEST_P(SchedulesTest, Rule15_SettlementAndTickAreOneTransaction) {
  upsert_schedule(a(), "sweep", "every 5m", "UTC");
  const auto claim = claim_when_due();
  const auto before = stored();
  a().begin();
  EXPECT_EQ(settle_tick(a(), fence_, claim, {}), SettleAnswer::settled);
  a().rollback();
  EXPECT_EQ(stored().tick, before.tick);
  EXPECT_EQ(stored().status, "claimed");
}

ON_BOTH_DATABASES(SchedulesTest);

}  // namespace
}  // namespace fencepost::store::testing

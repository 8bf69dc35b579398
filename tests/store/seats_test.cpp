// Seats in slots, and takes beside them (DESIGN section 3, promise F4).
#include "budgets.hpp"

namespace fencepost::store::testing {
namespace {

TEST_P(BudgetTest, SixtyFourThreadsOnOneSeatGiveItOnce) {
  World world(GetParam(), core::Kind::once, patient(64));
  const int granted = on_64_threads(world, [](auto& c, const std::string& item) {
    return sit(c, "channel-1", kSlot, 1, "posts", item).outcome == Seat::granted;
  });
  EXPECT_EQ(granted, 1);
  expect_bucket(world, slot_key("channel-1", kSlot), 1, 1);
  EXPECT_EQ(world.run("SELECT count(*) FROM fencepost_slots")[0][0].integer(), 1);
}

TEST_P(BudgetTest, SeatsAboveALoweredCapacityStillCount) {
  World world(GetParam(), core::Kind::once);
  const auto seat = [&](const std::string& item) {
    return in_transaction(world.a(), [&](auto& c) { return sit(c, "channel-1", kSlot, 3, "posts", item); });
  };
  for (int n = 1; n <= 3; ++n) EXPECT_EQ(seat(std::to_string(n)).seat, n);
  EXPECT_EQ(seat("4").outcome, Seat::full);
  for (const auto* item : {"1", "2"})
    EXPECT_EQ(in_transaction(world.a(), [&](auto& c) { return release(c, "posts", item).size(); }), 1U);
  in_transaction(world.a(), [](auto& c) { return set_quota(c, slot_key("channel-1", kSlot), 2).used; });
  const auto granted = seat("4");
  EXPECT_EQ(granted.outcome, Seat::granted);
  EXPECT_EQ(granted.seat, 1);
  EXPECT_EQ(seat("5").outcome, Seat::full) << "seat 2 is free, but seat 3 counts";
}

TEST_P(BudgetTest, AnItemHasOneSeat) {
  World world(GetParam(), core::Kind::once);
  const auto seat = [&](base::Micros at) {
    return in_transaction(world.a(), [&](auto& c) { return sit(c, "channel-1", at, 3, "posts", "1"); });
  };
  EXPECT_EQ(seat(kSlot).outcome, Seat::granted);
  EXPECT_EQ(seat(kSlot).outcome, Seat::already_taken);
  EXPECT_EQ(seat(kSlot).seat, 1);
  EXPECT_EQ(seat(kSlot + 1).outcome, Seat::elsewhere);
  expect_bucket(world, slot_key("channel-1", kSlot), 3, 1);
  EXPECT_EQ(in_transaction(world.a(), [](auto& c) { return release(c, "posts", "1"); }).size(), 1U);
  EXPECT_EQ(seat(kSlot + 1).outcome, Seat::granted);
  expect_bucket(world, slot_key("channel-1", kSlot), 3, 0);
}

TEST_P(BudgetTest, TakesAndSeatsAreAllOrNothing) {
  World world(GetParam(), core::Kind::once);
  const auto both = [&](std::vector<TakeRequest> takes, std::vector<SeatRequest> seats) {
    return in_transaction(world.a(), [&](auto& c) { return take_all(c, takes, seats); });
  };
  const TakeRequest one{kDay, 5, 3, "posts", "1", "upload", 0}, two{kDay, 5, 2, "posts", "2", "upload", 0};
  const SeatRequest seat1{"channel-1", kSlot, 2, "posts", "1"}, seat2{"channel-1", kSlot, 2, "posts", "2"};
  const auto granted = both({one, two}, {seat1, seat2});
  ASSERT_FALSE(granted.full.has_value());
  EXPECT_EQ(granted.seats[0].seat, 1);
  EXPECT_EQ(granted.seats[1].seat, 2);
  EXPECT_EQ(granted.takes[0].used, 5) << "of both: they were taken in one step";
  expect_bucket(world, kDay, 5, 5);
  expect_bucket(world, slot_key("channel-1", kSlot), 2, 2);

  // A bucket that has room for one of two has room for none; a slot that is full takes everything with it.
  const TakeRequest three{kNextDay, 5, 3, "posts", "3", "upload", 0},
      four{kNextDay, 5, 3, "posts", "4", "upload", 0};
  EXPECT_EQ(both({three, four}, {}).full, 0U);
  expect_bucket(world, kNextDay, 5, 0);
  EXPECT_EQ(both({three}, {{"channel-1", kSlot, 2, "posts", "3"}}).full, 1U);
  expect_bucket(world, kNextDay, 5, 0);

  // Of two seats the second belongs to somebody who sits elsewhere: the first is free again.
  const SeatRequest later3{"channel-1", kSlot + 1, 2, "posts", "3"},
      later2{"channel-1", kSlot + 1, 2, "posts", "2"};
  const auto elsewhere = both({three}, {later3, later2});
  EXPECT_EQ(elsewhere.full, 2U);
  EXPECT_EQ(elsewhere.seats[1].outcome, Seat::elsewhere);
  EXPECT_EQ(elsewhere.seats[1].seat, 2);
  expect_bucket(world, kNextDay, 5, 0);
  expect_bucket(world, slot_key("channel-1", kSlot + 1), 2, 0);
  EXPECT_EQ(world.run("SELECT count(*) FROM fencepost_slots")[0][0].integer(), 2);
}

TEST_P(BudgetTest, ASpentSeatIsKept) {
  World world(GetParam(), core::Kind::once);
  in_transaction(world.a(), [](auto& c) { return sit(c, "channel-1", kSlot, 1, "posts", "1").seat; });
  in_transaction(world.a(), [](auto& c) { return mark_spent(c, "posts", "1", "seat", 0); });
  EXPECT_TRUE(in_transaction(world.a(), [](auto& c) { return release(c, "posts", "1"); }).empty());
  EXPECT_EQ(
      in_transaction(world.a(), [](auto& c) { return sit(c, "channel-1", kSlot, 1, "posts", "2").outcome; }),
      Seat::full);
}

}  // namespace
}  // namespace fencepost::store::testing

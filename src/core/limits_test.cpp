#include "core/limits.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.hpp"
#include "core/state.hpp"

namespace fencepost::core {
namespace {

using std::chrono::seconds;

Limits limits(int concurrency, int per_key) {
  Limits l;
  l.concurrency = concurrency;
  l.per_key = per_key;
  if (per_key > 0) l.key = "host";
  return l;
}

// PostgreSQL would cut "fencepost_NAME_ix_due" and all its like to the same 63 bytes.
TEST(QueueName, IsShortEnoughForWhatIsNamedAfterIt) {
  Queue queue;
  queue.table = "t";
  queue.name = std::string(40, 'q');
  EXPECT_NO_THROW(validate(queue));
  EXPECT_LE(("fencepost_" + queue.name + "_fn_finished").size(), 63U);
  queue.name += 'q';
  try {
    validate(queue);
    ADD_FAILURE() << "a name of 41";
  } catch (const base::UserError& error) {
    EXPECT_NE(std::string(error.what()).find("1 to 40"), std::string::npos) << error.what();
  }
}

TEST(Limits, SaysWhatCannotBeUsed) {
  EXPECT_EQ(problem({}), "");
  EXPECT_EQ(problem(limits(4, 2)), "");
  auto negative = limits(0, 2);
  negative.in_flight = std::chrono::seconds(-1);
  EXPECT_NE(problem(negative), "");
  auto l = limits(-1, 0);
  EXPECT_NE(problem(l), "");
  l = limits(0, 2);
  l.key.reset();
  EXPECT_NE(problem(l), "") << "a limit per key without a key";
  l = limits(1, 0);
  l.key = "host";
  EXPECT_NE(problem(l), "") << "a key that limits nothing";
  l = limits(0, 0);
  l.key = "host";
  l.rate = {10, seconds(1), 0};
  EXPECT_NE(problem(l), "") << "a bucket that holds nothing";
  l.rate.burst = 1;
  EXPECT_EQ(problem(l), "");
  l.rate.per = base::Duration(9);
  EXPECT_NE(problem(l), "") << "faster than the clock";
  Queue queue;
  queue.name = queue.table = "jobs";
  queue.limits = l;
  EXPECT_THROW(validate(queue), base::UserError);
}

TEST(Limits, ARateIsNeverFasterThanAsked) {
  EXPECT_EQ((Rate{3, seconds(1), 1}.interval()), 333'334);
  EXPECT_EQ((Rate{1, seconds(2), 1}.interval()), 2'000'000);
}

TEST(Seating, GivesTheLowestFreeSeatsOfBothScopes) {
  const auto l = limits(3, 2);
  Seating seating(l);
  seating.taken("key", "a", 1);
  seating.taken("queue", "", 1);
  EXPECT_EQ(seating.give("a"), (std::vector<Seat>{{kKeySeats, "a", 2}, {kQueueSeats, "", 2}}));
  EXPECT_EQ(seating.give("a"), std::nullopt) << "a is full, and takes no seat of the queue either";
  EXPECT_EQ(seating.give(std::nullopt), (std::vector<Seat>{{kQueueSeats, "", 3}}));
  EXPECT_EQ(seating.give("b"), std::nullopt) << "the queue is full";
}

TEST(Seating, SeatsAboveALoweredLimitCount) {
  const auto l = limits(0, 2);
  Seating seating(l);
  seating.taken("key", "a", 7);
  EXPECT_EQ(seating.give("a"), (std::vector<Seat>{{kKeySeats, "a", 1}}));
  EXPECT_EQ(seating.give("a"), std::nullopt);
}

// What the comment of Seating claims: any number may choose from counts that are as old as they like, and the
// table's key alone decides.
RC_GTEST_PROP(Seating, OldCountsNeverExceedTheLimit, ()) {
  const int limit = *rc::gen::inRange(1, 5);
  const auto l = limits(0, limit);
  // Left from a higher limit; they only go away.
  auto now = *rc::gen::container<std::set<int>>(rc::gen::inRange(1, 8));
  while (static_cast<int>(now.size()) > limit) now.erase(now.begin());
  std::vector<std::set<int>> seen{now};
  for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1000))) {
    if (step % 3 == 0 && !now.empty()) {
      now.erase(std::next(now.begin(), step % static_cast<int>(now.size())));
    } else {
      Seating seating(l);
      for (const int number : seen[static_cast<std::size_t>(step) % seen.size()])
        seating.taken("key", "a", number);
      for (int want = 1 + step % 2; want > 0; --want)
        if (const auto seats = seating.give("a")) now.insert(seats->at(0).number);
    }
    RC_ASSERT(static_cast<int>(now.size()) <= limit);
    seen.push_back(now);
  }
}

}  // namespace
}  // namespace fencepost::core

// Slots and days where clocks change. Pure.
#include "apps/upload/slots.hpp"

#include <gtest/gtest.h>

#include "core/local_time.hpp"
#include "core/window.hpp"

namespace fencepost::upload {
namespace {

using base::Micros;
using base::parse_utc;

constexpr Micros kHour = 3'600'000'000;

Channel channel(const std::string& zone, std::vector<std::string> times = {"10:00", "14:00", "18:00"}) {
  Channel one;
  one.zone = zone;
  one.slot_times = std::move(times);
  one.limits = {{"final", 2}, {"short", 5}};
  return one;
}

Planner planner(const Channel& on, Micros now, Load load = {}) {
  return {on, {kUploadCalls, 1, 100}, std::move(load), now};
}

// "UI 09:00 stored as 03:00"
TEST(SlotsTest, AreTimesOfTheChannelsZone) {
  const auto denver = channel("America/Denver", {"09:00"});
  EXPECT_EQ(slots_of_day(denver, "2026-07-01"), (std::vector{parse_utc("2026-07-01T15:00:00Z")}));
  EXPECT_EQ(slots_of_day(denver, "2026-12-01"), (std::vector{parse_utc("2026-12-01T16:00:00Z")}));
}

TEST(SlotsTest, OfADayOf23HoursLieBehindTheGapAndAreOneThere) {
  const auto berlin = channel("Europe/Berlin", {"01:30", "02:15", "02:45", "03:00", "10:00"});
  EXPECT_EQ(slots_of_day(berlin, "2027-03-28"),
            (std::vector{parse_utc("2027-03-28T00:30:00Z"), parse_utc("2027-03-28T01:00:00Z"),
                         parse_utc("2027-03-28T08:00:00Z")}));
}

TEST(SlotsTest, OfADayOf25HoursComeOnce) {
  const auto berlin = channel("Europe/Berlin", {"02:30", "10:00"});
  EXPECT_EQ(slots_of_day(berlin, "2026-10-25"),
            (std::vector{parse_utc("2026-10-25T00:30:00Z"), parse_utc("2026-10-25T09:00:00Z")}));
}

TEST(SlotsTest, ADateThatAZoneSkippedHasNone) {
  EXPECT_TRUE(slots_of_day(channel("Pacific/Apia"), "2011-12-30").empty());
  EXPECT_EQ(next_day("2011-12-29", "Pacific/Apia"), "2011-12-31");
}

// The publish day is the channel's, the quota day the Pacific one of the upload, two hours earlier.
TEST(PlaceTest, DaysOfPublishingAndOfQuotaAreOfDifferentZones) {
  const auto now = parse_utc("2026-11-20T00:00:00Z");
  const auto place = place_at(channel("Asia/Tokyo"), parse_utc("2026-11-25T01:00:00Z"), now);
  EXPECT_EQ(place.publish_day, "2026-11-25");
  EXPECT_EQ(place.run_at, parse_utc("2026-11-24T23:00:00Z"));
  EXPECT_EQ(place.quota_day, "2026-11-24");
}

TEST(PlaceTest, QuotaDaysOf23And25HoursEndAtPacificMidnight) {
  auto one = channel("UTC");
  one.lead_minutes = 0;
  const auto now = parse_utc("2026-01-01T00:00:00Z");
  const auto day = [&](const char* at) { return place_at(one, parse_utc(at), now).quota_day; };
  // 2026-03-08 lasts from 08:00Z to 07:00Z; 2026-11-01 from 07:00Z to 08:00Z.
  EXPECT_EQ(day("2026-03-08T07:59:59Z"), "2026-03-07");
  EXPECT_EQ(day("2026-03-08T08:00:00Z"), "2026-03-08");
  EXPECT_EQ(day("2026-03-09T06:59:59Z"), "2026-03-08");
  EXPECT_EQ(day("2026-03-09T07:00:00Z"), "2026-03-09");
  EXPECT_EQ(day("2026-11-01T06:59:59Z"), "2026-10-31");
  EXPECT_EQ(day("2026-11-01T07:00:00Z"), "2026-11-01");
  EXPECT_EQ(day("2026-11-02T07:59:59Z"), "2026-11-01");
  EXPECT_EQ(day("2026-11-02T08:00:00Z"), "2026-11-02");
  EXPECT_EQ(core::day_bounds("2026-03-08", "America/Los_Angeles").second -
                core::day_bounds("2026-03-08", "America/Los_Angeles").first,
            23 * kHour);
}

TEST(PlaceTest, AnUploadOfAtOnceBeginsNow) {
  const auto now = parse_utc("2026-11-20T09:30:00Z");
  EXPECT_EQ(place_at(channel("UTC"), parse_utc("2026-11-20T10:00:00Z"), now).run_at, now);
}

// "past slots offered"
TEST(PlannerTest, OffersNoPastSlot) {
  const auto utc = channel("UTC");
  const auto at = [&](const char* now) { return planner(utc, parse_utc(now)).next_free("short")->slot_at; };
  EXPECT_EQ(at("2026-11-20T09:00:00Z"), parse_utc("2026-11-20T10:00:00Z"));
  EXPECT_EQ(at("2026-11-20T10:00:00Z"), parse_utc("2026-11-20T14:00:00Z"));
  EXPECT_EQ(at("2026-11-20T13:59:30Z"), parse_utc("2026-11-20T18:00:00Z"));
  EXPECT_EQ(at("2026-11-20T19:00:00Z"), parse_utc("2026-11-21T10:00:00Z"));
  const auto late = planner(utc, parse_utc("2026-11-20T10:00:01Z"));
  EXPECT_EQ(late.refusal("short", late.place_at(parse_utc("2026-11-20T10:00:00Z")))->limit, "past");
}

// "eight videos into six slots of one day"
TEST(PlannerTest, SpreadsOverSlotsAndDays) {
  const auto utc = channel("UTC");
  auto plan = planner(utc, parse_utc("2026-11-20T00:00:00Z"));
  std::map<std::string, int> days;
  for (int n = 0; n < 8; ++n) {
    const auto place = plan.next_free("short").value();
    plan.take("short", place);
    ++days[place.publish_day];
  }
  EXPECT_EQ(days, (std::map<std::string, int>{{"2026-11-20", 3}, {"2026-11-21", 3}, {"2026-11-22", 2}}));
}

// "the fallback slot that nobody checked"
TEST(PlannerTest, HasNothingBehindTheHorizon) {
  auto small = channel("UTC", {"10:00"});
  small.horizon_days = 2;
  auto plan = planner(small, parse_utc("2026-11-20T00:00:00Z"));
  for (int n = 0; n < 2; ++n) plan.take("short", plan.next_free("short").value());
  EXPECT_FALSE(plan.next_free("short"));
  EXPECT_EQ(plan.refusal("short", plan.place_at(parse_utc("2026-11-22T10:00:00Z")))->limit, "horizon");
}

TEST(PlannerTest, NamesTheLimitThatForbids) {
  auto one = channel("UTC");
  one.daily_max = 2;
  one.limits = {{"final", 1}, {"short", 5}};
  const auto now = parse_utc("2026-11-20T00:00:00Z");
  const auto at = [](const char* time) { return parse_utc(std::string("2026-11-21T") + time + ":00Z"); };
  auto plan = planner(one, now, {.quota = {{"2026-11-22", {100, 100}}}});
  const auto limit = [&](const std::string& kind, Micros slot) {
    return plan.refusal(kind, plan.place_at(slot)).value_or(Refusal{"none", ""}).limit;
  };
  plan.take("final", plan.place_at(at("10:00")));
  EXPECT_EQ(limit("short", at("10:00")), "slot");
  EXPECT_EQ(limit("final", at("14:00")), "kind");
  plan.take("short", plan.place_at(at("14:00")));
  EXPECT_EQ(limit("short", at("18:00")), "day");
  EXPECT_EQ(limit("short", parse_utc("2026-11-22T18:00:00Z")), "quota");
  EXPECT_EQ(limit("short", parse_utc("2026-11-24T18:00:00Z")), "none");
}

}  // namespace
}  // namespace fencepost::upload

// Channels and quota projects that change, and what a gate asks of them.
#include "apps/upload/places.hpp"
#include "apps/upload/testing/scene.hpp"

namespace fencepost::upload {
namespace {

using namespace testing;

class ChannelsTest : public Scene {
 protected:
  // Whether what is due passes its gate over this connection.
  bool passes(const Upload& upload, std::int64_t connection,
              base::Duration margin = std::chrono::minutes(1)) {
    due(upload.id);
    return gate(claimed(),
                [&](store::Connection& c) { return gate_allows(c, upload.id, connection, margin); })
        .has_value();
  }
  std::string code(const std::function<void()>& act) {
    try {
      act();
    } catch (const base::UserError& error) {
      return error.code();
    }
    return "none";
  }
};

TEST_P(ChannelsTest, AreChecked) {
  const auto connection = account("acme");
  const auto made = [&](ChannelChange change) {
    if (!change.connection_id) change.connection_id = connection;
    return code([&] { channel(change); });
  };
  EXPECT_EQ(made({.name = "a"}), "none");
  EXPECT_EQ(made({.name = "a"}), "duplicate_name");
  EXPECT_EQ(made({.name = "b", .zone = "Mars/Olympus"}), "invalid_zone");
  EXPECT_EQ(made({.name = "b", .connection_id = 999}), "unknown_connection");
  EXPECT_EQ(made({.name = "b", .project_id = 999}), "unknown_project");
  EXPECT_EQ(made({.name = "b", .slot_times = {{"25:00"}}}), "invalid_field");
  EXPECT_EQ(made({.name = "b", .slot_times = std::vector<std::string>{}}), "invalid_field");
  EXPECT_EQ(made({.name = "b", .limits = {{{"Short Film", 1}}}}), "invalid_field");
  EXPECT_EQ(made({.name = "b", .capacity = 0}), "invalid_field");
  EXPECT_EQ(made({.name = "b", .people = {{77}}}), "unknown_person");
  EXPECT_EQ(made({.name = "b", .youtube_channel = {{"@acme"}}}), "invalid_channel");
  run("INSERT INTO fencepost_connections (name, platform, target) VALUES ('hook', 'webhook', '')");
  EXPECT_EQ(made({.name = "b", .connection_id = connection + 1}), "invalid_platform");
}

TEST_P(ChannelsTest, ACapThatIsLoweredClosesTheDayAndARaisedOneOpensIt) {
  auto on = channel();
  scheduled(on, slot(on, 3, 0));
  scheduled(on, slot(on, 3, 1));
  on = edited(on, {.limits = {{{"short", 1}, {"final", 2}}}});
  EXPECT_EQ(schedule(on, slot(on, 3, 2)).refused->code, "kind_full");
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_uploads WHERE status = 'scheduled'"), 2);
  on = edited(on, {.limits = {{{"short", 3}, {"final", 2}}}, .daily_max = {2}});
  EXPECT_EQ(schedule(on, slot(on, 3, 2)).refused->code, "day_full");
  on = edited(on, {.daily_max = std::optional<std::int64_t>()});
  EXPECT_TRUE(schedule(on, slot(on, 3, 2)).upload);
  expect_sound();
}

TEST_P(ChannelsTest, SeatsAboveALoweredCapacityStillCount) {
  auto on = channel({.capacity = 2});
  scheduled(on, slot(on, 3));
  const auto second = scheduled(on, slot(on, 3));
  on = edited(on, {.capacity = 1});
  EXPECT_EQ(schedule(on, slot(on, 3)).refused->code, "slot_taken");
  service_.cancel(second.id, "ada");
  EXPECT_EQ(schedule(on, slot(on, 3)).refused->code, "slot_taken");
  on = edited(on, {.capacity = 2});
  EXPECT_TRUE(schedule(on, slot(on, 3)).upload);
  expect_sound();
}

TEST_P(ChannelsTest, TheZoneStaysWhileVideosWait) {
  auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  EXPECT_EQ(code([&] { edited(on, {.zone = "Asia/Tokyo"}); }), "channel_has_uploads");
  service_.cancel(made.id, "ada");
  on = edited(on, {.zone = "Asia/Tokyo"});
  // What has begun keeps its place, whatever another program writes.
  const auto begun = scheduled(on, slot(on, 3));
  EXPECT_TRUE(passes(begun, on.connection_id));
  run("UPDATE fencepost_uploads SET status = 'cancelled' WHERE id = $1", {begun.id});
  EXPECT_EQ(code([&] { edited(on, {.zone = "UTC"}); }), "channel_has_uploads");
}

TEST_P(ChannelsTest, AnEditOfAnotherVersionChangesNothing) {
  const auto on = channel();
  edited(on, {.capacity = 2});
  EXPECT_FALSE(in_transaction([&](auto& c) { return edit_channel(c, on.id, on.version, {.capacity = 3}); }));
  EXPECT_EQ(get_channel(*database_->acquire(), on.id)->capacity, 2);
}

TEST_P(ChannelsTest, NothingLeavesOfADisabledChannel) {
  auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  edited(on, {.enabled = false});
  EXPECT_FALSE(passes(made, on.connection_id));
  EXPECT_EQ(code([&] { schedule(on); }), "channel_disabled");
  EXPECT_EQ(service_.get(made.id)->status, "uploading");
}

// "a switch of account that the uploader ignored"
TEST_P(ChannelsTest, WhatWasRenderedForAnotherAccountDoesNotLeave) {
  auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  const auto other = account("other");
  EXPECT_EQ(edited(on, {.connection_id = other}).connection_id, other);
  EXPECT_FALSE(passes(made, on.connection_id));
}

TEST_P(ChannelsTest, WhatIsInItsPlaceLeaves) {
  const auto on = channel();
  EXPECT_TRUE(passes(scheduled(on, slot(on, 3)), on.connection_id));
}

TEST_P(ChannelsTest, WhatAnotherProgramMovedWithoutASeatDoesNotLeave) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  run("UPDATE fencepost_uploads SET slot_at = slot_at + 60000000 WHERE id = $1 AND status = 'scheduled'",
      {made.id});
  EXPECT_FALSE(passes(made, on.connection_id));
}

TEST_P(ChannelsTest, WhatAnotherProgramMadeAnotherTypeDoesNotLeave) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  run("UPDATE fencepost_uploads SET kind = 'final' WHERE id = $1 AND status = 'scheduled'", {made.id});
  EXPECT_FALSE(passes(made, on.connection_id));
}

// A past publishAt would publish at once.
TEST_P(ChannelsTest, WhatWouldBeTooLateForItsSlotDoesNotLeave) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 1));
  EXPECT_FALSE(passes(made, on.connection_id, std::chrono::hours(72)));
}

TEST_P(ChannelsTest, AGateThatHasLookedKeepsWhoDisablesTheChannelWaiting) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  const auto off = while_open(
      [&](store::Connection& c) {
        EXPECT_TRUE(gate_allows(c, made.id, on.connection_id, std::chrono::minutes(1)));
      },
      [&] { return edited(on, {.enabled = false}); });
  EXPECT_TRUE(waited_);
  EXPECT_FALSE(off.enabled);
}

TEST_P(ChannelsTest, OfTwoWhoScheduleAtOnceTheSecondSeesTheFirst) {
  const auto on = channel();
  const auto film = video();
  const auto second =
      while_open([&](store::Connection& c) { EXPECT_TRUE(lock_channel(c, on.id)); },
                 [&] {
                   return service_.schedule(on.id, {{film, "short"}}, Mode::all_or_nothing, {}, "bob");
                 });
  EXPECT_TRUE(waited_);
  EXPECT_TRUE(second.at(0).upload);
}

// "percent and ratio mixed"
TEST_P(ChannelsTest, AWarningComesAtEightyPercentAndOnce) {
  const auto project =
      in_transaction([](auto& c) { return add_project(c, "ten", {.uploads = 10, .warn_percent = 80}); });
  const auto on = channel({.limits = {{{"short", 20}}}, .capacity = 20, .project_id = project.id});
  const auto at = slot(on, 3);
  for (int n = 0; n < 7; ++n) scheduled(on, at);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_notices WHERE kind = 'quota_low'"), 0);
  for (int n = 0; n < 2; ++n) scheduled(on, at);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_notices WHERE kind = 'quota_low'"), 1);
  EXPECT_EQ(word("SELECT detail FROM fencepost_notices WHERE kind = 'quota_low'"),
            "8 of 10 upload calls of " + quota_day(at - 2 * kHour) + " are taken");
}

TEST_P(ChannelsTest, EveryCallIsCountedOnTheDayThatItIsMade) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  const auto item = std::to_string(made.id);
  const auto call = [&](Call what) {
    return in_transaction([&](auto& c) { return permit(c, on.project_id, what, item); });
  };
  const auto today = quota_day(now());
  // The reservation of the other day comes back with the first; the second is a call of its own.
  EXPECT_EQ(call(Call::insert).attempt, 1);
  EXPECT_EQ(used({kUploadCalls, "default", made.quota_day}), 0);
  EXPECT_EQ(call(Call::insert).attempt, 2);
  EXPECT_EQ(used({kUploadCalls, "default", today}), 2);
  EXPECT_TRUE(call(Call::thumbnail).granted);
  EXPECT_TRUE(call(Call::list).granted);
  EXPECT_EQ(used({kUnits, "default", today}), 51);
  // A cancel gives back nothing of them.
  service_.cancel(made.id, "ada");
  EXPECT_EQ(used({kUploadCalls, "default", today}), 2);
  expect_sound();
}

TEST_P(ChannelsTest, AReservationOfTodayIsUsedAndNotDoubled) {
  auto on = channel({.lead_minutes = 20'160});
  const auto made = scheduled(on, slot(on, 3));
  const auto today = quota_day(now());
  EXPECT_EQ(made.quota_day, today);
  const auto item = std::to_string(made.id);
  EXPECT_EQ(in_transaction([&](auto& c) { return permit(c, on.project_id, Call::insert, item); }).attempt, 0);
  EXPECT_EQ(used({kUploadCalls, "default", today}), 1);
}

TEST_P(ChannelsTest, AFullDaySaysWhenTheNextOneBegins) {
  const auto project = in_transaction([](auto& c) { return add_project(c, "none", {.uploads = 1}); });
  const auto on = channel({.project_id = project.id});
  const auto made = scheduled(on, slot(on, 3));
  const auto first =
      in_transaction([&](auto& c) { return permit(c, project.id, Call::insert, std::to_string(made.id)); });
  EXPECT_TRUE(first.granted);
  const auto second =
      in_transaction([&](auto& c) { return permit(c, project.id, Call::insert, std::to_string(made.id)); });
  EXPECT_FALSE(second.granted);
  EXPECT_EQ(second.fresh_at, core::next_day_start(now(), "America/Los_Angeles"));
  // YouTube's own word closes what our count would still allow.
  in_transaction([&](auto& c) { return close_day(c, project.id, Call::list); });
  EXPECT_FALSE(in_transaction([&](auto& c) {
                 return permit(c, project.id, Call::list, std::to_string(made.id));
               }).granted);
}

TEST_P(ChannelsTest, ADayThatYouTubeClosedStaysSoWhenReservationsComeBack) {
  const auto project = in_transaction([](auto& c) { return add_project(c, "p", {.uploads = 9}); });
  // What is scheduled anywhere in these two weeks is uploaded today.
  const auto on = channel({.lead_minutes = 20'160, .project_id = project.id});
  const auto first = scheduled(on, slot(on, 3)), second = scheduled(on, slot(on, 4)),
             third = scheduled(on, slot(on, 5));
  const store::BucketKey today{kUploadCalls, "p", first.quota_day};
  const auto call = [&] {
    return in_transaction(
        [&](auto& c) { return permit(c, project.id, Call::insert, std::to_string(first.id)); });
  };
  const auto expect_closed = [&](std::int64_t taken) {
    const auto now = store::bucket(*database_->acquire(), today).value();
    EXPECT_EQ(now.quota, 1);
    EXPECT_EQ(now.used, taken);
    EXPECT_EQ(now.overhang, taken - 1);
    EXPECT_FALSE(call().granted);
    EXPECT_EQ(schedule(on, slot(on, 6)).refused->code, "quota_full");
    expect_sound();
  };
  EXPECT_TRUE(call().granted);
  in_transaction([&](auto& c) { return close_day(c, project.id, Call::insert); });
  expect_closed(3);
  service_.cancel(second.id, "ada");
  expect_closed(2);
  service_.cancel(third.id, "ada");
  expect_closed(1);
  const auto shown = status_of(*database_->acquire(), get_project(*database_->acquire(), project.id).value(),
                               today.window, 1);
  const auto calls =
      std::find_if(shown.begin(), shown.end(), [](const Status& one) { return one.scope == kUploadCalls; });
  ASSERT_NE(calls, shown.end());
  EXPECT_EQ(calls->limit, 1);
  EXPECT_EQ(calls->spent, 1);
  EXPECT_TRUE(calls->warned);
  // YouTube says so again: nothing changes.
  in_transaction([&](auto& c) { return close_day(c, project.id, Call::insert); });
  expect_closed(1);
}

TEST_P(ChannelsTest, AProjectsLimitIsInForceForDaysThatHaveBegun) {
  auto project = in_transaction([](auto& c) { return add_project(c, "p", {.uploads = 5}); });
  const auto on = channel({.project_id = project.id});
  scheduled(on, slot(on, 3, 0));
  const auto edited =
      in_transaction([&](auto& c) { return edit_project(c, project.id, project.version, {.uploads = 1}); });
  EXPECT_EQ(edited->uploads, 1);
  EXPECT_EQ(schedule(on, slot(on, 3, 1)).refused->code, "quota_full");
  EXPECT_FALSE(
      in_transaction([&](auto& c) { return edit_project(c, project.id, project.version, {.uploads = 9}); }));
  EXPECT_EQ(code([&] { in_transaction([](auto& c) { return add_project(c, "p", {}); }); }), "duplicate_name");
  EXPECT_EQ(code([&] {
              in_transaction(
                  [](auto& c) { return add_project(c, "q", {.profile = Profile::classic, .uploads = 5}); });
            }),
            "invalid_field");
  expect_sound();
}

// Lowered while a schedule, or a call, makes a day's bucket: what was read of the project is what it still
// is.
TEST_P(ChannelsTest, F4ALimitThatIsLoweredMeanwhileHoldsForADayThatAScheduleMakes) {
  const auto project = in_transaction([](auto& c) { return add_project(c, "p", {.uploads = 15}); });
  const auto on = channel({.project_id = project.id});
  const auto at = slot(on, 3);
  std::string day;
  const auto edited = while_open(
      [&](store::Connection& c) {
        auto places = Places::open(c, on.id).value();
        const auto place = std::get<Place>(places.choose("short", at));
        day = place.quota_day;
        places.open_buckets({{"other", "short", place}});
      },
      [&] {
        auto lease = database_->acquire();
        return edit_project(*lease, project.id, project.version, {.uploads = 1});
      });
  EXPECT_TRUE(waited_);
  EXPECT_EQ(edited->uploads, 1);
  EXPECT_EQ(store::bucket(*database_->acquire(), {kUploadCalls, "p", day})->quota, 1);
}

// The live check counts under its project's name before there is a project.
TEST_P(ChannelsTest, AProjectThatIsMadeLaterThanItsBucketIsInForceThere) {
  const store::BucketKey today{kUnits, "late", quota_day(now())};
  in_transaction([&](auto& c) { return store::take(c, today, 100, 1, "live-channels", "1", "call", 0); });
  EXPECT_FALSE(in_transaction([](auto& c) { return share_units(c, "late"); }));
  in_transaction([](auto& c) { return add_project(c, "late", {.units = 3}); });
  EXPECT_EQ(store::bucket(*database_->acquire(), today)->quota, 3);
  EXPECT_EQ(in_transaction([](auto& c) { return share_units(c, "late"); }), 3);
}

TEST_P(ChannelsTest, F4ALimitThatIsLoweredMeanwhileHoldsForADayThatACallMakes) {
  const auto project = in_transaction([](auto& c) { return add_project(c, "p", {.units = 100}); });
  const auto item = std::to_string(scheduled(channel({.project_id = project.id})).id);
  const auto edited =
      while_open([&](store::Connection& c) { EXPECT_TRUE(permit(c, project.id, Call::list, item).granted); },
                 [&] {
                   auto lease = database_->acquire();
                   return edit_project(*lease, project.id, project.version, {.units = 1});
                 });
  EXPECT_TRUE(waited_);
  EXPECT_EQ(edited->units, 1);
  EXPECT_EQ(store::bucket(*database_->acquire(), {kUnits, "p", quota_day(now())})->quota, 1);
}

TEST_P(ChannelsTest, ACalendarShowsSlotsCapsAndVideosOfEachDay) {
  const auto on = channel({.zone = "Asia/Tokyo", .daily_max = {{4}}});
  const auto made = scheduled(on, slot(on, 3, 1));
  const auto odd = scheduled(on, slot(on, 3, 1) + kHour, "final");
  const auto days = service_.calendar(on.id, made.publish_day, 2);
  ASSERT_EQ(days.size(), 2U);
  EXPECT_EQ(days[0].all.used, 2);
  EXPECT_EQ(days[0].all.limit, 4);
  EXPECT_EQ(days[0].kinds.at("final").used, 1);
  ASSERT_EQ(days[0].slots.size(), 4U);
  EXPECT_EQ(days[0].slots[1].uploads.at(0).id, made.id);
  EXPECT_EQ(days[0].slots[2].uploads.at(0).id, odd.id);
  EXPECT_EQ(days[0].slots[3].taken, 0);
  EXPECT_EQ(days[1].slots.size(), 3U);
  EXPECT_EQ(days[1].all.used, 0);
}

TEST_P(ChannelsTest, WhatAnotherProgramDeletesGivesBackWhatItHeld) {
  const auto on = channel();
  const auto one = scheduled(on, slot(on, 3)), other = scheduled(on, slot(on, 4)),
             left = scheduled(on, slot(on, 5));
  run("UPDATE fencepost_ledger SET spent = TRUE WHERE item = $1 AND purpose = 'insert'",
      {std::to_string(other.id)});
  run("DELETE FROM fencepost_uploads WHERE id IN ($1, $2)", {one.id, other.id});
  expect_sound();
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_slots"), 1);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_ledger WHERE NOT spent"), 4) << "of the one that is left";
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_ledger WHERE spent"), 1) << "what was spent stays spent";
  EXPECT_EQ(scheduled(on, one.slot_at).slot_at, one.slot_at) << "and the slot is free";
  EXPECT_EQ(scheduled(on, other.slot_at).slot_at, other.slot_at);
}

ON_BOTH(ChannelsTest);

}  // namespace
}  // namespace fencepost::upload

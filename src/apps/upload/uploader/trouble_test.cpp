// What YouTube does to an upload, and what is known afterwards.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>

#include "accounts/connections.hpp"
#include "apps/upload/uploader/sessions.hpp"
#include "apps/upload/uploader/testing/stage.hpp"
#include "core/window.hpp"

namespace fencepost::uploader {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::kUnit;
using testing::Stage;
using testing::World;

class TroubleTest : public ::testing::TestWithParam<const char*> {
 protected:
  void expect_uploaded(Options options = small()) {
    Stage stage(world_, options);
    stage.start();
    ASSERT_TRUE(stage.await_status(id_, "uploaded")) << world_.status(id_) << ": " << world_.error(id_);
    const auto videos = world_.youtube.videos();
    ASSERT_EQ(videos.size(), 1u);
    EXPECT_EQ(videos[0]["sha256"], world_.sha256("clip.mp4"));
  }
  void expect_failed(const std::string& why) {
    Stage stage(world_, small());
    stage.start();
    ASSERT_TRUE(stage.await_status(id_, "failed")) << world_.status(id_);
    EXPECT_NE(world_.error(id_).find(why), std::string::npos) << world_.error(id_);
    EXPECT_EQ(world_.youtube.videos().size(), 0u);
    EXPECT_EQ(world_.held(id_), 0);
  }
  void fault(json fault) { world_.youtube.fault(std::move(fault)); }
  static json wait_for_it(const char* seconds) {
    return {{"mode", "status"}, {"status", 503}, {"method", "PUT"}, {"headers", {{"Retry-After", seconds}}}};
  }
  // Nothing of the last piece arrives, and nothing can be asked, until its deadline is over. `meanwhile`: the
  // first look at it has seen that it is missing, and has not said so yet. `then`: it has, and nobody works
  // the item again before `then` is over.
  void hold_last_piece(Stage& stage, std::function<void()> meanwhile, std::function<void()> then = {}) {
    stage.at = [this, meanwhile = std::move(meanwhile), then = std::move(then)](std::string_view point) {
      if (point == "upload.prepared" && ++prepared_ == 1)
        fault({{"mode", "status"}, {"status", 503}, {"method", "PUT"}, {"times", 1000}});
      if (point == "settled") fault({{"mode", "none"}});
      if (point == "reconcile.commit" && ++looking_ == 1 && meanwhile) meanwhile();
      if (point == "reconciled" && ++looked_ == 1) {
        if (then) then();
        said_.set_value();
      }
      if (point == "claimed" && prepared_ > 0) said_soon_.wait_for(60s);
    };
    stage.start();
  }
  void expect_unknown(Stage& stage, const std::string& why) {
    ASSERT_TRUE(stage.await([&] {
      return world_.status(id_) == "unknown" && world_.error(id_).find(why) != std::string::npos;
    })) << world_.status(id_)
        << ": " << world_.error(id_);
  }
  // Behind the second piece it does this, and then nothing arrives for as long as the attempt is patient: the
  // next one reads its session anew.
  void break_off(Stage& stage, std::function<void()> then) {
    stage.at = [this, then = std::move(then)](std::string_view point) {
      if (point != "upload.piece.sent" || ++sent_ != 2) return;
      then();
      fault({{"mode", "status"}, {"status", 503}, {"method", "PUT"}, {"times", 11}});
    };
    stage.start();
  }
  void lose_key_of_session(bool last_piece = false) {
    world_.database.run(
        "UPDATE fencepost_upload_sessions SET session = 'v1:gone', last_piece = $2 "
        "WHERE upload_id = $1",
        {id_, last_piece});
  }
  void resolve_and_expect_uploaded(Stage& stage) {
    auto service = world_.service();
    ASSERT_TRUE(stage.await(
        [&] { return service.resolve(id_, false, "ada", "", "") == core::ResolveAnswer::resolved; }));
    EXPECT_EQ(service.retry(id_, {}, "ada").result, upload::RetryResult::scheduled);
    ASSERT_TRUE(stage.await_status(id_, "uploaded")) << world_.error(id_);
    EXPECT_EQ(world_.youtube.accepted("session"), 2);
    EXPECT_EQ(world_.youtube.videos().size(), 1u);
  }
  static Options small() { return {.timeout = 5s, .piece = kUnit, .pause = 1ms}; }
  static Options hasty() { return {.timeout = 5s, .piece = kUnit, .pause = 1ms}; }

  World world_{GetParam()};
  const std::int64_t channel_ = world_.add_channel("main", testing::channel_id('a'));
  const std::int64_t id_ = world_.schedule(channel_, world_.add_video("clip.mp4", 4 * kUnit + 3));

 private:
  std::atomic<int> prepared_{0}, looking_{0}, looked_{0}, sent_{0};
  std::promise<void> said_;
  const std::shared_future<void> said_soon_ = said_.get_future().share();
};

TEST_P(TroubleTest, ServerErrorsCutsAndRateLimitsAreWaitedForAndTheUploadGoesOn) {
  for (const auto& one :
       {json{{"mode", "status"}, {"status", 503}}, json{{"mode", "status"}, {"status", 429}},
        json{{"mode", "status_after"}}, json{{"mode", "garbage"}}, json{{"mode", "cut_before"}},
        json{{"mode", "accept_then_cut"}}, json{{"mode", "close_before_read"}}}) {
    auto wish = one;
    wish["method"] = "PUT";
    fault(wish);
  }
  expect_uploaded();
  EXPECT_EQ(world_.youtube.accepted("session"), 1);
  EXPECT_EQ(world_.spent(id_), 1);
}

TEST_P(TroubleTest, WhatIsTakenOfAPieceIsNotSentAgain) {
  world_.youtube.set({{"takes", {1000, nullptr, 70'000}}});
  expect_uploaded();
  std::int64_t begin = -1;
  for (const auto& one : world_.youtube.accepted()) {
    if (one["what"] != "piece") continue;
    EXPECT_GT(one["begin"], begin);  // never from the same byte
    EXPECT_EQ(one["begin"], one["have"]);
    begin = one["begin"];
  }
}

TEST_P(TroubleTest, ACutAfterTheLastByteIsAskedForAndFound) {
  Stage stage(world_, small());
  stage.at = [&](std::string_view point) {
    if (point == "upload.prepared") fault({{"mode", "accept_then_cut"}, {"method", "PUT"}});
  };
  stage.start();
  ASSERT_TRUE(stage.await_status(id_, "uploaded")) << world_.error(id_);
  EXPECT_EQ(world_.youtube.accepted("video"), 1);
  EXPECT_EQ(world_.number("SELECT attempt FROM fencepost_uploads WHERE id = $1", {id_}), 1);
}

TEST_P(TroubleTest, TheLastPieceThatArrivedInPartIsCompleted) {
  Stage stage(world_, small());
  stage.at = [&](std::string_view point) {
    if (point == "upload.prepared") world_.youtube.set({{"takes", {1}}});
  };
  stage.start();
  ASSERT_TRUE(stage.await_status(id_, "uploaded")) << world_.error(id_);
  EXPECT_EQ(world_.youtube.videos()[0]["sha256"], world_.sha256("clip.mp4"));
}

TEST_P(TroubleTest, ASessionThatIsLostBeforeItsLastPieceBeginsAnew) {
  Stage stage(world_, small());
  std::atomic<int> sent{0};
  stage.at = [&](std::string_view point) {
    if (point == "upload.piece.sent" && ++sent == 2) world_.youtube.post("/_sessions", {{"lose", 1}});
  };
  stage.start();
  ASSERT_TRUE(stage.await_status(id_, "uploaded")) << world_.error(id_);
  ASSERT_EQ(world_.youtube.videos().size(), 1u);
  EXPECT_EQ(world_.youtube.videos()[0]["session"], 1);
  EXPECT_EQ(world_.spent(id_), 2);  // the second call is counted too
}

TEST_P(TroubleTest, ASessionThatIsLostWhenTheLastPieceArrivesBeginsAnew) {
  Stage stage(world_, small());
  std::atomic<int> prepared{0};
  stage.at = [&](std::string_view point) {
    if (point == "upload.prepared" && ++prepared == 1) world_.youtube.post("/_sessions", {{"lose", 1}});
  };
  stage.start();
  ASSERT_TRUE(stage.await_status(id_, "uploaded")) << world_.error(id_);
  EXPECT_EQ(world_.youtube.videos().size(), 1u);
  EXPECT_EQ(world_.youtube.videos()[0]["session"], 1);
}

TEST_P(TroubleTest, F3ASessionLostWithAnUnknownOutcomeIsUnknownShownAndNotRepeated) {
  Stage stage(world_, small());
  std::atomic<bool> lost{false};
  stage.at = [&](std::string_view point) {
    if (point == "upload.prepared") fault({{"mode", "accept_then_cut"}, {"method", "PUT"}});
    if (point == "upload.last.sent" && !lost.exchange(true)) world_.youtube.post("/_sessions", {{"lose", 1}});
  };
  stage.start();
  ASSERT_TRUE(stage.await_status(id_, "unknown"));
  EXPECT_NE(world_.error(id_).find("session_lost"), std::string::npos) << world_.error(id_);
  ASSERT_TRUE(stage.await([&] { return world_.error(id_).find("session_lost") != std::string::npos; }));
  const auto next = world_.schedule(channel_, world_.add_video("next.mp4", 100));
  ASSERT_TRUE(stage.await_status(next, "uploaded"));
  EXPECT_EQ(world_.status(id_), "unknown");
  EXPECT_EQ(world_.youtube.accepted("session"), 2);  // the next one's, and no other
  EXPECT_GT(world_.held(id_), 0);                    // it keeps its seat
  EXPECT_EQ(world_.service().cancel(id_, "ada"), core::StopAnswer::outcome_unknown);
  EXPECT_EQ(world_.number("SELECT count(*) FROM fencepost_notices WHERE kind = 'item_unknown'"), 1);
}

TEST_P(TroubleTest, Rule10AnUnknownOutcomeThatTurnsOutIncompleteGoesOnInTheSameSession) {
  Stage stage(world_, hasty());
  hold_last_piece(stage, {});
  ASSERT_TRUE(stage.await_status(id_, "uploaded")) << world_.error(id_);
  EXPECT_EQ(world_.number("SELECT count(*) FROM fencepost_effects"), 2);
  EXPECT_EQ(world_.youtube.videos().size(), 1u);
  EXPECT_EQ(world_.youtube.accepted("session"), 1);
}

// What was seen to be missing may have been on its way: the session cannot say so any more, and another one
// could make a second video.
TEST_P(TroubleTest, F3ASessionLostBehindItsGateIsUnknownUntilAPersonDecides) {
  Stage stage(world_, hasty());
  hold_last_piece(stage, [&] { world_.youtube.post("/_sessions", {{"lose", 1}}); });
  expect_unknown(stage, "session_lost");
  EXPECT_EQ(world_.youtube.accepted("session"), 1);
  EXPECT_EQ(world_.spent(id_), 1);
  EXPECT_GT(world_.held(id_), 0);  // its seat
  resolve_and_expect_uploaded(stage);
}

TEST_P(TroubleTest, ARotationOfTheKeyDoesNotEndASession) {
  Stage stage(world_, small());
  break_off(stage, [&] {
    const auto key = world_.database.folder() + "/key";
    const std::vector<accounts::Sealed> columns{accounts::sealed_connections(), sealed_sessions()};
    EXPECT_TRUE(accounts::rotate_keys(*world_.database, key, columns).new_key);
    EXPECT_NE(accounts::retire_keys(*world_.database, key, columns), "");
  });
  ASSERT_TRUE(stage.await_status(id_, "uploaded")) << world_.status(id_) << ": " << world_.error(id_);
  EXPECT_GE(world_.number("SELECT attempt FROM fencepost_uploads WHERE id = $1", {id_}), 2);
  EXPECT_EQ(world_.youtube.accepted("session"), 1);
  EXPECT_EQ(world_.youtube.videos()[0]["sha256"], world_.sha256("clip.mp4"));
}

TEST_P(TroubleTest, ASessionWhoseKeyIsGoneBeginsAnew) {
  Stage stage(world_, small());
  break_off(stage, [&] { lose_key_of_session(); });
  ASSERT_TRUE(stage.await_status(id_, "uploaded")) << world_.status(id_) << ": " << world_.error(id_);
  EXPECT_EQ(world_.youtube.accepted("session"), 2);
  EXPECT_EQ(world_.spent(id_), 2);
  ASSERT_EQ(world_.youtube.videos().size(), 1u);
  EXPECT_EQ(world_.youtube.videos()[0]["session"], 1);
}

TEST_P(TroubleTest, F3ASessionWhoseKeyIsGoneBehindItsLastPieceIsUnknownUntilAPersonDecides) {
  Stage stage(world_, hasty());
  break_off(stage, [&] { lose_key_of_session(true); });
  expect_unknown(stage, "session_unreadable");
  EXPECT_EQ(world_.youtube.accepted("session"), 1);
  EXPECT_EQ(world_.spent(id_), 1);
  resolve_and_expect_uploaded(stage);
}

TEST_P(TroubleTest, ALookWithoutTheKeyOfTheSessionSaysSo) {
  Stage stage(world_, hasty());
  std::atomic<int> prepared{0};
  stage.at = [&](std::string_view point) {
    if (point == "upload.prepared" && ++prepared == 1) {
      lose_key_of_session(true);
      fault({{"mode", "status"}, {"status", 503}, {"method", "PUT"}, {"times", 1000}});
    }
    if (point == "settled") fault({{"mode", "none"}});
  };
  stage.start();
  expect_unknown(stage, "session_unreadable");
  EXPECT_EQ(world_.youtube.accepted("session"), 1);
  resolve_and_expect_uploaded(stage);
}

TEST_P(TroubleTest, F3AnEditBehindALastPieceThatWasSeenMissingBeginsNoOtherSession) {
  Stage stage(world_, hasty());
  // Behind the commit: the row is its own until then.
  hold_last_piece(stage, {}, [&] {
    world_.database.run("UPDATE fencepost_uploads SET title = 'Another title' WHERE id = $1", {id_});
  });
  expect_unknown(stage, "session_changed");
  EXPECT_EQ(world_.youtube.accepted("session"), 1);
}

TEST_P(TroubleTest, TwoServersUploadItOnce) {
  Stage one(world_, small());
  Stage two(world_, small());
  one.start();
  two.start();
  std::vector<std::int64_t> ids{id_};
  for (const auto* name : {"b.mp4", "c.mp4", "d.mp4", "e.mp4"})
    ids.push_back(world_.schedule(channel_, world_.add_video(name, 3 * kUnit)));
  for (const auto id : ids) ASSERT_TRUE(two.await_status(id, "uploaded")) << world_.error(id);
  EXPECT_EQ(world_.youtube.videos().size(), ids.size());
  EXPECT_EQ(world_.youtube.accepted("session"), static_cast<int>(ids.size()));
  one.stop();
  two.stop();
}

TEST_P(TroubleTest, QuotaOfTheDayWaitsForPacificMidnightAndClosesTheDay) {
  world_.youtube.set({{"limits", {{"units", 10'000}, {"search", 100}, {"uploads", 0}}}});
  // The slot is days away, so that there is something to wait for.
  world_.database.run("UPDATE fencepost_uploads SET slot_at = slot_at + 432000000000 WHERE id = $1", {id_});
  const auto midnight = core::next_day_start(base::system_clock().wall(), connect::youtube::kQuotaZone);
  const auto due = world_.number("SELECT run_at FROM fencepost_uploads WHERE id = $1", {id_});
  Stage stage(world_, small());
  stage.start();
  std::int64_t run_at = 0;
  ASSERT_TRUE(stage.await([&] {
    run_at = world_.number(
        "SELECT run_at FROM fencepost_uploads WHERE id = $1 AND status = 'scheduled' AND run_at <> $2",
        {id_, due});
    return run_at > midnight - 120'000'000;
  })) << world_.error(id_);
  // That midnight, or where the call was made behind it, the next.
  const auto next = core::next_day_start(midnight, connect::youtube::kQuotaZone);
  EXPECT_LT(std::min(std::abs(run_at - midnight), std::abs(run_at - next)), 120'000'000);
  EXPECT_EQ(world_.spent(id_), 1);  // the call was made
}

TEST_P(TroubleTest, UploadLimitOfTheChannelIsAnotherThingAndLastsADay) {
  world_.youtube.set({{"upload_limit", 0}});
  world_.database.run("UPDATE fencepost_uploads SET slot_at = slot_at + 432000000000 WHERE id = $1", {id_});
  Stage stage(world_, small());
  stage.start();
  const auto in_a_day = base::system_clock().wall() + 86'400'000'000;
  ASSERT_TRUE(stage.await([&] {
    return world_.number("SELECT run_at FROM fencepost_uploads WHERE id = $1", {id_}) >
           in_a_day - 120'000'000;
  })) << world_.error(id_);
  // Nobody else's quota is closed by it.
  EXPECT_EQ(world_.number(
                "SELECT count(*) FROM fencepost_buckets WHERE scope = 'youtube.upload' AND used >= quota"),
            0);
}

TEST_P(TroubleTest, AWaitThatEndsBehindTheSlotFailsAtOnce) {
  world_.youtube.set({{"upload_limit", 0}});
  world_.database.run("UPDATE fencepost_uploads SET slot_at = $2 WHERE id = $1",
                      {id_, base::system_clock().wall() + 3'600'000'000});
  expect_failed("upload_limit_exceeded");
}

TEST_P(TroubleTest, ARetryAfterThatEndsBehindTheSlotFailsAtOnceToo) {
  fault(wait_for_it("7200"));
  world_.database.run("UPDATE fencepost_uploads SET slot_at = $2 WHERE id = $1",
                      {id_, base::system_clock().wall() + 3'600'000'000});
  expect_failed("over only after its slot");
}

TEST_P(TroubleTest, ALongRetryAfterGivesTheOnlyWorkerToOthers) {
  Stage stage(world_, small(), {}, /*concurrency=*/1);
  std::atomic<int> sent{0};
  stage.at = [&](std::string_view point) {
    if (point == "upload.piece.sent" && ++sent == 1) fault(wait_for_it("3600"));
  };
  stage.start();
  ASSERT_TRUE(stage.await([&] { return world_.status(id_) == "scheduled" && sent > 0; }));
  const auto next = world_.schedule(channel_, world_.add_video("next.mp4", 3 * kUnit));
  ASSERT_TRUE(stage.await_status(next, "uploaded")) << world_.error(next);
  EXPECT_EQ(world_.status(id_), "scheduled");
  EXPECT_NE(world_.error(id_), "");
  EXPECT_GT(world_.number("SELECT run_at FROM fencepost_uploads WHERE id = $1", {id_}),
            base::system_clock().wall() + 3'000'000'000);
  // Brought forward it goes on at YouTube's byte, in its session.
  EXPECT_EQ(world_.youtube.have(0), kUnit);
  world_.database.run("UPDATE fencepost_uploads SET run_at = 0 WHERE id = $1", {id_});
  ASSERT_TRUE(stage.await_status(id_, "uploaded")) << world_.error(id_);
  EXPECT_EQ(world_.youtube.accepted("session"), 2);
  EXPECT_EQ(world_.youtube.accepted("video"), 2);
  EXPECT_EQ(world_.spent(id_), 1);
  std::vector<std::int64_t> begins;
  for (const auto& one : world_.youtube.accepted())
    if (one["what"] == "piece" && one["session"] == 0) begins.push_back(one["begin"]);
  EXPECT_EQ(begins, (std::vector<std::int64_t>{0, kUnit, 2 * kUnit, 3 * kUnit, 4 * kUnit}));
}

TEST_P(TroubleTest, AnUploadWhoseSlotPassesUnderWaySendsNoOtherPiece) {
  Stage stage(world_, small());
  std::atomic<int> sent{0};
  stage.at = [&](std::string_view point) {
    // Not over, but nearer than the last piece may take.
    if (point == "upload.piece.sent" && ++sent == 2)
      world_.move_slot(id_, base::system_clock().wall() + 4'000'000);
  };
  stage.start();
  ASSERT_TRUE(stage.await_status(id_, "failed")) << world_.status(id_);
  EXPECT_NE(world_.error(id_).find("slot_passed"), std::string::npos) << world_.error(id_);
  EXPECT_EQ(world_.youtube.have(0), 2 * kUnit);
  EXPECT_EQ(world_.number("SELECT attempt FROM fencepost_uploads WHERE id = $1", {id_}), 1);
  EXPECT_EQ(world_.held(id_), 0);
}

TEST_P(TroubleTest, WhatYouTubeRefusesFailsInItsWords) {
  fault({{"mode", "status"},
         {"status", 400},
         {"method", "POST"},
         {"body", {{"error", {{"code", 400}, {"errors", {{{"reason", "invalidTitle"}}}}}}}}});
  expect_failed("invalidTitle");
}

TEST_P(TroubleTest, CredentialsThatAreRefusedBreakTheConnection) {
  world_.youtube.post("/_expire", {{"access", {testing::token_of(testing::channel_id('a'))}}});
  expect_failed("credentials");
  EXPECT_EQ(world_.number("SELECT count(*) FROM fencepost_connections WHERE broken_since IS NOT NULL"), 1);
}

TEST_P(TroubleTest, ADisabledChannelUploadsNothing) {
  world_.database.run("UPDATE fencepost_upload_channels SET enabled = FALSE");
  Stage stage(world_, small());
  stage.start();
  ASSERT_TRUE(stage.await([&] {
    return world_.number("SELECT run_at FROM fencepost_uploads WHERE id = $1", {id_}) >
           base::system_clock().wall() + 30'000'000;
  }));
  EXPECT_EQ(world_.youtube.accepted("session"), 0);
}

INSTANTIATE_TEST_SUITE_P(Databases, TroubleTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::uploader

// What people do with the announcements of an episode, through the service and with an engine at work.

#include <gtest/gtest.h>

#include "accounts/connections.hpp"
#include "accounts/people.hpp"
#include "apps/announce/shows.hpp"
#include "apps/announce/testing/stage.hpp"
#include "store/testing/counting.hpp"

namespace fencepost::announce {
namespace {

using namespace std::chrono_literals;
using accounts::ShowRole;
using testing::kHour;

class EveningTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::int64_t person(const std::string& name) {
    return accounts::add_person(*database_->acquire(), name + "@example.com", name, accounts::Role::member,
                                "")
        .person->id;
  }
  std::int64_t host(const std::string& name, bool in) {
    const auto id = person(name);
    accounts::set_member(*database_->acquire(), show_, id, ShowRole::host);
    if (in) opt(*database_->acquire(), stage_.fence(), show_, id, true, name);
    return id;
  }
  std::int64_t connect(std::optional<std::int64_t> person) {
    const auto id = testing::connect_to(database_, receiver_.url());
    if (person) database_.run("UPDATE fencepost_connections SET person_id = $2 WHERE id = $1", {id, *person});
    return id;
  }
  std::int64_t make_episode() {
    EpisodeDraft draft;
    draft.show = show_;
    draft.title = "Pilot";
    draft.starts_at = base::system_clock().wall() + kHour;
    return create_episode(*database_->acquire(), draft).episode->id;
  }
  std::int64_t announce(std::int64_t connection, const std::string& trigger = "live") {
    Draft draft;
    draft.connection_id = connection;
    draft.episode = episode_;
    draft.trigger = trigger;
    return service_.create(draft, "ann").id;
  }
  void go_live() {
    ASSERT_TRUE(episode_live(*database_->acquire(), episode_, "v1", "https://youtu.be/v1",
                             base::system_clock().wall()));
  }
  std::string refused(const std::function<void()>& act) {
    try {
      act();
    } catch (const base::UserError& error) {
      return error.code();
    }
    return "";
  }
  std::int64_t count() {
    return database_.run("SELECT count(*) FROM fencepost_announcements")[0][0].integer();
  }

  accounts::testing::TestDatabase database_{GetParam(), testing::migrations()};
  testing::Receiver receiver_;
  testing::Stage stage_{database_};
  Service& service_ = stage_.service();
  const std::int64_t ann_ = person("ann");
  const std::int64_t show_ =
      accounts::create_show(*database_->acquire(), "Night Talk", "night-talk", ann_).show->id;
  const std::int64_t episode_ = make_episode();
};

TEST_P(EveningTest, WhoIsOnIsAnnouncedOnceAndWhoIsOffIsNot) {
  const auto on = connect(host("bob", true)), off = connect(host("eve", true));
  const auto made = service_.create_for_all(episode_, "ann");
  EXPECT_EQ(made->enabled, 2);
  stage_.start();
  const auto ids = service_.list_of_episode(episode_, {}, 10).items;
  ASSERT_EQ(ids.size(), 2u);
  std::int64_t posted = 0, stopped = 0;
  for (const auto& one : ids) (one.connection_id == on ? posted : stopped) = one.id;
  EXPECT_EQ(service_.get(stopped)->connection_id, off);
  EXPECT_EQ(service_.disable(stopped, "eve"), core::StopAnswer::prevented);
  go_live();
  EXPECT_TRUE(stage_.await_status(posted, "posted"));
  ASSERT_EQ(receiver_.arrivals().size(), 1u);
  EXPECT_EQ(receiver_.arrivals()[0].text, "Night Talk: Pilot");
  EXPECT_EQ(service_.get(stopped)->status, "disabled");
  EXPECT_EQ(service_.enable(stopped, "eve"), EnableResult::enabled) << "it is on the air: now";
  EXPECT_TRUE(stage_.await_status(stopped, "posted"));
}

TEST_P(EveningTest, ForAllMembersIsForThoseWhoSaidSoAndRepeatsNothing) {
  const auto bob = host("bob", true), eve = host("eve", false), gone = host("gone", true);
  connect(bob);
  connect(bob);
  connect(eve);
  connect(gone);
  connect(std::nullopt);
  remove_member(*database_->acquire(), stage_.fence(), show_, gone, "ann");
  EXPECT_EQ(service_.list_of_episode(episode_, {}, 10).items.size(), 0u) << "looking creates nothing";
  EXPECT_EQ(count(), 0);
  const auto first = service_.create_for_all(episode_, "ann");
  EXPECT_EQ(first->enabled, 2);
  EXPECT_EQ(first->disabled, 1);
  const auto again = service_.create_for_all(episode_, "ann");
  EXPECT_EQ(again->enabled + again->disabled, 0);
  EXPECT_EQ(count(), 3);
  connect(eve);
  EXPECT_EQ(service_.create_for_all(episode_, "ann")->disabled, 1);
  EXPECT_FALSE(service_.create_for_all(999, "ann"));
}

// A deletion is a no, and what was posted and deleted is not posted twice.
TEST_P(EveningTest, ForAllMembersMakesNothingAgainThatWasDeleted) {
  connect(host("bob", true));
  const auto episode = make_episode();
  ASSERT_EQ(service_.create_for_all(episode, "ann")->enabled, 1);
  const auto id = service_.list_of_episode(episode, std::nullopt, 10).items.at(0).id;
  EXPECT_EQ(service_.remove(id, "bob"), core::StopAnswer::prevented);
  const auto again = service_.create_for_all(episode, "ann");
  EXPECT_EQ(again->enabled + again->disabled, 0);
}

// SYSTEMS.md, announce: "N+1 queries when creating for all members".
TEST_P(EveningTest, CreatingForAllMembersRunsNoQueryForEach) {
  store::testing::CountingDatabase counting(database_.another());
  stage_.serve_from(counting);
  const auto cost = [&](int hosts) {
    for (int i = 0; i < hosts; ++i) connect(host("host" + std::to_string(hosts * 100 + i), true));
    const auto episode = make_episode();
    counting.counted();
    EXPECT_GE(stage_.service().create_for_all(episode, "ann")->enabled, hosts);
    return counting.counted();
  };
  const auto one = cost(1);
  EXPECT_GT(one, 0);
  EXPECT_EQ(cost(30), one);
}

TEST_P(EveningTest, ForAllMembersStaggersAsTheShowWants) {
  edit_show(*database_->acquire(), stage_.fence(), show_, std::nullopt, {.stagger = 30}, "ann");
  const auto bob = host("bob", true);
  for (int i = 0; i < 3; ++i) connect(bob);
  service_.create_for_all(episode_, "ann");
  std::vector<std::int64_t> staggers;
  for (const auto& one : service_.list_of_episode(episode_, {}, 10).items) staggers.push_back(one.stagger);
  EXPECT_EQ(staggers, (std::vector<std::int64_t>{60, 30, 0}));
  announce(connect(bob));
  EXPECT_EQ(service_.list_of_episode(episode_, {}, 1).items[0].stagger, 90);
}

TEST_P(EveningTest, PostNowBeforeTheStreamPostsWhatIsKnownAndOnlyOnce) {
  const auto id = announce(connect(host("bob", true)));
  stage_.start();
  const auto now = service_.post_now(id, "bob", 30s);
  EXPECT_EQ(now.answer, core::RunNowAnswer::started);
  EXPECT_EQ(now.announcement->status, "posted");
  go_live();
  EXPECT_EQ(service_.post_now(id, "bob", 30s).answer, core::RunNowAnswer::already_done);
  EXPECT_EQ(service_.post_now(id, "bob", 30s).announcement->post_url, "https://example.com/1");
  EXPECT_EQ(receiver_.arrivals().size(), 1u);
}

TEST_P(EveningTest, NoEditPutsAPostNowOff) {
  const auto id = announce(connect(host("bob", true)));
  stage_.publisher().after_render = [&, edited = false](const store::Claim&) mutable {
    if (std::exchange(edited, true)) return;
    edit_episode(*database_->acquire(), episode_, 1, {.title = "New title"}, "ann");
  };
  stage_.start();
  EXPECT_EQ(service_.post_now(id, "bob", 0s).answer, core::RunNowAnswer::started);
  EXPECT_TRUE(stage_.await_status(id, "posted"));
  EXPECT_EQ(receiver_.arrivals().at(0).text, "Night Talk: New title");
}

TEST_P(EveningTest, WhatForbidsAPostIsSaidAndNothingIsStarted) {
  const auto bob = host("bob", true);
  const auto id = announce(connect(bob));
  edit_show(*database_->acquire(), stage_.fence(), show_, std::nullopt, {.enabled = false}, "ann");
  EXPECT_EQ(refused([&] { service_.post_now(id, "bob", 0s); }), "show_disabled");
  edit_show(*database_->acquire(), stage_.fence(), show_, std::nullopt,
            {.enabled = true, .needs_approval = true}, "ann");
  EXPECT_EQ(refused([&] { service_.post_now(id, "bob", 0s); }), "needs_approval");
  EXPECT_EQ(service_.get(id)->status, "pending");
  edit_show(*database_->acquire(), stage_.fence(), show_, std::nullopt, {.needs_approval = false}, "ann");
  service_.edit(id, 1, {.deadline = base::Micros(1)}, "bob");
  EXPECT_EQ(refused([&] { service_.post_now(id, "bob", 0s); }), "deadline_passed");
  service_.edit(id, 2, {.deadline = std::optional<base::Micros>()}, "bob");
  service_.disable(id, "bob");
  edit_episode(*database_->acquire(), episode_, 1, {.status = "ended"}, "ann");
  EXPECT_EQ(refused([&] { service_.enable(id, "bob"); }), "stream_ended");
  EXPECT_EQ(service_.get(id)->status, "disabled");
  EXPECT_EQ(refused([&] { announce(connect(bob)); }), "stream_ended");
  EXPECT_EQ(service_.get(announce(connect(bob), "ended"))->status, "queued");
  remove_member(*database_->acquire(), stage_.fence(), show_, bob, "ann");
  EXPECT_EQ(refused([&] { service_.enable(id, "bob"); }), "not_a_member");
  EXPECT_EQ(refused([&] { announce(connect(bob), "ended"); }), "not_a_member");
}

TEST_P(EveningTest, ApprovalIsForTheVersionThatWasSeen) {
  const auto id = announce(connect(host("bob", true)));
  edit_show(*database_->acquire(), stage_.fence(), show_, std::nullopt, {.needs_approval = true}, "ann");
  go_live();
  stage_.start();
  EXPECT_EQ(service_.approve(id, 2, "ann").first, ApproveResult::version_conflict);
  EXPECT_EQ(service_.edit(id, 1, {.text = "{show} with {host}: {title}"}, "bob").first, EditResult::changed);
  EXPECT_EQ(service_.approve(id, 1, "ann").first, ApproveResult::version_conflict);
  EXPECT_EQ(service_.get(id)->status, "pending");
  EXPECT_EQ(service_.approve(id, 2, "ann").first, ApproveResult::approved);
  EXPECT_TRUE(stage_.await_status(id, "posted"));
  EXPECT_EQ(receiver_.arrivals().at(0).text, "Night Talk with bob: Pilot");
  EXPECT_EQ(service_.approve(id, 2, "ann").first, ApproveResult::already_posted);
  EXPECT_EQ(service_.get(id)->approved_by, "ann");
  EXPECT_EQ(service_.approve(999, 1, "ann").first, ApproveResult::not_found);
}

TEST_P(EveningTest, ASecondOneOfAConnectionIsRefused) {
  const auto connection = connect(host("bob", true));
  announce(connection);
  EXPECT_EQ(refused([&] { announce(connection); }), "duplicate_announcement");
  EXPECT_EQ(refused([&] { announce(connection, "whenever"); }), "invalid_field");
  EXPECT_EQ(refused([&] { announce(connection, "at"); }), "invalid_field");
  EXPECT_EQ(count(), 1);
}

TEST_P(EveningTest, WhatIsDueNextIsListedTheSoonestFirst) {
  const auto bob = host("bob", true);
  const auto pending = announce(connect(bob));
  Draft draft;
  draft.episode = episode_;
  draft.trigger = "before";
  std::vector<std::int64_t> ids;
  for (const int minutes : {10, 30, 20}) {
    draft.connection_id = connect(bob);
    draft.minutes = minutes;
    ids.push_back(service_.create(draft, "bob").id);
  }
  const auto due = service_.due(0, 0, 2, {});
  ASSERT_EQ(due.size(), 2u);
  EXPECT_EQ(due[0].id, ids[1]);
  EXPECT_EQ(due[1].id, ids[2]);
  EXPECT_EQ(service_.due(due[1].run_at, due[1].id, 2, {}).at(0).id, ids[0]);
  EXPECT_TRUE(service_.due(0, 0, 2, 999).empty());
  const auto waiting = service_.list({}, 10, "pending").items;
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].id, pending);
  EXPECT_EQ(service_.list({}, 10, "queued").items.size(), 3u);
  EXPECT_EQ(service_.list({}, 10, "queued", bob).items.size(), 3u);
}

INSTANTIATE_TEST_SUITE_P(Databases, EveningTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::announce

// Rule 4 for what people do: a commit of which nobody knows is never told as done, nor as not done.

#include <gtest/gtest.h>

#include "apps/announce/item_acts.hpp"
#include "apps/announce/testing/stage.hpp"
#include "store/testing/doubtful.hpp"

namespace fencepost::announce {
namespace {

using namespace std::chrono_literals;
using core::StopAnswer;
using store::testing::DoubtfulDatabase;
using testing::kHour;
using Fate = DoubtfulDatabase::Fate;

class DoubtTest : public ::testing::TestWithParam<std::tuple<const char*, Fate>> {
 protected:
  DoubtTest() { stage_.serve_from(doubtful_); }
  Fate fate() const { return std::get<1>(GetParam()); }
  bool kept() const { return fate() == Fate::kept; }
  Service& service() { return stage_.service(); }
  std::int64_t create() {
    return service().create({connection_, "Live now", "", base::system_clock().wall() + kHour}, "ada").id;
  }
  std::int64_t epoch() const { return database_.run("SELECT epoch FROM fencepost_epoch")[0][0].integer(); }
  std::int64_t count(const std::string& kind) const {
    return database_.run("SELECT count(*) FROM fencepost_events WHERE kind = $1", {kind})[0][0].integer();
  }

  accounts::testing::TestDatabase database_{std::get<0>(GetParam()), testing::migrations()};
  DoubtfulDatabase doubtful_{database_.another()};
  testing::Receiver receiver_;
  const std::int64_t connection_ = testing::connect_to(database_, receiver_.url());
  testing::Stage stage_{database_};
};

TEST_P(DoubtTest, Rule4AStopIsRepeatedUntilItIsCertain) {
  const auto id = create();
  const auto before = epoch();
  doubtful_.doubt(fate(), 2);
  EXPECT_EQ(service().disable(id, "ada"), kept() ? StopAnswer::already_stopped : StopAnswer::prevented);
  EXPECT_EQ(doubtful_.left(), 0);
  EXPECT_EQ(service().get(id)->status, "disabled");
  EXPECT_EQ(count("stopped"), 1);
  // already_stopped came with a commit of its own, and so did that before it, which was in doubt again.
  EXPECT_EQ(epoch() - before, kept() ? 2 : 0);
}

TEST_P(DoubtTest, Rule4WithoutACertainAnswerNothingIsPromised) {
  const auto id = create();
  doubtful_.doubt(fate(), 1000);
  try {
    service().disable(id, "ada");
    FAIL() << "an answer from a commit in doubt";
  } catch (const base::InfraError& error) {
    EXPECT_TRUE(error.in_doubt());
    EXPECT_TRUE(error.retryable());
  }
  doubtful_.doubt(fate(), 0);
  EXPECT_EQ(service().disable(id, "ada"), kept() ? StopAnswer::already_stopped : StopAnswer::prevented);
}

TEST_P(DoubtTest, PostNowFindsItsOwnClaimAndWorksIt) {
  stage_.start();
  const auto id = create();
  doubtful_.doubt(fate());
  const auto posted = service().post_now(id, "ada", 60s);
  EXPECT_EQ(posted.answer, core::RunNowAnswer::started);
  EXPECT_EQ(posted.announcement->status, "posted");
  EXPECT_EQ(receiver_.arrivals().size(), 1u);
  EXPECT_EQ(count("run_now"), 1);
}

TEST_P(DoubtTest, AnEditIsMadeOnce) {
  const auto id = create();
  doubtful_.doubt(fate());
  const auto [result, now] = service().edit(id, 1, {"New text", {}, {}}, "ada");
  EXPECT_EQ(result, EditResult::changed);
  EXPECT_EQ(now->version, 2);
  EXPECT_EQ(now->text, "New text");
  EXPECT_EQ(service().edit(id, 1, {"New text", {}, {}}, "ada").first, EditResult::version_conflict);
}

TEST_P(DoubtTest, EnableAndRemoveEndCertain) {
  const auto id = create();
  service().disable(id, "ada");
  const auto before = epoch();
  doubtful_.doubt(fate());
  EXPECT_EQ(service().enable(id, "ada"), kept() ? EnableResult::already_enabled : EnableResult::enabled);
  EXPECT_EQ(epoch() - before, 1) << "also already_enabled comes with a commit of its own";
  EXPECT_EQ(service().get(id)->status, "queued");
  doubtful_.doubt(fate());
  EXPECT_EQ(service().remove(id, "ada"), kept() ? StopAnswer::already_stopped : StopAnswer::prevented);
  EXPECT_FALSE(service().get(id));
  EXPECT_EQ(service().remove(id, "ada"), StopAnswer::not_found);
}

TEST_P(DoubtTest, AnActOnManyAnswersWhatItDid) {
  const auto id = create();
  service().disable(id, "ada");
  const auto before = epoch();
  doubtful_.doubt(fate());
  const auto result =
      store::act(doubtful_, stage_.fence(), store::BulkAct::requeue, {.items = {std::to_string(id)}}, 10,
                 "ada", [&](const store::Arming& one) { return rearm(doubtful_, stage_.fence(), one); });
  EXPECT_EQ(result.answers, (std::map<std::string, std::int64_t>{{kept() ? "already_armed" : "rearmed", 1}}));
  EXPECT_EQ(doubtful_.left(), 0);
  EXPECT_EQ(epoch() - before, 1);
  EXPECT_EQ(service().get(id)->status, "queued");
}

TEST_P(DoubtTest, AResolutionIsRecordedOnce) {
  stage_.start();
  receiver_.next({testing::Receiver::Mode::error_500});
  const auto id = create();
  service().post_now(id, "ada", 60s);
  database_.run("UPDATE fencepost_effects SET deadline = 0");
  doubtful_.doubt(fate());
  EXPECT_EQ(service().resolve(id, true, "ada", ""), core::ResolveAnswer::resolved);
  EXPECT_EQ(count("resolved"), 1);
  EXPECT_EQ(service().get(id)->status, "posted");
}

TEST_P(DoubtTest, ACreationInDoubtIsThrownAndNotRepeated) {
  doubtful_.doubt(fate());
  EXPECT_THROW(create(), base::InfraError);
  EXPECT_EQ(service().list({}, 10, "").items.size(), kept() ? 1u : 0u);
}

INSTANTIATE_TEST_SUITE_P(Databases, DoubtTest,
                         ::testing::Combine(::testing::Values("sqlite", "postgres"),
                                            ::testing::Values(Fate::kept, Fate::lost)),
                         [](const auto& each) {
                           return std::string(std::get<0>(each.param)) +
                                  (std::get<1>(each.param) == Fate::kept ? "Kept" : "Lost");
                         });

}  // namespace
}  // namespace fencepost::announce

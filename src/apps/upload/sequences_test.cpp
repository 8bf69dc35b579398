// Random sequences of all that is done with uploads: the counters always are what the ledger says, and what
// is released comes back exactly once. `RC_PARAMS="seed=…"` replays a failure.
#include <rapidcheck.h>

#include "apps/upload/testing/scene.hpp"

namespace fencepost::upload {
namespace {

using namespace testing;

class SequencesTest : public Scene {
 protected:
  enum Act { kSchedule, kBatch, kCancel, kReschedule, kFail, kRetry, kRecalculate, kCall, kLower, kActs };
  struct Step {
    int act, which, when;
  };

  void run_step(const Channel& on, const Step& step, std::vector<std::int64_t>& made) {
    const auto at = [&]() -> std::optional<base::Micros> {
      if (step.when == 0) return std::nullopt;
      return slot(on, 1 + step.when / 3, static_cast<std::size_t>(step.when % 3));
    }();
    const auto id = made.empty() ? 0 : made[static_cast<std::size_t>(step.which) % made.size()];
    switch (step.act) {
      case kSchedule:
        if (const auto answer = schedule(on, at, step.which % 2 == 0 ? "short" : "final"); answer.upload)
          made.push_back(answer.upload->id);
        break;
      case kBatch:
        for (const auto& answer :
             service_.schedule(on.id, {{video(), "short"}, {video(), "final", at}},
                               step.which % 2 == 0 ? Mode::all_or_nothing : Mode::best_effort, {}, "ada"))
          if (answer.upload) made.push_back(answer.upload->id);
        break;
      case kCancel:
        service_.cancel(id, "ada");
        break;
      case kReschedule:
        service_.reschedule(id, {}, When{at}, "ada");
        break;
      case kFail:
        if (id == 0) break;
        due(id);
        if (const auto claims = fence_.claim(*database_->acquire(), 1, std::chrono::seconds(60), 7);
            !claims.empty())
          fail(claims[0]);
        break;
      case kRetry:
        service_.retry(id, step.when % 2 == 0 ? std::optional(When{at}) : std::nullopt, "ada");
        break;
      case kRecalculate:
        RC_ASSERT(in_transaction([](auto& c) { return store::recalculate(c); }).empty());
        break;
      case kCall:
        if (id != 0)
          in_transaction([&](auto& c) {
            fence_.hold(c, {std::to_string(id)});
            const auto seen = fence_.read(c, std::to_string(id));
            return seen->state == core::State::queued &&
                   permit(c, on.project_id, Call::insert, seen->item).granted;
          });
        break;
      case kLower: {
        const auto now = get_channel(*database_->acquire(), on.id).value();
        edited(now, {.limits = {{{"short", 1 + step.which % 4}, {"final", 1 + step.when % 3}}},
                     .capacity = 1 + step.which % 2});
        break;
      }
      default:
        break;
    }
  }
};

TEST_P(SequencesTest, CountersAreTheLedgerAndEverythingComesBackOnce) {
  const auto project = in_transaction([](auto& c) { return add_project(c, "small", {.uploads = 3}); });
  int sequences = 0;
  EXPECT_TRUE(rc::check("uploads hold what the ledger says", [&] {
    const auto steps = *rc::gen::resize(
        8,
        rc::gen::container<std::vector<std::tuple<int, int, int>>>(rc::gen::tuple(
            rc::gen::inRange(0, static_cast<int>(kActs)), rc::gen::inRange(0, 6), rc::gen::inRange(0, 9))));
    ++sequences;
    const auto on = channel({.horizon_days = 5, .project_id = project.id});
    std::vector<std::int64_t> made;
    for (const auto& [act, which, when] : steps) run_step(on, {act, which, when}, made);
    RC_ASSERT(store::differences(*database_->acquire()).empty());
    // Everything is given back: what is left is what calls have spent.
    for (const auto id : made) service_.cancel(id, "ada");
    RC_ASSERT(count("SELECT count(*) FROM fencepost_ledger WHERE NOT spent") == 0);
    RC_ASSERT(count("SELECT count(*) FROM fencepost_slots") == 0);
    RC_ASSERT(count("SELECT CAST(coalesce(sum(used), 0) AS BIGINT) FROM fencepost_buckets") ==
              count("SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM fencepost_ledger"));
    RC_ASSERT(count("SELECT count(*) FROM fencepost_buckets WHERE used > quota + overhang") == 0);
    run("DELETE FROM fencepost_ledger");
    run("DELETE FROM fencepost_buckets");
  }));
  EXPECT_GE(sequences, 500);
  expect_sound();
}

ON_BOTH(SequencesTest);

int main_params() {
  // 500 sequences on each database.
  return setenv("RC_PARAMS", "max_success=500", 0);
}
const int kParams = main_params();

}  // namespace
}  // namespace fencepost::upload

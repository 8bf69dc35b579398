// Any sequence of acts on budgets, against a model.
#include <rapidcheck.h>

#include <map>

#include "budgets.hpp"

namespace fencepost::store::testing {
namespace {

enum Act { kTake, kTakeTwo, kRelease, kReleaseAttempt, kSpend, kSetQuota, kRecalculate, kActs };
using Step = std::tuple<int, int, int, int, int>;  // act, bucket, item, attempt, amount

struct Model {
  struct State {
    std::int64_t quota, used;
  };
  struct Entry {
    std::int64_t amount;
    bool spent;
  };
  std::map<BucketKey, State> buckets;
  std::map<std::tuple<std::string, int, BucketKey>, Entry> ledger;  // item, attempt, bucket

  Outcome take(const TakeRequest& r) {
    auto& b = buckets.try_emplace(r.key, State{r.quota, 0}).first->second;
    if (ledger.contains({r.item, r.attempt, r.key})) return Outcome::already_taken;
    if (b.used + r.amount > b.quota) return Outcome::full;
    b.used += r.amount;
    ledger[{r.item, r.attempt, r.key}] = {r.amount, false};
    return Outcome::granted;
  }
  void release(const std::string& item, std::optional<int> attempt) {
    std::erase_if(ledger, [&](const auto& e) {
      const auto& [of, number, key] = e.first;
      if (of != item || (attempt && *attempt != number) || e.second.spent) return false;
      buckets.at(key).used -= e.second.amount;
      return true;
    });
  }
};

void play(Connection& c, Model& model, const Step& step) {
  const auto& [act, which, number, attempt, amount] = step;
  const BucketKey key{"s", "n", "w" + std::to_string(which)};
  const BucketKey other{"s", "n", "w" + std::to_string((which + 1) % 3)};
  const std::string item = std::to_string(number);
  const TakeRequest request{key, 5, amount, "q", item, "p", attempt};
  switch (act) {
    case kTake:
      RC_ASSERT(take(c, key, 5, amount, "q", item, "p", attempt).outcome == model.take(request));
      break;
    case kTakeTwo: {
      const TakeRequest second{other, 5, amount, "q", item, "p", attempt};
      auto tried = model;
      const bool full = tried.take(request) == Outcome::full || tried.take(second) == Outcome::full;
      RC_ASSERT(take_all(c, {second, request}).full.has_value() == full);
      if (!full) model = tried;
      break;
    }
    case kRelease:
      release(c, "q", item), model.release(item, {});
      break;
    case kReleaseAttempt:
      release(c, "q", item, "p", attempt), model.release(item, attempt);
      break;
    case kSpend:
      mark_spent(c, "q", item, "p", attempt);
      for (auto& [name, entry] : model.ledger)
        if (std::get<0>(name) == item && std::get<1>(name) == attempt) entry.spent = true;
      break;
    case kSetQuota:
      set_quota(c, key, amount);
      model.buckets.try_emplace(key, Model::State{amount, 0}).first->second.quota = amount;
      break;
    default:
      RC_ASSERT(recalculate(c).empty());
  }
}

TEST_P(BudgetTest, AnySequenceOfActsKeepsUsedEqualToTheLedger) {
  World world(GetParam(), core::Kind::once);
  EXPECT_TRUE(rc::check("budgets follow their model", [&] {
    const auto steps =
        *rc::gen::resize(25, rc::gen::container<std::vector<Step>>(rc::gen::tuple(
                                 rc::gen::inRange(0, static_cast<int>(kActs)), rc::gen::inRange(0, 3),
                                 rc::gen::inRange(0, 3), rc::gen::inRange(0, 2), rc::gen::inRange(1, 5))));
    Model model;
    Transaction never_committed(world.a());
    for (const auto& step : steps) {
      play(world.a(), model, step);
      RC_ASSERT(differences(world.a()).empty());
      for (const auto& [key, expected] : model.buckets) {
        const auto now = bucket(world.a(), key);
        // A take_all that was refused may have made the bucket.
        if (!now) continue;
        RC_ASSERT(now->used == expected.used);
        RC_ASSERT(now->quota == expected.quota);
      }
    }
  }));
}

}  // namespace
}  // namespace fencepost::store::testing

// What a group reads does not grow with what else is claimed, whatever the planner believes: the statistics
// are those of a queue at rest. PostgreSQL only; SQLite writes a group row by row.

#include <gtest/gtest.h>

#include "fixture.hpp"

namespace fencepost::store::testing {
namespace {

using std::chrono::minutes;

constexpr int kGroup = 100, kBeside = 3000;

class GroupsCost : public ::testing::TestWithParam<core::Kind> {
 protected:
  GroupsCost() {
    world_.run(
        "INSERT INTO {table} ({key}, {status}, {claim_id}) SELECT -n, 'done', n FROM generate_series(1, 50) "
        "n");
    world_.script("ANALYZE");
    world_.run("INSERT INTO {table} ({key}, {status}) SELECT n, ?1 FROM generate_series(1, 7000) AS n",
               {world_.queue().words.queued});
  }

  // Rows of the queue's table and of the effects that `work` reads in a transaction of its own. The server
  // may still have the figures of the one before.
  template <typename Work>
  std::int64_t read_by(Work&& work) {
    auto& connection = world_.a();
    Transaction transaction(connection);
    const auto before = read(connection);
    work(connection);
    const auto after = read(connection);
    transaction.commit();
    return after - before;
  }
  std::int64_t read(Connection& connection) {
    return world_
        .run(connection,
             "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint"
             " FROM pg_stat_xact_user_tables WHERE relid IN ('{table}'::regclass,"
             " 'fencepost_effects'::regclass)")[0][0]
        .integer();
  }
  std::vector<Claim> claimed(int n) { return world_.fence().claim(world_.b(), n, minutes(10), 7); }
  std::vector<std::optional<Effect>> gate(Connection& c, const std::vector<Claim>& claims) {
    std::vector<Fence::GateRequest> requests;
    for (const auto& claim : claims)
      requests.push_back({claim, {"key " + claim.item, "{}", "nowhere", minutes(1), minutes(2)}});
    return world_.fence().begin_effects(c, requests);
  }
  // What a person's act on many answers, each with the cost of a group.
  std::vector<core::StopAnswer> stopped(const std::vector<std::string>& items) {
    std::vector<core::StopAnswer> answers;
    EXPECT_LE(
        read_by([&](auto& c) { answers = world_.fence().stop(c, world_.fence().hold(c, items), "ada"); }),
        kMost);
    return answers;
  }
  std::vector<RearmAnswer> rearmed(const std::vector<std::string>& items) {
    std::vector<RearmAnswer> answers;
    EXPECT_LE(
        read_by([&](auto& c) { answers = world_.fence().rearm(c, world_.fence().hold(c, items), "ada"); }),
        kMost);
    return answers;
  }
  static std::vector<std::string> items_of(const std::vector<Claim>& claims) {
    std::vector<std::string> items;
    for (const auto& claim : claims) items.push_back(claim.item);
    return items;
  }

  // Looked up, locked, written by its address, and perhaps once more in another table.
  static constexpr std::int64_t kMost = 6 * kGroup;
  World world_{Dialect::postgres, GetParam()};
};

TEST_P(GroupsCost, Claim) {
  claimed(kBeside);
  std::vector<Claim> claims;
  EXPECT_LE(read_by([&](auto& c) { claims = world_.fence().claim(c, kGroup, minutes(1), 7); }),
            kMost + kBeside)
      << "a claim walks past those that were claimed a moment ago, once";
  EXPECT_EQ(claims.size(), kGroup);
}

TEST_P(GroupsCost, Renew) {
  const auto claims = claimed(kGroup);
  claimed(kBeside);
  std::vector<Fence::Renewed> renewed;
  EXPECT_LE(read_by([&](auto& c) { renewed = world_.fence().renew(c, claims, minutes(1)); }), kMost);
  EXPECT_EQ(renewed.size(), kGroup);
}

TEST_P(GroupsCost, Settle) {
  std::vector<Settlement> settlements;
  for (const auto& claim : claimed(kGroup)) settlements.push_back(Settlement::failed(claim, "no"));
  claimed(kBeside);
  std::vector<bool> settled;
  EXPECT_LE(read_by([&](auto& c) { settled = world_.fence().settle_free(c, settlements); }), kMost);
  EXPECT_EQ(settled, std::vector<bool>(kGroup, true));
}

TEST_P(GroupsCost, GateAndSettleWhatWasSent) {
  if (!world_.once()) GTEST_SKIP() << "a repeatable queue has no gate";
  const auto claims = claimed(kGroup);
  claimed(kBeside);
  std::vector<std::optional<Effect>> effects;
  EXPECT_LE(read_by([&](auto& c) { effects = gate(c, claims); }), kMost);
  gate(world_.b(), claimed(kBeside));
  std::vector<Fence::Sent> sent;
  for (const auto& effect : effects) {
    ASSERT_TRUE(effect);
    sent.push_back({*effect, {Verdict::happened, "", "", "", {}}});
  }
  std::vector<bool> settled;
  EXPECT_LE(read_by([&](auto& c) { settled = world_.fence().settle_sent(c, sent, "worker"); }), kMost);
  EXPECT_EQ(settled, std::vector<bool>(kGroup, true));
}

TEST_P(GroupsCost, StopAndRearm) {
  const auto items = items_of(claimed(kGroup));
  claimed(kBeside);
  using Stops = std::vector<core::StopAnswer>;
  using Rearms = std::vector<RearmAnswer>;
  if (world_.once()) {
    EXPECT_EQ(stopped(items), Stops(kGroup, core::StopAnswer::prevented));
    EXPECT_EQ(stopped(items), Stops(kGroup, core::StopAnswer::already_stopped));
    EXPECT_EQ(rearmed(items), Rearms(kGroup, RearmAnswer::rearmed));
  } else {
    EXPECT_EQ(stopped(items), Stops(kGroup, core::StopAnswer::in_flight));
    EXPECT_EQ(rearmed(items), Rearms(kGroup, RearmAnswer::already_armed));
  }
}

TEST_P(GroupsCost, StopAndRearmWhatIsSending) {
  if (!world_.once()) GTEST_SKIP() << "a repeatable queue has no gate";
  const auto claims = claimed(kGroup);
  gate(world_.b(), claims);
  gate(world_.b(), claimed(kBeside));
  const auto items = items_of(claims);
  EXPECT_EQ(stopped(items), std::vector<core::StopAnswer>(kGroup, core::StopAnswer::in_flight));
  EXPECT_EQ(rearmed(items), std::vector<RearmAnswer>(kGroup, RearmAnswer::in_flight));
}

INSTANTIATE_TEST_SUITE_P(Postgres, GroupsCost, ::testing::Values(core::Kind::repeatable, core::Kind::once),
                         [](const auto& of) { return of.param == core::Kind::once ? "once" : "repeatable"; });

}  // namespace
}  // namespace fencepost::store::testing

#include "accounts/fresh_credentials.hpp"

#include <latch>
#include <set>
#include <thread>

#include "accounts/connection_import.hpp"
#include "accounts/testing/people_test_base.hpp"
#include "base/testpoint.hpp"

namespace fencepost::accounts {
namespace {

using namespace std::chrono_literals;
using Kind = RefreshAnswer::Kind;

constexpr base::Micros kMinute = 60'000'000;

// A platform whose tokens are single-use: "t1" is refreshed to "t2", once.
class Platform final : public Refresher {
 public:
  RefreshAnswer refresh(const LiveConnection& connection, base::BootTime) override {
    ++asked;
    if (on_refresh) on_refresh();
    if (fails) return *fails;
    if (connection.secret.reveal() != current)
      return {.kind = Kind::refused, .why = "refused by the platform"};
    current = "t" + std::to_string(std::stoi(current.substr(1)) + 1);
    if (on_answer) on_answer();
    return {.kind = Kind::fresh, .secret = base::Secret("t" + current.substr(1)), .life = life};
  }
  void discard(const LiveConnection&, const base::Secret& secret, base::BootTime) override {
    discarded += secret.reveal();
  }

  std::string current = "t1";
  SecretLife life{.expires_at = base::Micros{4'000'000'000'000'000}, .refreshable = true};
  std::optional<RefreshAnswer> fails;
  std::function<void()> on_refresh, on_answer;  // before and behind its decision
  std::atomic<int> asked = 0;
  std::string discarded;
};

class FreshCredentialsTest : public testing::PeopleTestBase {
 protected:
  FreshCredentialsTest() {
    auto connection = database_->acquire();
    id_ = create_connection(*connection, vault_, "fans", "webhook", "https://example.com", base::Secret("t1"))
              .id;
  }
  ~FreshCredentialsTest() override { base::on_testpoint({}); }

  base::Micros now() { return database_->acquire()->run(sql::connection_life, {id_})[0][20].integer(); }
  void expires_in(base::Micros micros, bool refreshable = true) {
    auto connection = database_->acquire();
    learn(*connection, id_, SecretLife{now() + micros, refreshable});
  }
  // The secret, or why there is none.
  std::string got(FreshCredentials& from, base::Duration valid_for = 60s) {
    auto answer = from.get(id_, valid_for);
    if (auto* live = std::get_if<LiveConnection>(&answer)) return live->secret.reveal();
    const auto& not_usable = std::get<NotUsable>(answer);
    return (not_usable.again ? "later: " : "no: ") + not_usable.why;
  }
  std::string got() { return got(fresh_); }
  LiveConnection live() { return std::get<LiveConnection>(fresh_.get(id_, 60s)); }
  void refuse(std::int64_t version) {
    credentials_refused(*database_->acquire(), id_, version, "the platform answered 401");
  }
  std::int64_t notices(const std::string& kind) {
    return count("SELECT count(*) FROM fencepost_notices WHERE kind = '" + kind + "'");
  }
  ConnectionInfo info() { return *get_connection(*database_->acquire(), id_); }
  void lapse() { database_.run("UPDATE fencepost_connections SET refresh_until = 1"); }

  const Vault vault_ = Vault::open(database_.folder() + "/key", true);
  std::unique_ptr<store::Database> other_ = database_.another();
  Platform platform_;
  engine::Metrics metrics_;
  const engine::Context here_{*database_, metrics_, base::system_clock(), 1};
  FreshCredentials fresh_{here_, vault_, platform_};
  // As another process has it.
  const engine::Context there_{*other_, metrics_, base::system_clock(), 2};
  FreshCredentials elsewhere_{there_, vault_, platform_};
  std::int64_t id_ = 0;
};

TEST_P(FreshCredentialsTest, WhatIsValidIsNotRefreshed) {
  EXPECT_EQ(got(), "t1") << "without an end";
  expires_in(2 * kMinute);
  EXPECT_EQ(got(), "t1");
  EXPECT_EQ(platform_.asked, 0);
}

TEST_P(FreshCredentialsTest, RefreshesBeforeTheEndAndStoresItFirst) {
  expires_in(kMinute / 2);
  EXPECT_EQ(got(), "t2");
  EXPECT_EQ(got(), "t2");
  EXPECT_EQ(platform_.asked, 1);
  EXPECT_EQ(connection_secret(*database_->acquire(), vault_, id_)->reveal(), "t2");
  EXPECT_EQ(info().expires_at, platform_.life.expires_at);
}

TEST_P(FreshCredentialsTest, OfTwoProcessesOneRefreshesAndBothGoOn) {
  expires_in(kMinute / 2);
  std::string meanwhile;
  platform_.on_refresh = [&] {
    platform_.on_refresh = {};
    meanwhile = got(elsewhere_);
  };
  EXPECT_EQ(got(), "t2");
  EXPECT_EQ(meanwhile, "later: its credentials are being refreshed");
  EXPECT_EQ(got(elsewhere_), "t2");
  EXPECT_EQ(platform_.asked, 1);
}

TEST_P(FreshCredentialsTest, OfManyThreadsOneRefreshes) {
  expires_in(kMinute / 2);
  constexpr int kThreads = 6;
  std::latch start(kThreads);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      while (got(i % 2 == 0 ? fresh_ : elsewhere_) != "t2") {
      }
    });
  threads.clear();
  EXPECT_EQ(platform_.asked, 1);
}

// Both have read that nobody refreshes.
TEST_P(FreshCredentialsTest, OfTwoWhoLeaseARefreshAtOnceOneDoes) {
  expires_in(kMinute / 2);
  const auto lease = [&](std::int64_t number) {
    return [this, number](store::Connection& connection) {
      return connection.run(sql::lease_refresh, {id_, number, kMinute, 1}).size();
    };
  };
  const auto [one, two] = while_open(lease(1), lease(2));
  EXPECT_EQ(one + two, 1u);
}

// It has read the old one, and then others were quicker: the old one is no more to be refreshed.
TEST_P(FreshCredentialsTest, WhoWasPausedBeforeItsLeaseRefreshesNothing) {
  expires_in(kMinute / 2);
  bool first = true;
  base::on_testpoint([&](std::string_view name) {
    if (name != "refresh.begin" || !std::exchange(first, false)) return;
    EXPECT_EQ(got(elsewhere_), "t2");
  });
  EXPECT_EQ(got(), "later: its credentials are being refreshed");
  EXPECT_EQ(got(), "t2");
  EXPECT_EQ(platform_.asked, 1);
}

TEST_P(FreshCredentialsTest, ARefusalIsRefreshedOnceThenAPersonIsCalled) {
  expires_in(1000 * kMinute);
  refuse(live().version);
  EXPECT_EQ(got(), "t2");
  EXPECT_TRUE(live().on_trial);
  EXPECT_EQ(notices("credentials_refused"), 0);
  refuse(live().version);
  EXPECT_EQ(got(), "no: the platform answered 401: connect the account again");
  refuse(2);
  EXPECT_EQ(notices("credentials_refused"), 1) << "told once";
  EXPECT_TRUE(info().broken_since);
  EXPECT_EQ(platform_.asked, 1);
}

TEST_P(FreshCredentialsTest, WhatWasAcceptedIsNoLongerOnTrial) {
  expires_in(1000 * kMinute);
  refuse(live().version);
  credentials_accepted(*database_->acquire(), id_, live().version);
  EXPECT_FALSE(live().on_trial);
  refuse(live().version);
  EXPECT_EQ(got(), "t3");
}

TEST_P(FreshCredentialsTest, WhatCannotBeRefreshedIsBrokenByItsFirstRefusal) {
  refuse(live().version);
  EXPECT_EQ(got(), "no: the platform answered 401: connect the account again");
  EXPECT_EQ(platform_.asked, 0);
  EXPECT_EQ(notices("credentials_refused"), 1);
}

// Many items were sent with the secret that was refused, and some of them say so late.
TEST_P(FreshCredentialsTest, ARefusalOfAnOlderSecretChangesNothing) {
  expires_in(1000 * kMinute);
  const auto old = live().version;
  refuse(old);
  EXPECT_EQ(got(), "t2");
  credentials_accepted(*database_->acquire(), id_, live().version);
  refuse(old);
  EXPECT_EQ(got(), "t2");
  EXPECT_EQ(platform_.asked, 1);
  refuse(live().version);
  EXPECT_EQ(got(), "t3") << "on trial";
  refuse(old);
  EXPECT_EQ(got(), "t3");
  EXPECT_EQ(notices("credentials_refused"), 0);
}

TEST_P(FreshCredentialsTest, ADisconnectDuringARefreshWins) {
  expires_in(kMinute / 2);
  platform_.on_answer = [&] { disconnect(*other_->acquire(), id_); };
  EXPECT_EQ(got(), "later: the connection was changed meanwhile");
  EXPECT_EQ(platform_.discarded, "t2") << "it is told that nobody will use it";
  EXPECT_EQ(got(), "no: the connection is disconnected");
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_connections WHERE secret IS NOT NULL"), 0);
}

TEST_P(FreshCredentialsTest, APersonWhoConnectsAnewDuringARefreshWins) {
  expires_in(kMinute / 2);
  platform_.on_answer = [&] { reconnect(*other_->acquire(), vault_, id_, base::Secret("anew")); };
  EXPECT_EQ(got(), "later: the connection was changed meanwhile");
  EXPECT_EQ(got(), "anew");
}

// A process died between the platform's answer and the statement that stores it.
TEST_P(FreshCredentialsTest, AnAnswerThatDiedWithItsProcessCallsForAPerson) {
  expires_in(kMinute / 2);
  platform_.current = "t2";
  database_.run("UPDATE fencepost_connections SET refresh_id = 5, refresh_until = 1");
  EXPECT_EQ(got(),
            "no: the answer of an earlier refresh was lost, and the platform takes the old credentials no "
            "more: connect the account again");
  EXPECT_EQ(notices("credentials_refused"), 1);
}

TEST_P(FreshCredentialsTest, ARefreshThatDiedBeforeThePlatformHeardOfItIsRepeated) {
  expires_in(kMinute / 2);
  database_.run("UPDATE fencepost_connections SET refresh_id = 5, refresh_until = 1");
  EXPECT_EQ(got(), "t2");
}

// Paused past its lease with the platform's answer in hand: another one found the old token used.
TEST_P(FreshCredentialsTest, AKnownYesIsNeverThrownAway) {
  expires_in(kMinute / 2);
  platform_.on_answer = [&] {
    platform_.on_answer = {};
    lapse();
    EXPECT_EQ(got(elsewhere_).substr(0, 4), "no: ");
    EXPECT_TRUE(info().broken_since);
  };
  EXPECT_EQ(got(), "t2");
  EXPECT_EQ(got(elsewhere_), "t2");
  EXPECT_FALSE(info().broken_since);
}

// Refused, but by now another one asks: what that one learns counts.
TEST_P(FreshCredentialsTest, ARefusalWithoutTheLeaseSaysNothing) {
  expires_in(kMinute / 2);
  platform_.fails = RefreshAnswer{.kind = Kind::refused, .why = "refused"};
  platform_.on_refresh = [&] {
    database_.run("UPDATE fencepost_connections SET refresh_id = 5, refresh_until = 9000000000000000");
  };
  EXPECT_EQ(got().substr(0, 4), "no: ");
  EXPECT_EQ(notices("credentials_refused"), 0);
  EXPECT_FALSE(info().broken_since);
}

TEST_P(FreshCredentialsTest, WhereThePlatformIsAwayTheOldOnesAreUsedAsLongAsTheyLast) {
  expires_in(2 * kMinute);
  platform_.fails = RefreshAnswer{.kind = Kind::later, .why = "no answer", .wait = 90s};
  EXPECT_EQ(got(fresh_, 10min), "t1");
  EXPECT_EQ(got(fresh_, 10min), "t1") << "and it is left in peace";
  EXPECT_EQ(platform_.asked, 1);
  EXPECT_EQ(info().last_error, "the credentials could not be refreshed: no answer");
  expires_in(kMinute / 6);
  EXPECT_EQ(got(fresh_, 10min), "later: its credentials cannot be refreshed just now");
  lapse();
  platform_.fails.reset();
  EXPECT_EQ(got(fresh_, 10min), "t2");
  EXPECT_FALSE(info().last_error);
}

TEST_P(FreshCredentialsTest, AnAnswerThatWasCutIsTriedAgainAndThenCallsForAPerson) {
  expires_in(kMinute / 2);
  platform_.fails = RefreshAnswer{.kind = Kind::unknown, .why = "cut"};
  EXPECT_EQ(got(), "later: its credentials cannot be refreshed just now: cut");
  lapse();
  platform_.fails.reset();
  platform_.current = "t2";
  EXPECT_TRUE(got().starts_with("no: the answer of an earlier refresh was lost"));
}

TEST_P(FreshCredentialsTest, AnEndThatNobodyCanPutOffIsToldOnce) {
  expires_in(2 * 24 * 60 * kMinute, false);
  fresh_.upkeep();
  elsewhere_.upkeep();
  EXPECT_EQ(notices("credentials_expiring"), 1);
  EXPECT_EQ(got(), "t1");
  expires_in(-kMinute, false);
  fresh_.upkeep();
  fresh_.upkeep();
  EXPECT_EQ(got(), "no: the credentials have expired: connect the account again");
  EXPECT_EQ(notices("credentials_refused"), 1);
  EXPECT_EQ(platform_.asked, 0);
}

TEST_P(FreshCredentialsTest, OfTwoWhoTellOfAnEndAtOnceOneDoes) {
  expires_in(2 * 24 * 60 * kMinute, false);
  const auto tell = [&](store::Connection& connection) {
    return connection.run(sql::tell_expiry, {id_, 1}).size();
  };
  const auto [one, two] = while_open(tell, tell);
  EXPECT_EQ(one + two, 1u);
}

TEST_P(FreshCredentialsTest, TheUpkeepRefreshesWhatEndsSoonAndTellsNobody) {
  expires_in(5 * kMinute);
  EXPECT_EQ(fresh_.upkeep(), 0) << "it is only just given";
  database_.run("UPDATE fencepost_connections SET secret_at = expires_at - 3600000000");
  EXPECT_EQ(fresh_.upkeep(), 1);
  EXPECT_EQ(fresh_.upkeep(), 0);
  EXPECT_EQ(platform_.asked, 1);
  // Two months that have five days left.
  platform_.life.expires_at = now() + 5 * 24 * 60 * kMinute;
  expires_in(5 * 24 * 60 * kMinute);
  database_.run("UPDATE fencepost_connections SET secret_at = expires_at - 5184000000000");
  EXPECT_EQ(fresh_.upkeep(), 1);
  EXPECT_EQ(platform_.asked, 2);
  EXPECT_EQ(fresh_.upkeep(), 0) << "a new life";
  EXPECT_EQ(notices("credentials_expiring"), 0);
}

TEST_P(FreshCredentialsTest, ARestIsKeptAndTheLongestCounts) {
  rest_connection(*database_->acquire(), id_, 30min);
  rest_connection(*database_->acquire(), id_, 1min);
  const auto answer = std::get<NotUsable>(fresh_.get(id_, 60s));
  ASSERT_TRUE(answer.again);
  EXPECT_GT(*answer.again, 29min);
  EXPECT_TRUE(info().resting_until);
  EXPECT_TRUE(std::holds_alternative<LiveConnection>(fresh_.get(id_, 60s, FreshCredentials::To::ask)));
  database_.run("UPDATE fencepost_connections SET resting_until = 1");
  EXPECT_EQ(got(), "t1");
  EXPECT_FALSE(info().resting_until);
  rest_connection(*database_->acquire(), id_, 24h);
  reconnect(*database_->acquire(), vault_, id_, base::Secret("anew"));
  EXPECT_FALSE(info().resting_until) << "a person has connected it anew";
}

TEST_P(FreshCredentialsTest, VerifyingEndsWhatWasWrong) {
  refuse(live().version);
  credentials_verified(*database_->acquire(), id_, 0);
  EXPECT_EQ(got().substr(0, 4), "no: ") << "of an older secret";
  credentials_verified(*database_->acquire(), id_, 1);
  learn(*database_->acquire(), id_, AccountFacts{.id = "7", .name = "@us", .facts = "{\"a\":1}"});
  EXPECT_EQ(got(), "t1");
  EXPECT_EQ(info().account_id + info().account_name + info().facts, "7@us{\"a\":1}");
}

TEST_P(FreshCredentialsTest, AnAccountIsConnectedOnce) {
  const auto connected = [&](std::int64_t id) {
    return [&, id](store::Connection& connection) -> std::string {
      try {
        learn(connection, id, AccountFacts{.id = "7", .name = "@us"});
        claim_account(connection, id);
        return "done";
      } catch (const base::UserError& error) {
        return error.code();
      }
    };
  };
  const auto make = [&](const std::string& name, const std::string& target) {
    return create_connection(*database_->acquire(), vault_, name, "mastodon", target, base::Secret("t")).id;
  };
  const auto one = make("one", "https://a.example"), two = make("two", "https://a.example");
  const auto [first, second] = while_open(connected(one), connected(two));
  EXPECT_EQ(std::set<std::string>({first, second}), std::set<std::string>({"done", "duplicate_account"}));
  const auto elsewhere = make("elsewhere", "https://b.example");
  EXPECT_EQ(connected(elsewhere)(*database_->acquire()), "done") << "another server's 7";
  disconnect(*database_->acquire(), first == "done" ? one : two);
  EXPECT_EQ(connected(first == "done" ? two : one)(*database_->acquire()), "done");
}

TEST_P(FreshCredentialsTest, WhatIsForgottenIsWhatWasThere) {
  std::optional<std::string> forgotten;
  {
    auto connection = database_->acquire();
    store::Transaction transaction(*connection);
    forgotten = disconnect_forgetting(*connection, id_);
    transaction.commit();
  }
  ASSERT_TRUE(forgotten);
  EXPECT_EQ(unseal_for(vault_, id_, *forgotten).reveal(), "t1");
  EXPECT_TRUE(info().disconnected_at);
}

ON_BOTH(FreshCredentialsTest);

}  // namespace
}  // namespace fencepost::accounts

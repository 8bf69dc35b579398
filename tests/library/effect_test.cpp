// `once` queues through the public classes, and the test mode with its clock.

#include "fencepost/testing.hpp"
#include "fixture.hpp"

namespace fencepost::testing {
namespace {

Queue posts() {
  Queue queue;
  queue.name = "posts";
  queue.table = "links";
  queue.payload = {"url"};
  queue.kind = Kind::once;
  return queue;
}

class EffectTest : public LibraryTest {
 protected:
  void SetUp() override {
    add(1);
    store_ = std::make_unique<Store>(open());
    store_->install(posts());
  }
  Store& store() { return *store_; }
  EffectHandler handler() {
    return {.render = [this](Job& job, Reader& reader) -> std::variant<Request, NotNow> {
              const auto rows =
                  reader.run("SELECT weight FROM links WHERE id = $1", {std::stoll(job.item())});
              EXPECT_EQ(rows[0][0].integer(), 7);
              key_ = job.key();
              Request request{.body = job.get<std::string>("url"), .destination = "there", .secret = "token"};
              if (allowed_) request.allowed = allowed_;
              return request;
            },
            .send =
                [this](const Effect& effect, Deadline deadline) {
                  EXPECT_EQ(effect.request, "http://a/0");
                  EXPECT_EQ(effect.secret, "token");
                  EXPECT_EQ(effect.key, key_);
                  EXPECT_GT(deadline.left(), 0s);
                  signals_.add("sent");
                  return result_;
                },
            .settled =
                [this](Transaction& t, const Effect& effect, const EffectResult& result) {
                  t.run("INSERT INTO results VALUES ($1, $2)", {std::stoll(effect.item), result.remote_id});
                  signals_.add("settled");
                }};
  }

  std::unique_ptr<Store> store_;
  Signals signals_;
  std::string key_;
  EffectResult result_{Verdict::happened, "r1", "http://there/1", "", {}};
  std::function<bool(Transaction&)> allowed_;
};

TEST_P(EffectTest, AnEffectIsSentOnceAndItsOutcomeIsKept) {
  run_effect_loop(store(), posts(), until_empty(), handler());
  run_effect_loop(store(), posts(), until_empty(), handler());
  EXPECT_EQ(signals_.seen("sent"), 1);
  const auto item = store().read(posts(), "1").value();
  EXPECT_EQ(item.state, State::done);
  EXPECT_EQ(item.outcome, EffectOutcome::done);
  EXPECT_EQ(item.effect_key, key_);
  EXPECT_EQ(sql("SELECT found FROM results")[0][0].text(), "r1");
  EXPECT_EQ(number("SELECT count(*) FROM fencepost_effects WHERE request LIKE '%token%'"), 0);
}

TEST_P(EffectTest, AStopBeforeTheGatePreventsAndAfterwardsIsHonest) {
  EXPECT_EQ(store().stop(posts(), "1", "ann"), StopAnswer::prevented);
  run_effect_loop(store(), posts(), until_empty(), handler());
  EXPECT_EQ(signals_.seen("sent"), 0);
  EXPECT_EQ(store().rearm(posts(), "1", "ann"), RearmAnswer::rearmed);
  run_effect_loop(store(), posts(), until_empty(), handler());
  EXPECT_EQ(signals_.seen("sent"), 1);
  EXPECT_EQ(store().stop(posts(), "1", "ann"), StopAnswer::already_done);
}

TEST_P(EffectTest, AnotherTableCanForbidAtTheGate) {
  sql("INSERT INTO results VALUES (0, 'switch is off')");
  allowed_ = [](Transaction& t) { return t.run("SELECT 1 FROM results WHERE link = 0").empty(); };
  const auto drained = [&] {
    try {
      return drain_now(store(), posts(), handler()).size();
    } catch (const UserError&) {
      return std::size_t{0};
    }
  }();
  EXPECT_EQ(drained, 1U);
  EXPECT_EQ(signals_.seen("sent"), 0);
  EXPECT_EQ(store().read(posts(), "1")->state, State::queued);
}

TEST_P(EffectTest, AnUnknownOutcomeWaitsForAPerson) {
  result_ = {Verdict::unknown, "", "", "time-out", {}};
  auto own = handler();
  const auto request = own.render;
  own.render = [request](Job& job, Reader& reader) {
    auto made = request(job, reader);
    std::get<Request>(made).timeout = 1s;
    return made;
  };
  ASSERT_EQ(drain_now(store(), posts(), own).size(), 1U);
  EXPECT_EQ(store().read(posts(), "1")->state, State::unknown);
  EXPECT_EQ(store().stop(posts(), "1", "ann"), StopAnswer::outcome_unknown);
  EXPECT_EQ(store().run_now(posts(), "1", "ann"), RunNowAnswer::outcome_unknown);
  EXPECT_TRUE(drain_now(store(), posts(), own).empty());
}

TEST_P(EffectTest, WhatIsNotNowIsLookedAtAgainOrFails) {
  auto own = handler();
  own.render = [](Job&, Reader&) -> std::variant<Request, NotNow> { return NotNow{"deleted", {}}; };
  const auto drained = drain_now(store(), posts(), own);
  ASSERT_EQ(drained.size(), 1U);
  EXPECT_EQ(drained[0].state, State::failed);
  EXPECT_EQ(drained[0].error, "deleted");
}

ON_BOTH(EffectTest);

// -- the test mode: what an embedding program's own tests look like

TEST(InlineStoreTest, TheClockStandsStillUntilItIsTold) {
  InlineStore inline_store;
  auto& store = inline_store.store();
  const auto before = inline_store.time();
  store.enqueue({.kind = "mail", .delay = 1h});
  int ran = 0;
  const HandlersByKind handlers{{"mail", [&](Job&) {
                                   ++ran;
                                   return Outcome::done();
                                 }}};
  EXPECT_TRUE(drain_jobs(store, handlers).empty());
  EXPECT_EQ(inline_store.time(), before);
  inline_store.advance(59min);
  EXPECT_TRUE(drain_jobs(store, handlers).empty());
  inline_store.advance(1min);
  EXPECT_EQ(drain_jobs(store, handlers).size(), 1U);
  EXPECT_EQ(ran, 1);
}

TEST(InlineStoreTest, RetriesComeWhenTheirTimeHasCome) {
  InlineStore inline_store;
  auto& store = inline_store.store();
  store.enqueue({.kind = "mail"});
  const HandlersByKind handlers{{"mail", [](Job& job) {
                                   return job.attempt() < 3 ? Outcome::retry("later", 10min)
                                                            : Outcome::done();
                                 }}};
  std::vector<State> states;
  for (int i = 0; i < 6; ++i, inline_store.advance(5min))
    for (const auto& one : drain_jobs(store, handlers)) states.push_back(one.state);
  EXPECT_EQ(states, (std::vector<State>{State::queued, State::queued, State::done}));
}

TEST(InlineStoreTest, TheTimeOfTheDatabaseIsTheClocks) {
  InlineStore inline_store;
  auto& store = inline_store.store();
  const auto now = [&] {
    std::int64_t at = 0;
    store.transaction([&](Transaction& t) { at = t.run("SELECT fencepost_now()")[0][0].integer(); });
    return at;
  };
  EXPECT_EQ(now(), inline_store.time());
  inline_store.advance(36h);
  EXPECT_EQ(now(), inline_store.time());
  EXPECT_THROW(inline_store.advance(-1s), UserError);
}

TEST(InlineStoreTest, AnUnknownEffectIsResolvedAfterItsDeadline) {
  InlineStore inline_store;
  auto& store = inline_store.store();
  store.transaction([](Transaction& t) {
    t.run("CREATE TABLE links (id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT, status TEXT NOT NULL)");
    t.run("INSERT INTO links (url, status) VALUES ('a', 'queued')");
  });
  const EffectHandler handler{.render = [](Job&, Reader&) -> std::variant<Request, NotNow> {
                                return Request{"a", "there"};
                              },
                              .send = [](const Effect&, Deadline deadline) -> EffectResult {
                                EXPECT_EQ(deadline.left(), 30s);
                                throw std::runtime_error("cut");
                              }};
  ASSERT_EQ(drain_now(store, posts(), handler).at(0).state, State::unknown);
  EXPECT_EQ(store.resolve(posts(), "1", false, "ann"), ResolveAnswer::too_early);
  inline_store.advance(31s);
  EXPECT_EQ(store.resolve(posts(), "1", false, "ann"), ResolveAnswer::resolved);
  EXPECT_EQ(store.read(posts(), "1")->state, State::failed);
}

TEST(InlineStoreTest, AQueueThatIsNeverEmptyIsSaidSo) {
  InlineStore inline_store;
  inline_store.store().enqueue({.kind = "mail"});
  EXPECT_THROW(drain_jobs(inline_store.store(), {{"mail", [](Job&) { return Outcome::snooze(0s); }}}),
               UserError);
}

}  // namespace
}  // namespace fencepost::testing

// Loops of an embedding program over its own table, on both databases.

#include <csignal>
#include <set>
#include <thread>

#include "fixture.hpp"

namespace fencepost::testing {
namespace {

class LoopTest : public LibraryTest {};

TEST_P(LoopTest, WorksATableThatWasThereBeforeEachItemOnce) {
  add(30);
  auto store = open();
  Signals signals;
  run_job_loop(store, links(), until_empty(), [&](Job& job) {
    signals.add(job.item());
    return Outcome::done([&](Transaction& t) {
      t.run("INSERT INTO results VALUES ($1, $2)", {job.item(), job.payload()});
    });
  });
  for (int i = 1; i <= 30; ++i) EXPECT_EQ(signals.seen(std::to_string(i)), 1);
  EXPECT_EQ(number("SELECT count(*) FROM links WHERE status = 'done' AND attempt = 1"), 30);
  EXPECT_EQ(number("SELECT count(DISTINCT link) FROM results"), 30);
  EXPECT_EQ(number("SELECT count(*) FROM results"), 30);
}

TEST_P(LoopTest, ABatchHandlerAnswersForEach) {
  add(10);
  auto store = open();
  auto options = until_empty();
  options.batch = 5;
  std::atomic<int> called{0}, most{0};
  run_job_loop(store, links(), options, [&](std::span<Job> jobs) {
    ++called;
    most = std::max(most.load(), static_cast<int>(jobs.size()));
    std::vector<Outcome> outcomes;
    for (auto& job : jobs)
      outcomes.push_back(job.item() == "3" ? Outcome::fail("not three") : Outcome::done());
    return outcomes;
  });
  EXPECT_GE(called, 2);
  EXPECT_LE(most, 5);
  EXPECT_EQ(number("SELECT count(*) FROM links WHERE status = 'done'"), 9);
  EXPECT_EQ(status("3"), "failed");
}

TEST_P(LoopTest, ABatchHandlerThatAnswersTooLittleIsAFailureOfEach) {
  add(1);
  auto store = open();
  run_job_loop(store, links(), until_empty(), [](std::span<Job>) { return std::vector<Outcome>{}; });
  const auto item = store.read(links(), "1").value();
  EXPECT_NE(item.state, State::done);
  EXPECT_GE(item.attempt, 1);
  EXPECT_EQ(item.last_error, "internal error");
}

TEST_P(LoopTest, ThePayloadIsTyped) {
  add(1);
  sql("UPDATE links SET ratio = NULL");
  auto store = open();
  run_job_loop(store, links(), until_empty(), [](Job& job) {
    EXPECT_EQ(job.get<std::string>("url"), "http://a/0");
    EXPECT_EQ(job.get<int>("weight"), 7);
    EXPECT_EQ(job.get<std::int64_t>("weight"), 7);
    EXPECT_EQ(job.get<double>("weight"), 7.0);
    EXPECT_TRUE(job.get<bool>("fresh"));
    EXPECT_EQ(job.get<std::optional<double>>("ratio"), std::nullopt);
    EXPECT_EQ(job.get<std::optional<int>>("weight"), 7);
    EXPECT_EQ(job.attempt(), 1);
    EXPECT_TRUE(job.key().empty());
    EXPECT_THROW(job.get<int>("url"), UserError);
    EXPECT_THROW(job.get<double>("ratio"), UserError);
    EXPECT_THROW(job.get<bool>("weight"), UserError);
    EXPECT_THROW(job.get<int>("nothing"), UserError);
    return Outcome::done();
  });
  EXPECT_EQ(status("1"), "done");
}

TEST_P(LoopTest, AWrongTypeThatNobodyCatchesFailsTheItemWithAMessage) {
  add(1);
  auto store = open();
  run_job_loop(store, links(), until_empty(), [](Job& job) {
    job.get<int>("url");
    return Outcome::done();
  });
  const auto item = store.read(links(), "1").value();
  EXPECT_EQ(item.state, State::failed);
  EXPECT_EQ(item.last_error, "the column 'url' is not an integer");
}

TEST_P(LoopTest, Rule05_WritesOfAStaleClaimAreRolledBack) {
  add(1);
  auto store = open();
  Signals signals;
  std::atomic<int> runs{0};
  JobLoop loop(store, links(), quick(), [&](Job& job) {
    if (++runs == 1)
      // Another program changes the item under the handler: its claim is stale from here.
      sql("UPDATE links SET url = 'http://b' WHERE id = 1");
    const auto url = job.get<std::string>("url");
    return Outcome::done([&signals, url](Transaction& t) {
      t.run("INSERT INTO results VALUES (1, $1)", {url});
      signals.add("wrote " + url);
    });
  });
  loop.start();
  ASSERT_TRUE(signals.wait("wrote http://b"));
  loop.wait_until_empty();
  loop.stop();
  EXPECT_EQ(runs, 2);
  const auto results = sql("SELECT found FROM results");
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0][0].text(), "http://b");
}

TEST_P(LoopTest, AWriteThatFailsSettlesNothing) {
  add(1);
  sql("CREATE UNIQUE INDEX results_once ON results (link)");
  sql("INSERT INTO results VALUES (1, 'before')");
  auto store = open();
  Signals signals;
  JobLoop loop(store, links(), quick(), [&](Job&) {
    return Outcome::done([&](Transaction& t) {
      signals.add("wrote");
      t.run("INSERT INTO results VALUES (1, 'again')");
    });
  });
  loop.start();
  ASSERT_TRUE(signals.wait("wrote"));
  loop.stop();
  EXPECT_NE(status("1"), "done");
  EXPECT_EQ(number("SELECT count(*) FROM results"), 1);
}

TEST_P(LoopTest, AStopFiresTheStopToken) {
  add(1);
  auto store = open();
  Signals signals;
  auto options = quick();
  options.lease = 9s;  // renewed every half second: so often it hears of a stop
  JobLoop loop(store, links(), options, [&](Job& job) {
    const std::stop_callback asked(job.stop_token(), [&] { signals.add("asked"); });
    signals.add("running");
    EXPECT_TRUE(signals.wait("asked"));
    EXPECT_TRUE(job.still_mine());
    return Outcome::retry("stopped on the way");
  });
  loop.start();
  ASSERT_TRUE(signals.wait("running"));
  EXPECT_EQ(store.stop(links(), "1", "ann"), StopAnswer::in_flight);
  ASSERT_TRUE(signals.wait("asked"));
  loop.stop();
  EXPECT_EQ(store.read(links(), "1")->state, State::stopped);
  EXPECT_EQ(store.stop(links(), "1", "ann"), StopAnswer::already_stopped);
}

TEST_P(LoopTest, TheEndOfALoopFiresTheStopToken) {
  add(1);
  auto store = open();
  Signals signals;
  auto options = quick();
  options.drain = 0s;
  JobLoop loop(store, links(), options, [&](Job& job) {
    const std::stop_callback asked(job.stop_token(), [&] { signals.add("asked"); });
    signals.add("running");
    EXPECT_TRUE(signals.wait("asked"));
    return Outcome::snooze(0s);
  });
  loop.start();
  ASSERT_TRUE(signals.wait("running"));
  loop.stop();
  EXPECT_EQ(status("1"), "queued");
  EXPECT_EQ(number("SELECT attempt FROM links"), 0);
}

TEST_P(LoopTest, OneLoopHoldsSeveralQueues) {
  add(3);
  sql("CREATE TABLE pages (name VARCHAR(20) PRIMARY KEY NOT NULL, state VARCHAR(20) NOT NULL)");
  sql("INSERT INTO pages VALUES ('one', 'Queued'), ('two', 'Queued'), ('old', 'Legacy')");
  Queue pages;
  pages.name = "pages";
  pages.table = "pages";
  pages.key = "name";
  pages.key_type = KeyType::text;
  pages.status = "state";
  pages.status_type = "varchar(20)";
  pages.words = {"Queued", "Processing", "Sending", "Completed", "Error", "Unknown", "Cancelled"};
  auto store = open();
  Signals signals;
  JobLoop loop(store);
  loop.add(links(), quick(), [&](Job& job) {
    signals.add("link " + job.item());
    return Outcome::done();
  });
  loop.add(pages, quick(), [&](Job& job) {
    signals.add("page " + job.item());
    return job.item() == "two" ? Outcome::fail("no two") : Outcome::done();
  });
  loop.add_jobs(quick(), {{"mail", [&](Job& job) {
                             signals.add("mail " + job.get<std::string>("to"));
                             return Outcome::done();
                           }}});
  loop.start();
  store.enqueue({.kind = "mail", .payload = R"({"to": "bob"})"});
  ASSERT_TRUE(signals.wait("mail bob"));
  loop.wait_until_empty();
  loop.stop();
  for (const auto* what : {"link 1", "link 2", "link 3", "page one", "page two", "mail bob"})
    EXPECT_EQ(signals.seen(what), 1) << what;
  EXPECT_EQ(signals.seen("page old"), 0);
  EXPECT_EQ(store.read(pages, "two")->state, State::failed);
  EXPECT_EQ(store.read(pages, "two")->word, "Error");
}

TEST_P(LoopTest, OfManyRunNowExactlyOneIsStarted) {
  add(1);
  sql("UPDATE links SET status = 'failed'");
  auto store = open();
  store.install(links());
  Signals signals;
  JobLoop loop(store, links(), quick(), [&](Job& job) {
    EXPECT_EQ(job.get<std::string>("url"), "http://a/0");
    signals.add("ran");
    EXPECT_TRUE(signals.wait("go on"));
    return Outcome::done();
  });
  loop.start();
  std::atomic<int> started{0}, running{0};
  {
    std::vector<std::jthread> clicks;
    for (int i = 0; i < 8; ++i)
      clicks.emplace_back([&] {
        const auto answer = store.run_now(links(), "1", "ann");
        started += answer == RunNowAnswer::started;
        running += answer == RunNowAnswer::already_running;
      });
  }
  EXPECT_EQ(started, 1);
  EXPECT_EQ(running, 7);
  signals.add("go on");
  loop.wait_until_empty();
  loop.stop();
  EXPECT_EQ(signals.seen("ran"), 1);
  EXPECT_EQ(status("1"), "done");
}

TEST_P(LoopTest, RunNowWithoutALoopHereMakesTheItemDue) {
  add(1);
  auto store = open();
  store.install(links());
  sql("UPDATE links SET run_at = 4000000000000000");
  int ran = 0;
  const auto handler = [&](Job&) {
    ++ran;
    return Outcome::done();
  };
  run_job_loop(store, links(), until_empty(), handler);
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(store.run_now(links(), "1", "ann"), RunNowAnswer::started);
  EXPECT_EQ(status("1"), "queued");
  run_job_loop(store, links(), until_empty(), handler);
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(store.run_now(links(), "1", "ann"), RunNowAnswer::already_done);
}

TEST_P(LoopTest, ASignalEndsALoopGracefully) {
  add(1);
  auto store = open();
  Signals signals;
  auto options = quick();
  options.signals = true;
  std::jthread other([&] {
    ASSERT_TRUE(signals.wait("running"));
    ASSERT_EQ(kill(getpid(), SIGTERM), 0);
    signals.add("signalled");
  });
  run_job_loop(store, links(), options, [&](Job&) {
    signals.add("running");
    EXPECT_TRUE(signals.wait("signalled"));
    return Outcome::done();
  });
  EXPECT_EQ(status("1"), "done");
}

TEST_P(LoopTest, AHandlerThatDoesNotFitIsRefused) {
  auto store = open();
  JobLoop loop(store);
  EXPECT_THROW(loop.start(), UserError);
  auto once = links();
  once.name = "once";
  once.kind = Kind::once;
  EXPECT_THROW(loop.add(once, quick(), [](Job&) { return Outcome::done(); }), UserError);
  EXPECT_THROW(loop.add(links(), quick(), EffectHandler{}), UserError);
  EXPECT_THROW(loop.add(once, quick(), EffectHandler{}), UserError);
  auto bad = quick();
  bad.concurrency = 0;
  EXPECT_THROW(loop.add(links(), bad, [](Job&) { return Outcome::done(); }), UserError);
}

ON_BOTH(LoopTest);

}  // namespace
}  // namespace fencepost::testing

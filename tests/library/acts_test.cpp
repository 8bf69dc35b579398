// What people and programs do to items, in the Store's transactions and in the program's own.

#include <libpq-fe.h>
#include <sqlite3.h>
#include <functional>
#include <thread>

#include "fixture.hpp"

namespace fencepost::testing {
namespace {

class ActsTest : public LibraryTest {
 protected:
  void SetUp() override {
    add(3);
    store_ = std::make_unique<Store>(open());
    store_->install(links());
  }
  Store& store() { return *store_; }

  // A connection of the program's own, with its own library.
  void own_connection(const std::function<void(const std::function<Transaction()>& borrow,
                                               const std::function<void(const char*)>& exec)>& use) {
    if (postgres()) {
      const std::unique_ptr<PGconn, decltype(&PQfinish)> pg(PQconnectdb(database_.url().c_str()), PQfinish);
      ASSERT_EQ(PQstatus(pg.get()), CONNECTION_OK);
      use([&] { return store().borrow(pg.get()); },
          [&](const char* text) {
            const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(pg.get(), text), PQclear);
            ASSERT_EQ(PQresultStatus(result.get()), PGRES_COMMAND_OK) << PQerrorMessage(pg.get());
          });
      return;
    }
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(database_.url().substr(7).c_str(), &raw), SQLITE_OK);
    const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> db(raw, sqlite3_close);
    sqlite3_busy_timeout(raw, 5000);
    use([&] { return store().borrow(raw); },
        [&](const char* text) {
          const std::string begin = std::string(text) == "BEGIN" ? "BEGIN IMMEDIATE" : text;
          ASSERT_EQ(sqlite3_exec(raw, begin.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
              << sqlite3_errmsg(raw);
        });
  }

  std::unique_ptr<Store> store_;
};

TEST_P(ActsTest, TheProtocolsAnswersComeThrough) {
  EXPECT_EQ(store().stop(links(), "1", "ann"), StopAnswer::prevented);
  EXPECT_EQ(store().stop(links(), "1", "ann"), StopAnswer::already_stopped);
  EXPECT_EQ(store().stop(links(), "99", "ann"), StopAnswer::not_found);
  EXPECT_EQ(store().run_now(links(), "1", "ann"), RunNowAnswer::stopped);
  EXPECT_EQ(store().rearm(links(), "1", "ann"), RearmAnswer::rearmed);
  EXPECT_EQ(store().rearm(links(), "1", "ann"), RearmAnswer::already_armed);
  EXPECT_EQ(store().resolve(links(), "1", true, "ann"), ResolveAnswer::not_unknown);
  const auto item = store().read(links(), "1").value();
  EXPECT_EQ(item.state, State::queued);
  EXPECT_EQ(item.word, "queued");
  EXPECT_FALSE(store().read(links(), "99"));
  const auto counts = store().counts(links());
  ASSERT_EQ(counts.size(), 1U);
  EXPECT_EQ(counts[0].word, "queued");
  EXPECT_EQ(counts[0].items, 3);
}

TEST_P(ActsTest, AnEditWritesInItsOwnTransactionOrNotAtAll) {
  const auto change = [](Transaction& t) {
    t.run("UPDATE links SET url = $1 WHERE id = $2 AND status = 'queued'", {"http://new", 1});
  };
  EXPECT_EQ(store().edit(links(), "1", "ann", change), EditAnswer::editable);
  EXPECT_EQ(sql("SELECT url FROM links WHERE id = 1")[0][0].text(), "http://new");
  EXPECT_THROW(store().edit(links(), "2", "ann",
                            [&](Transaction& t) {
                              t.run("UPDATE links SET url = 'half' WHERE id = 2 AND status = 'queued'");
                              throw std::runtime_error("changed my mind");
                            }),
               std::runtime_error);
  EXPECT_NE(sql("SELECT url FROM links WHERE id = 2")[0][0].text(), "half");
}

TEST_P(ActsTest, APausedQueueIsNotClaimed) {
  store().pause(links(), "holidays");
  std::atomic<int> ran{0};
  auto options = quick();
  std::stop_source end;
  options.stop = end.get_token();
  JobLoop loop(store(), links(), options, [&](Job&) {
    ++ran;
    return Outcome::done();
  });
  loop.start();
  EXPECT_EQ(store().run_now(links(), "1", "ann"), RunNowAnswer::paused);
  EXPECT_EQ(ran, 0);
  store().resume(links());
  loop.wait_until_empty();
  loop.stop();
  EXPECT_EQ(ran, 3);
}

TEST_P(ActsTest, ATransactionIsAllOrNothing) {
  EXPECT_THROW(store().transaction([&](Transaction& t) {
    EXPECT_EQ(t.stop(links(), "1", "ann"), StopAnswer::prevented);
    t.enqueue({.kind = "mail"});
    t.run("INSERT INTO results VALUES ($1, 'x')", {1});
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_EQ(status("1"), "queued");
  EXPECT_EQ(number("SELECT count(*) FROM fencepost_jobs"), 0);
  EXPECT_EQ(number("SELECT count(*) FROM results"), 0);
  store().transaction([&](Transaction& t) {
    EXPECT_EQ(t.stop(links(), "1", "ann"), StopAnswer::prevented);
    EXPECT_EQ(t.run_now(links(), "2", "ann"), RunNowAnswer::started);
    EXPECT_EQ(t.edit(links(), "3", "ann"), EditAnswer::editable);
    EXPECT_EQ(t.read(links(), "1")->state, State::stopped);
    EXPECT_EQ(t.rearm(links(), "1", "ann"), RearmAnswer::rearmed);
    EXPECT_EQ(t.postgres() != nullptr, postgres());
    EXPECT_EQ(t.sqlite() != nullptr, !postgres());
    t.enqueue({.kind = "mail"});
  });
  EXPECT_EQ(status("1"), "queued");
  EXPECT_EQ(number("SELECT count(*) FROM fencepost_jobs"), 1);
}

TEST_P(ActsTest, PlaceholdersAreTheSameOnBothDatabases) {
  store().transaction([&](Transaction& t) {
    const auto rows =
        t.run("SELECT $2 || '$1' || $1 /* $3 */ -- $4\n", {std::string("one"), std::string("two")});
    EXPECT_EQ(rows[0][0].text(), "two$1one");
  });
  EXPECT_THROW(store().transaction([](Transaction& t) { t.run("SELECT $1, $2", {1}); }), InfraError);
}

TEST_P(ActsTest, ActsOnABorrowedConnectionAreItsTransactions) {
  own_connection([&](const auto& borrow, const auto& exec) {
    exec("BEGIN");
    {
      auto t = borrow();
      EXPECT_EQ(t.stop(links(), "1", "ann"), StopAnswer::prevented);
      t.enqueue({.kind = "mail"});
      t.run("INSERT INTO results VALUES ($1, 'mine')", {1});
    }
    exec("ROLLBACK");
    EXPECT_EQ(status("1"), "queued");
    EXPECT_EQ(number("SELECT count(*) FROM fencepost_jobs"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM results"), 0);
    for (const auto* end : {"COMMIT", "COMMIT"}) {
      exec("BEGIN");
      {
        auto t = borrow();
        const auto answer = t.stop(links(), "1", "ann");
        EXPECT_TRUE(answer == StopAnswer::prevented || answer == StopAnswer::already_stopped);
        t.enqueue({.kind = "mail", .unique_key = "k"});
        EXPECT_EQ(t.run_now(links(), "2", "ann"), RunNowAnswer::started);
      }
      exec(end);
    }
    EXPECT_EQ(status("1"), "stopped");
    EXPECT_EQ(number("SELECT count(*) FROM fencepost_jobs"), 1);
    // The connection is still its owner's.
    exec("BEGIN");
    exec("INSERT INTO results VALUES (7, 'own')");
    exec("COMMIT");
  });
  EXPECT_EQ(number("SELECT count(*) FROM results"), 1);
}

TEST_P(ActsTest, AnUnusableConnectionIsRefused) {
  own_connection([&](const auto& borrow, const auto& exec) {
    try {
      borrow();
      ADD_FAILURE() << "there is no transaction";
    } catch (const UserError& error) {
      EXPECT_EQ(error.code(), "connection_unusable");
      EXPECT_THAT(error.what(), ::testing::HasSubstr("begin a transaction first"));
    }
    exec("BEGIN");
    if (postgres()) {
      auto t = borrow();
      EXPECT_THROW(t.run("SELECT no_such_function()"), InfraError);
      EXPECT_THROW(borrow(), UserError);
    }
    exec("ROLLBACK");
  });
  EXPECT_THROW(store().borrow(static_cast<PGconn*>(nullptr)), UserError);
  EXPECT_THROW(store().borrow(static_cast<sqlite3*>(nullptr)), UserError);
}

TEST_P(ActsTest, InstallingSaysWhatIsWrong) {
  const auto code_of = [&](const Queue& queue) -> std::string {
    try {
      store().install(queue);
      return "installed";
    } catch (const UserError& error) {
      return error.code();
    }
  };
  EXPECT_EQ(code_of(links()), "installed");
  auto other = links();
  other.payload = {"url"};
  EXPECT_EQ(code_of(other), "queue_redefined");
  other.name = "other";
  other.table = "nowhere";
  EXPECT_EQ(code_of(other), "no_such_table");
  other.table = "links";
  other.payload = {"nothing"};
  EXPECT_EQ(code_of(other), "no_such_column");
  EXPECT_THROW(store().stop(other, "1", "ann"), UserError);
  Store again = open();
  EXPECT_THROW(again.stop(links(), "1", "ann"), UserError);
  again.install(links());
  EXPECT_EQ(again.stop(links(), "1", "ann"), StopAnswer::prevented);
}

TEST_P(ActsTest, ManyProgramsMayInstallAtOnce) {
  sql("CREATE TABLE fresh (id BIGINT PRIMARY KEY NOT NULL, url TEXT, status TEXT NOT NULL)");
  Queue fresh = links();
  fresh.name = fresh.table = "fresh";
  fresh.payload = {"url"};
  std::vector<std::jthread> programs;
  for (int i = 0; i < 4; ++i)
    programs.emplace_back([&] {
      Store own = open();
      EXPECT_NO_THROW(own.install(fresh));
    });
  programs.clear();
  EXPECT_EQ(number("SELECT count(fence) FROM fresh"), 0);
}

ON_BOTH(ActsTest);

}  // namespace
}  // namespace fencepost::testing

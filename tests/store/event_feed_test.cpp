// The stream of events misses nothing, whatever the order of commits, and says what was deleted.

#include "store/event_feed.hpp"

#include <atomic>
#include <thread>

#include "both_databases.hpp"
#include "store/sql.hpp"

namespace fencepost::store::testing {
namespace {

using Ids = std::vector<std::int64_t>;

class EventFeed : public BothDatabases {
 protected:
  static void write(Connection& connection, const std::string& item = "1") {
    connection.run(sql::add_event, {"q", item, "claim", "queued", "claimed", 1, Value(), "t", Value()});
  }
  std::int64_t look() { return horizon_.look(world_.onlooker()); }
  // What a reader gets that goes on where it stopped; it never looks twice at one id.
  Ids read(int limit = 100) {
    Ids ids;
    for (const auto& event : events_page(world_.onlooker(), seen_, look(), limit).events) {
      EXPECT_GT(event.id, seen_);
      ids.push_back(seen_ = event.id);
    }
    return ids;
  }

  World world_{GetParam(), core::Kind::once};
  EventHorizon horizon_;
  std::int64_t seen_ = 0;
};

TEST_P(EventFeed, AnIdThatIsCommittedLateIsNotMissed) {
  world_.a().begin();
  write(world_.a());                  // draws 1
  if (postgres()) write(world_.b());  // draws 2, and is committed
  EXPECT_EQ(read(), Ids());
  EXPECT_EQ(read(), Ids());
  world_.a().commit();
  EXPECT_EQ(read(), postgres() ? Ids({1, 2}) : Ids({1}));
}

TEST_P(EventFeed, AnIdThatNeverComesHoldsNobodyUp) {
  world_.a().begin();
  write(world_.a());
  if (postgres()) write(world_.b());
  EXPECT_EQ(read(), Ids());
  world_.a().rollback();
  EXPECT_EQ(read(), postgres() ? Ids({2}) : Ids());
  write(world_.b());
  EXPECT_EQ(read().size(), 1U);
}

// On a busy database somebody is always in the middle of something: the horizon waits for those who were
// there, not for those who came since.
TEST_P(EventFeed, TheHorizonMovesThoughThereIsAlwaysAWriter) {
  if (!postgres()) {  // SQLite has one writer at a time; the same holds between two of them
    for (int i = 0; i < 3; ++i) {
      write(world_.a());
      world_.b().begin();
      write(world_.b());
      EXPECT_EQ(read().size(), i == 0 ? 1U : 2U);
      world_.b().commit();
    }
    return;
  }
  Connection* parties[] = {&world_.a(), &world_.b()};
  world_.a().begin();
  write(world_.a());
  std::int64_t last = look();
  EXPECT_EQ(last, 0);
  for (int i = 1; i <= 20; ++i) {
    parties[i % 2]->begin();
    write(*parties[i % 2]);
    parties[(i + 1) % 2]->commit();
    const auto now = look();
    EXPECT_GE(now, i - 1);
    EXPECT_LE(now, i) << "the one that is open drew " << i + 1;
  }
}

TEST_P(EventFeed, ATransactionOfOtherTablesHoldsNothingBack) {
  world_.script("CREATE TABLE other (n INTEGER)");
  if (postgres()) world_.a().begin();  // SQLite has one writer, so it ends first
  world_.run(world_.a(), "INSERT INTO other VALUES (1)");
  write(world_.b());
  EXPECT_EQ(read(), Ids({1}));
  if (postgres()) world_.a().commit();
}

// PostgreSQL's own: it changes its name on the way.
TEST(EventFeedPostgres, APreparedTransactionIsWaitedFor) {
  World world(Dialect::postgres, core::Kind::once);
  EventHorizon horizon;
  world.a().begin();
  world.a().run(sql::add_event, {"q", "1", "claim", Value(), Value(), 1, Value(), Value(), Value()});
  EXPECT_EQ(horizon.look(world.onlooker()), 0);
  const auto name = "feed_" + std::to_string(backend_pid(world.a()));
  world.a().script("PREPARE TRANSACTION '" + name + "'");
  EXPECT_EQ(horizon.look(world.onlooker()), 0);
  world.script("COMMIT PREPARED '" + name + "'");
  EXPECT_EQ(horizon.look(world.onlooker()), 1);
}

TEST_P(EventFeed, WhatWasDeletedIsSaid) {
  for (int i = 0; i < 6; ++i) write(world_.a());
  world_.run("DELETE FROM fencepost_events WHERE id IN (2, 4)");
  const auto horizon = look();
  const auto behind = events_page(world_.onlooker(), 1, horizon, 100);
  EXPECT_EQ(behind.lost_until, 4);  // 3 is left, and old: whoever is told looks at everything anew
  ASSERT_EQ(behind.events.size(), 2U);
  EXPECT_EQ(behind.events[0].id, 5);
  EXPECT_EQ(events_page(world_.onlooker(), 3, horizon, 1).events.at(0).id, 5);
  EXPECT_EQ(events_page(world_.onlooker(), 4, horizon, 100).lost_until, 0);
  world_.run(postgres() ? "TRUNCATE fencepost_events" : "DELETE FROM fencepost_events");
  EXPECT_EQ(events_page(world_.onlooker(), 5, look(), 100).lost_until, 6);
  EXPECT_EQ(events_page(world_.onlooker(), 6, look(), 100).lost_until, 0);
}

TEST_P(EventFeed, ARestoredDatabaseTakesTheHorizonBack) {
  for (int i = 0; i < 3; ++i) write(world_.a());
  EXPECT_EQ(look(), 3);
  world_.run(postgres() ? "SELECT setval(pg_get_serial_sequence('fencepost_events', 'id'), 1)"
                        : "UPDATE sqlite_sequence SET seq = 1 WHERE name = 'fencepost_events'");
  EXPECT_EQ(look(), 1);
}

// Writers that commit and roll back as they please, and one reader beside them.
TEST_P(EventFeed, OneReaderSeesAllOfManyWritersInOrder) {
  constexpr int kWriters = 4, kEach = 150;
  std::atomic<int> at_work = kWriters;
  std::vector<std::jthread> writers;
  for (int w = 0; w < kWriters; ++w)
    writers.emplace_back([&, w] {
      const auto connection = world_.connect();
      for (int i = 0; i < kEach; ++i) {
        connection->begin();
        write(*connection, std::to_string(w));
        if (i % 3 == 0) write(*connection, std::to_string(w));
        if (i % 5 == w)
          connection->rollback();
        else
          connection->commit();
      }
      --at_work;
    });
  Ids seen;
  for (bool last = false; !last;) {
    last = at_work == 0;
    const auto some = read(50);
    seen.insert(seen.end(), some.begin(), some.end());
    if (!some.empty()) last = false;
  }
  Ids all;
  for (const auto& row : world_.run("SELECT id FROM fencepost_events ORDER BY id"))
    all.push_back(row[0].integer());
  EXPECT_EQ(seen, all);
  EXPECT_GT(all.size(), 400U);
}

ON_BOTH_DATABASES(EventFeed);

}  // namespace
}  // namespace fencepost::store::testing

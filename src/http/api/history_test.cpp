// The history in pages.

#include "http/api/history.hpp"

#include <gmock/gmock.h>

#include "http/api/testing/fixture.hpp"

namespace fencepost::http {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

class HistoryTest : public testing::ApiTest, public ::testing::WithParamInterface<const char*> {
 protected:
  HistoryTest() : ApiTest(GetParam()) { database.run("DELETE FROM fencepost_events"); }

  void write(const std::string& queue, const std::string& item = "7", const std::string& kind = "seen") {
    database.run("INSERT INTO fencepost_events (at, queue, item, kind) VALUES (1, $1, $2, $3)",
                 {queue, item, kind});
  }
};

TEST_P(HistoryTest, IsFilteredAndTheNewestFirst) {
  write("announcements", "1");
  write("announcements", "2", "stop");
  write("texts", "1");
  const auto kinds_of = [&](const std::string& query) {
    const auto page = json_of(send("GET", "/api/v1/events/history" + query));
    std::vector<std::string> found;
    for (const auto& item : page["items"])
      found.push_back(item["queue"].get<std::string>() + ' ' + item["item"].get<std::string>());
    return found;
  };
  EXPECT_THAT(kinds_of(""), ElementsAre("texts 1", "announcements 2", "announcements 1"));
  EXPECT_THAT(kinds_of("?queue=announcements"), ElementsAre("announcements 2", "announcements 1"));
  EXPECT_THAT(kinds_of("?item=1"), ElementsAre("texts 1", "announcements 1"));
  EXPECT_THAT(kinds_of("?kind=stop"), ElementsAre("announcements 2"));
  EXPECT_THAT(kinds_of("?queue=announcements&item=1&kind=seen"), ElementsAre("announcements 1"));
  EXPECT_THAT(kinds_of("?queue=none"), ElementsAre());
}

// A filter that matches seldom must not read the whole history for one page.
TEST_P(HistoryTest, APageLooksAtSoManyEventsAndGoesOn) {
  write("rare");
  for (int i = 0; i < 7; ++i) write("common");
  const auto lease = database->acquire();
  int pages = 0;
  std::vector<store::Event> found;
  std::optional<std::int64_t> next;
  do {
    const auto page = history_page(*lease, {.queue = "rare"}, next, 10, 3);
    found.insert(found.end(), page.events.begin(), page.events.end());
    next = page.next;
    ++pages;
  } while (next);
  EXPECT_EQ(pages, 3);  // of 8 events, 3 at a time
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].queue, "rare");
}

TEST_P(HistoryTest, WhatRetentionHasRemovedIsNotLookedFor) {
  for (int i = 0; i < 9; ++i) write("common");
  database.run("DELETE FROM fencepost_events WHERE id < (SELECT max(id) FROM fencepost_events)");
  const auto page = history_page(*database->acquire(), {}, {}, 10, 1);
  EXPECT_EQ(page.events.size(), 1U);
  EXPECT_EQ(page.next, std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(Api, HistoryTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& kind) { return std::string(kind.param); });

}  // namespace
}  // namespace fencepost::http

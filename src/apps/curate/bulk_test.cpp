// Many records picked at once: by ids or by filter, previewed, and what changes meanwhile. Both databases.

#include "apps/curate/testing/scene.hpp"
#include "base/error.hpp"

namespace fencepost::curate {
namespace {

using Answers = std::map<std::string, std::int64_t>;

class BulkTest : public testing::Scene {
 protected:
  BulkPicked picked(const Filter& filter, const std::string& status, int max = 1000, bool preview = false) {
    return records_.pick_many(Kind::place, filter, status, max, preview, "ada");
  }
  void places(int n) {
    for (int i = 0; i < n; ++i) place("p" + std::to_string(i));
  }
};

TEST_P(BulkTest, APreviewSaysWhatWouldBeAnsweredAndWritesNothing) {
  places(3);
  pick(1, "Selected");
  pick(2, "Selected");
  claims(Pipeline::deep_scan, 1);
  const Filter all{.ids = {1, 2, 3, 99}};
  const Answers expected{{"again_afterwards", 1}, {"already_queued", 1}, {"queued", 1}, {"not_found", 1}};
  EXPECT_EQ(picked(all, "Selected", 9, true).answers, expected);
  EXPECT_EQ(processing(3), "");
  EXPECT_EQ(picked(all, "Selected").answers, expected);
  EXPECT_EQ(processing(3), "Queued");
  EXPECT_EQ(picked(all, "Maybe", 9, true).answers,
            (Answers{{"in_flight", 1}, {"taken_back", 2}, {"not_found", 1}}));
}

TEST_P(BulkTest, GoesThroughMoreThanAStepAndSaysWhereItEnded) {
  database_->acquire()->script(
      "INSERT INTO fencepost_places (place_id, name) SELECT 'x' || a.n || '-' || b.n, 'Bar' FROM (SELECT "
      "row_number() OVER () AS n FROM (VALUES "
      "(1),(1),(1),(1),(1),(1),(1),(1),(1),(1),(1),(1),(1),(1),(1),(1),"
      "(1),(1),(1),(1),(1)) AS v) AS a, (SELECT row_number() OVER () AS n FROM (VALUES "
      "(1),(1),(1),(1),(1),(1),(1),(1),(1),(1),(1),(1),(1),(1),(1),(1),(1),(1),(1),(1)) AS v) AS b");
  place("the one of another name");
  const auto some = picked({.search = "bar"}, "Selected", 400);
  EXPECT_EQ(some.items, 400);
  EXPECT_TRUE(some.more);
  const auto rest = picked({.curation_status = "New", .search = "BAR"}, "Selected", 400);
  EXPECT_EQ(rest.items, 20);
  EXPECT_FALSE(rest.more);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_places WHERE processing_status = 'Queued'"), 420);
  EXPECT_EQ(picked({.search = "bar"}, "Maybe", 420).more, false);
}

TEST_P(BulkTest, WhoSaysNoMeanwhileIsNotOverruled) {
  places(2);
  const auto answers = while_open(
      [&](store::Connection& connection) {
        connection.run(
            store::Sql{"no", "UPDATE fencepost_places SET curation_status = 'Not a Fit' WHERE id = 1"});
      },
      [&] {
        return picked({.ids = {1, 2}, .curation_status = "New"}, "Selected").answers;
      });
  EXPECT_EQ(answers, (Answers{{"changed", 1}, {"queued", 1}}));
  EXPECT_EQ(curation(1), "Not a Fit");
  EXPECT_EQ(processing(1), "");
}

TEST_P(BulkTest, RefusesWhatItCannotMean) {
  EXPECT_THROW(picked({}, "Selected"), base::UserError);
  EXPECT_THROW(picked({.ids = {1}}, "Chosen"), base::UserError);
  EXPECT_THROW(picked({.ids = {1}}, "Selected", 0), base::UserError);
}

TEST_P(BulkTest, ListsBySearchStatusAndPageTheNewestFirst) {
  places(5);
  pick(2, "Selected");
  const auto page = records_.list(Kind::place, {}, INT64_MAX, 2);
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page[0].id, 5);
  EXPECT_EQ(records_.list(Kind::place, {}, page[1].id, 9).size(), 3u);
  EXPECT_EQ(records_.list(Kind::place, {.processing_status = "Queued"}, INT64_MAX, 9).at(0).id, 2);
  EXPECT_EQ(records_.list(Kind::place, {.search = "CAF"}, INT64_MAX, 9).size(), 5u);
  EXPECT_TRUE(records_.list(Kind::place, {.search = "p_"}, INT64_MAX, 9).empty());  // no wildcard
}

ON_BOTH(BulkTest);

}  // namespace
}  // namespace fencepost::curate

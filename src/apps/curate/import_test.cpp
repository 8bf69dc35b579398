// Files of people: what is read, what is said of what cannot be. Both databases.

#include "apps/curate/import.hpp"

#include "apps/curate/csv.hpp"
#include "apps/curate/testing/scene.hpp"
#include "base/error.hpp"

namespace fencepost::curate {
namespace {

TEST(CsvTest, ReadsWhatProgramsWrite) {
  const auto rows = parse_csv(
      "\xEF\xBB\xBF"
      "a;b\r\n\"x;\r\n\"\"y\"\"\";2\r\n\r\nlast;3");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].fields, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(rows[1].fields, (std::vector<std::string>{"x;\r\n\"y\"", "2"}));
  EXPECT_EQ(rows[2].fields, (std::vector<std::string>{"last", "3"}));
  EXPECT_EQ(rows[1].line, 2);
  EXPECT_EQ(rows[2].line, 5);
}

TEST(CsvTest, ABrokenRowIsOneRowAndTheNextLineBeginsAnew) {
  const auto rows = parse_csv("a,b\nx,\"never ends\ny,2\nz\"z,3\n\"q\"r,4\nw,5\n");
  ASSERT_EQ(rows.size(), 6u);
  EXPECT_FALSE(rows[1].error.empty());
  EXPECT_EQ(rows[2].fields, (std::vector<std::string>{"y", "2"}));
  EXPECT_FALSE(rows[3].error.empty());
  EXPECT_FALSE(rows[4].error.empty());
  EXPECT_EQ(rows[5].line, 6);
}

class ImportTest : public testing::Scene {
 protected:
  ImportReport csv(Kind kind, const std::string& text, bool select = false) {
    return import_records(*database_, kind, ImportForm::csv, text, select);
  }
  ImportReport json(Kind kind, const std::string& text) {
    return import_records(*database_, kind, ImportForm::json, text, false);
  }
};

TEST_P(ImportTest, WhatIsBadIsSaidByItsLineAndTheRestIsKept) {
  const auto report =
      csv(Kind::place,
          "Place_ID , name,colour\np1, Bar ,red\n,nobody,\np2,\"Grill, the\",\np3\np\xff,x,y\n"
          "p1,again,\n");
  EXPECT_EQ(report.added, 2);
  EXPECT_EQ(report.present, 1);
  EXPECT_EQ(report.bad, 3);
  ASSERT_EQ(report.bad_lines.size(), 3u);
  EXPECT_EQ(report.bad_lines[0].line, 3);
  EXPECT_EQ(report.bad_lines[0].error, "place_id is missing");
  EXPECT_EQ(report.bad_lines[1].line, 5);
  EXPECT_EQ(report.bad_lines[2].line, 6);
  EXPECT_EQ(report.ignored_columns, (std::vector<std::string>{"colour"}));
  EXPECT_EQ(report.read(), 6);
  EXPECT_EQ(word("SELECT name FROM fencepost_places WHERE place_id = 'p1'"), "Bar");
}

TEST_P(ImportTest, TheSameFileTwiceAddsNothingAndChangesNothing) {
  const std::string file = "name,website\nBar,https://bar.example\nGrill,\n";
  EXPECT_EQ(csv(Kind::business, file).added, 2);
  run("UPDATE fencepost_businesses SET curation_status = 'Not a Fit'");
  const auto again = csv(Kind::business, file, true);
  EXPECT_EQ(again.added, 0);
  EXPECT_EQ(again.present, 2);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_businesses WHERE curation_status = 'Not a Fit'"), 2);
}

TEST_P(ImportTest, ManyStepsAndSelectedOnes) {
  std::string file = "place_id,name\n";
  for (int i = 0; i < 1'203; ++i) file += "p" + std::to_string(i) + ",x\n";
  EXPECT_EQ(csv(Kind::place, file, true).added, 1'203);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_places WHERE processing_status = 'Queued'"), 1'203);
}

TEST_P(ImportTest, JsonAsAnArrayOrALineEach) {
  const auto array =
      json(Kind::place, R"([{"place_id": "p1", "name": "Bär"}, 7, {"place_id": 3}, {"name": null}])");
  EXPECT_EQ(array.added, 1);
  EXPECT_EQ(array.bad, 3);
  EXPECT_EQ(array.bad_lines[0].line, 2);
  const auto lines = json(Kind::place, "{\"place_id\": \"p1\"}\n\nnonsense\n{\"place_id\": \"p2\"}");
  EXPECT_EQ(lines.added, 1);
  EXPECT_EQ(lines.present, 1);
  EXPECT_EQ(lines.bad_lines.at(0).line, 3);
}

TEST_P(ImportTest, RefusesWhatIsNoSuchFile) {
  EXPECT_THROW(csv(Kind::place, ""), base::UserError);
  EXPECT_THROW(csv(Kind::place, "colour,size\n1,2\n"), base::UserError);
  EXPECT_THROW(json(Kind::place, "[1,"), base::UserError);
  EXPECT_THROW(csv(Kind::page, "url\nx\n"), base::UserError);
}

ON_BOTH(ImportTest);

}  // namespace
}  // namespace fencepost::curate

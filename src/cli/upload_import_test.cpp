// What a file of schedules says, and what is said of it.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/upload_import.hpp"

namespace fencepost::cli {
namespace {
using nlohmann::json;

json rows(const std::string& bytes, bool csv = true) {
  std::vector<std::string> ignored;
  return rows_of_import(bytes, csv, ignored);
}

std::string refusal(const std::string& bytes, bool csv = true) {
  try {
    return "taken: " + rows(bytes, csv).dump();
  } catch (const base::UserError& error) {
    return error.what();
  }
}

TEST(UploadImportTest, TextsBecomeWhatTheApiTakes) {
  EXPECT_EQ(rows("video_id,kind,at,tags,made_for_kids,number,title\n7,short,2026-11-25T10:00,a;b,false,3,\n"),
            json::parse(R"([{"video_id": 7, "kind": "short", "at": "2026-11-25T10:00", "tags": ["a", "b"],
                             "made_for_kids": false, "number": 3}])"));
}

TEST(UploadImportTest, AllBadLinesAreSaidAtOnce) {
  EXPECT_EQ(
      refusal("video_id,kind,at,number\nx,short,,\n7,short,2026-11-25T10:00,\n,short,2026-11-25T10:00,two\n"
              "7,\"short\n"),
      "nothing was imported: 5 things are wrong:\n"
      "  line 2: video_id: 'x' is no number\n"
      "  line 2: it has no at\n"
      "  line 4: number: 'two' is no number\n"
      "  line 4: it names no video: video_id, or folder and path\n"
      "  line 5: a quoted field does not end");
  EXPECT_EQ(
      refusal(R"([7, {"video_id": 1, "at": "2026-11-25"}])", false),
      "nothing was imported: 2 things are wrong:\n  entry 1: it is no object\n  entry 2: it has no kind");
}

TEST(UploadImportTest, TheHeaderIsLookedAtFirst) {
  EXPECT_EQ(refusal("id;type;at\n7;short;2026\n"),
            "the first line must name the columns, and lacks: kind, video_id (or folder and path)");
  std::vector<std::string> ignored;
  EXPECT_EQ(rows_of_import("colour,folder,path,kind,at\nred,films,a.mp4,short,2026\n", true, ignored),
            json::parse(R"([{"folder": "films", "path": "a.mp4", "kind": "short", "at": "2026"}])"));
  EXPECT_EQ(ignored, (std::vector<std::string>{"colour"}));
}

TEST(UploadImportTest, AnEmptyFileIsSaidToBeEmpty) {
  EXPECT_EQ(refusal(""), "the file is empty");
  EXPECT_EQ(refusal("\xEF\xBB\xBF"), "the file is empty");
  EXPECT_EQ(refusal("\n \n", false), "the file is empty");
  EXPECT_EQ(refusal("video_id,kind,at\n"), "the file names no uploads");
  EXPECT_EQ(refusal("[]", false), "the file names no uploads");
  EXPECT_EQ(refusal("{}", false), "the file holds no JSON list of objects");
}

}  // namespace
}  // namespace fencepost::cli

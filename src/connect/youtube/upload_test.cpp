#include "connect/youtube/upload.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "connect/testing/emulator.hpp"
#include "connect/testing/platform_fixture.hpp"
#include "core/window.hpp"

namespace fencepost::connect::youtube {
namespace {

using testing::answer;
using testing::json_answer;
using Kind = Stand::Kind;
using Json = nlohmann::json;

constexpr std::int64_t kUnit = kPieceUnit;

// A file without a name.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& bytes, std::int64_t size = 0) {
    char path[] = "/tmp/fencepost-upload-XXXXXX";
    file_ = ::mkstemp(path);
    ::unlink(path);
    EXPECT_EQ(::write(file_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    if (size > 0) {
      EXPECT_EQ(::ftruncate(file_, size), 0);
    }
  }
  ~TemporaryFile() { ::close(file_); }
  int file() const { return file_; }

 private:
  int file_ = -1;
};

TEST(Pieces, AllButTheLastAreMultiplesAndLeaveAByte) {
  for (const std::int64_t total : {std::int64_t{1}, kUnit - 1, kUnit, kUnit + 1, 2 * kUnit, 7 * kUnit + 5})
    for (const std::int64_t offset : {std::int64_t{0}, std::int64_t{1}, kUnit, total - 1}) {
      if (offset >= total) continue;
      const auto piece = piece_before_last(offset, total, 3 * kUnit + 7);
      EXPECT_EQ(piece % kUnit, 0);
      EXPECT_LE(piece, 3 * kUnit);
      EXPECT_LT(offset + piece, total);
      // Nothing more than a unit is left where there is no piece before the last.
      EXPECT_TRUE(piece > 0 || total - offset <= kUnit);
    }
  EXPECT_EQ(piece_before_last(0, 9 * kUnit, 10), kUnit);  // never less than the least
}

TEST(Metadata, IsPrivateAndCarriesItsTime) {
  Draft draft{.title = "A \"video\"", .tags = {"a", "b c"}, .category = "22", .language = "de"};
  auto body = Json::parse(metadata(draft));
  EXPECT_EQ(body["status"], (Json{{"privacyStatus", "private"}, {"selfDeclaredMadeForKids", false}}));
  EXPECT_FALSE(body.contains("id"));
  draft.publish_at = base::parse_utc("2026-11-22T18:00:00.4Z");
  body = Json::parse(metadata(draft, "abc"));
  EXPECT_EQ(body["status"]["publishAt"], "2026-11-22T18:00:00Z");
  EXPECT_EQ(body["id"], "abc");
  EXPECT_EQ(body["snippet"]["tags"], (Json{"a", "b c"}));
}

class UploadTest : public testing::PlatformTest {
 protected:
  UploadApi::Call call() const { return {credentials_, deadline(), {}}; }
  UploadApi api() { return {http_, {.api = url()}}; }
  Stand put_answered(const std::string& bytes) {
    always(bytes);
    const TemporaryFile file("0123456789");
    return api().put(base::Secret(url() + "/s"), {file.file(), 2, 5}, 10, call());
  }
  Stand asked(const std::string& bytes) {
    always(bytes);
    return api().ask(base::Secret(url() + "/s"), 10, call());
  }
};

TEST_F(UploadTest, APieceIsReadFromItsFileAndNamesItsPlace) {
  const auto stand = put_answered(answer("308 Resume Incomplete", "", "Range: bytes=0-6\r\n"));
  EXPECT_EQ(stand.kind, Kind::incomplete);
  EXPECT_EQ(stand.offset, 7);
  const auto request = seen().at(0);
  EXPECT_EQ(testing::body_of(request), "23456");
  EXPECT_NE(request.find("\r\nContent-Range: bytes 2-6/10\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("\r\nContent-Length: 5\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find(std::string("Bearer ") + kToken), std::string::npos);
}

TEST_F(UploadTest, AQuestionHasNoBytes) {
  EXPECT_EQ(asked(answer("308 Resume Incomplete", "", "Range: bytes=0-6\r\n")).offset, 7);
  const auto request = seen().at(0);
  EXPECT_NE(request.find("\r\nContent-Range: bytes */10\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("\r\nContent-Length: 0\r\n"), std::string::npos) << request;
  // Without a range there is nothing yet; but of a piece nobody knows.
  EXPECT_EQ(asked(answer("308 Resume Incomplete")).kind, Kind::incomplete);
  EXPECT_EQ(put_answered(answer("308 Resume Incomplete")).kind, Kind::trouble);
}

TEST_F(UploadTest, WhatTheStatusSays) {
  for (const auto* yes : {"200 OK", "201 Created"}) {
    const auto stand = asked(json_answer(yes, R"({"id": "dQw4w9WgXcQ"})"));
    EXPECT_EQ(stand.kind, Kind::complete);
    EXPECT_EQ(stand.video, "dQw4w9WgXcQ");
  }
  // The status alone is a yes; the id has to be asked for.
  EXPECT_EQ(asked(json_answer("201 Created", R"({"id": "dQw4)")).kind, Kind::complete);
  EXPECT_EQ(asked(json_answer("201 Created", R"({"id": "<script>"})")).video, "");
  for (const auto* lost : {"404 Not Found", "410 Gone"}) EXPECT_EQ(asked(answer(lost)).kind, Kind::lost);
  for (const auto* no : {"500 Oops", "503 Later", "429 Slow"}) {
    const auto stand = asked(answer(no, "", "Retry-After: 7\r\n"));
    EXPECT_EQ(stand.kind, Kind::trouble);
    EXPECT_EQ(outcome_of(*stand.trouble, 0).retry_after, std::chrono::seconds(7));
    EXPECT_TRUE(outcome_of(*stand.trouble, 0).retryable);
  }
  EXPECT_EQ(asked("").trouble->kind, Trouble::Kind::network);
  EXPECT_EQ(asked("\x01\x02 no HTTP\r\n\r\n").trouble->kind, Trouble::Kind::network);
}

TEST_F(UploadTest, APlaceThatCannotBeIsNotBelieved) {
  for (const auto* range : {"bytes=0-10", "bytes=3-6", "bytes=0--1", "bytes=0-x", "0-6"})
    EXPECT_EQ(asked(answer("308 Resume Incomplete", "", "Range: " + std::string(range) + "\r\n")).kind,
              Kind::trouble)
        << range;
  // All of it, and no video: it is still being put together.
  const auto all = asked(answer("308 Resume Incomplete", "", "Range: bytes=0-9\r\n"));
  EXPECT_EQ(all.trouble->kind, Trouble::Kind::server);
}

std::string refusal(int code, const std::string& reason) {
  return Json{{"error", {{"code", code}, {"errors", {{{"reason", reason}}}}}}}.dump();
}

TEST_F(UploadTest, UploadLimitAndQuotaAreToldApart) {
  const auto now = base::parse_utc("2026-11-22T18:00:00Z");  // 10:00 in Los Angeles
  const auto limit = asked(json_answer("400 Bad Request", refusal(400, "uploadLimitExceeded")));
  EXPECT_EQ(limit.trouble->kind, Trouble::Kind::upload_limit);
  EXPECT_EQ(outcome_of(*limit.trouble, now).retry_after, std::chrono::hours(24));
  const auto quota = asked(json_answer("403 Forbidden", refusal(403, "quotaExceeded")));
  EXPECT_EQ(quota.trouble->kind, Trouble::Kind::quota);
  EXPECT_EQ(outcome_of(*quota.trouble, now).retry_after, std::chrono::hours(14));
  expect_certain(outcome_of(*quota.trouble, now), Reason::rate_limited);
  expect_certain(outcome_of(*asked(json_answer("401 Unauthorized", refusal(401, "authError"))).trouble, now),
                 Reason::credentials);
  const auto title = outcome_of(*asked(json_answer("400 Bad", refusal(400, "invalidTitle"))).trouble, now);
  expect_certain(title, Reason::rejected);
  EXPECT_NE(title.error.find("invalidTitle"), std::string::npos);
}

TEST_F(UploadTest, TheTokenGoesNowhereElse) {
  always(answer("200 OK", "", "Location: http://127.0.0.2/elsewhere\r\n"));
  // As many bytes of each, since the server here takes one header for the other.
  const auto opened = api().open("{}", 2, "video/mp4", call());
  ASSERT_TRUE(opened.trouble);
  EXPECT_EQ(opened.trouble->kind, Trouble::Kind::malformed);
}

TEST_F(UploadTest, AFileThatBecameShorterEndsTheCall) {
  always(answer("200 OK"));
  const TemporaryFile file("0123");
  const auto stand = api().put(base::Secret(url() + "/s"), {file.file(), 0, 10}, 10, call());
  EXPECT_EQ(stand.kind, Kind::trouble);
  EXPECT_NE(stand.trouble->why.find("file"), std::string::npos) << stand.trouble->why;
}

// Beside the emulated YouTube.
class EmulatedUploadTest : public ::testing::Test {
 protected:
  void SetUp() override { tell("/_channels", {{"channels", {{{"id", kChannel}}}}}); }
  Json tell(const std::string& path, const Json& body) {
    HttpRequest request;
    request.method = "POST";
    request.url = youtube_.url() + path;
    request.body = body.dump();
    request.deadline = call().deadline;
    return Json::parse(http_.call(request).body);
  }
  UploadApi::Call call() const {
    return {credentials_, base::system_clock().boot() + std::chrono::minutes(1), {}};
  }
  base::Secret session(std::int64_t total) {
    auto opened = api_.open(metadata({.title = "A video"}), total, "video/mp4", call());
    EXPECT_FALSE(opened.trouble) << opened.trouble->why;
    return opened.session;
  }

  const std::string kChannel = "UC" + std::string(22, 'a');
  const Credentials credentials_{base::Secret("owner-" + kChannel)};
  testing::Emulator youtube_{"youtube"};
  HttpClient http_{{.addresses = {.allow_private = true}}, base::system_clock()};
  UploadApi api_{http_, {.api = youtube_.url()}};
};

TEST_F(EmulatedUploadTest, AVideoGoesUpInPieces) {
  const std::int64_t total = 3 * kUnit + 5;
  const TemporaryFile file(std::string(kUnit, 'a'), total);
  const auto place = session(total);
  std::int64_t at = 0;
  while (const auto piece = piece_before_last(at, total, 2 * kUnit)) {
    const auto stand = api_.put(place, {file.file(), at, piece}, total, call());
    ASSERT_EQ(stand.kind, Kind::incomplete);
    ASSERT_EQ(stand.offset, at + piece);
    at = stand.offset;
  }
  EXPECT_EQ(youtube_.accepted("video"), 0);
  const auto last = api_.put(place, {file.file(), at, total - at}, total, call());
  ASSERT_EQ(last.kind, Kind::complete);
  EXPECT_EQ(api_.ask(place, total, call()).video, last.video);
  const auto status = api_.status(last.video, call());
  EXPECT_TRUE(status.found);
  EXPECT_EQ(status.privacy, "private");
  EXPECT_EQ(status.upload, "processed");
  EXPECT_FALSE(api_.status("another-one", call()).found);
}

TEST_F(EmulatedUploadTest, WhatWasKeptOfAPieceIsNotSentAgain) {
  const std::int64_t total = 2 * kUnit;
  const TemporaryFile file("", total);
  const auto place = session(total);
  youtube_.set({{"takes", {1000}}});
  EXPECT_EQ(api_.put(place, {file.file(), 0, kUnit}, total, call()).kind, Kind::trouble);
  const auto stand = api_.ask(place, total, call());
  EXPECT_EQ(stand.offset, 1000);
  // Cut after the last byte was taken: the video is there, and asking finds it.
  youtube_.fault({{"mode", "accept_then_cut"}, {"path", ".*"}, {"method", "PUT"}});
  EXPECT_EQ(api_.put(place, {file.file(), 1000, total - 1000}, total, call()).kind, Kind::trouble);
  EXPECT_EQ(api_.ask(place, total, call()).kind, Kind::complete);
  EXPECT_EQ(youtube_.accepted("video"), 1);
}

TEST_F(EmulatedUploadTest, UpdateAndThumbnail) {
  const TemporaryFile file("data");
  const auto video = api_.put(session(4), {file.file(), 0, 4}, 4, call()).video;
  EXPECT_FALSE(api_.update(metadata({.title = "New"}, video), call()));
  EXPECT_FALSE(api_.thumbnail(video, "data", "image/png", call()));
  EXPECT_TRUE(api_.thumbnail(video, "data", "image/gif", call()));
  EXPECT_EQ(youtube_.accepted("thumbnail"), 1);
}

}  // namespace
}  // namespace fencepost::connect::youtube

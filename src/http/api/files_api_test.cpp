// tus 1.0, videos, media folders and templates, without a socket.

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "base/sha256.hpp"
#include "http/api/testing/fixture.hpp"
#include "http/api/tus.hpp"

namespace fencepost::http {
namespace {

using nlohmann::json;

const std::string kMp4 = std::string("\0\0\0\x18", 4) + "ftypisom" + std::string(5000, 'x');

class FilesApi : public testing::ApiTest, public ::testing::WithParamInterface<const char*> {
 protected:
  FilesApi() : ApiTest(GetParam()) {}

  static std::string header(const Response& response, const char* name) {
    const auto* value = response.headers.find(name);
    return value == nullptr ? "" : *value;
  }
  Response create(std::int64_t length, const Headers& more = {}, const std::string& body = "") {
    Headers headers{{"Upload-Length", std::to_string(length)}};
    for (const auto& [name, value] : more) headers.set(name, value);
    return tus("POST", "/api/v1/files", body, headers);
  }
  Response append(const std::string& path, std::int64_t offset, const std::string& body,
                  const Headers& more = {}) {
    Headers headers{{"Upload-Offset", std::to_string(offset)}};
    for (const auto& [name, value] : more) headers.set(name, value);
    return tus("PATCH", path, body, headers);
  }
  std::string offset(const std::string& path) { return header(tus("GET", path, "", {}), "Upload-Offset"); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(shows + '/' + name, std::ios::binary) << text;
  }
};

TEST_P(FilesApi, AFileComesInPiecesAndBecomesAVideo) {
  const auto made = create(5012, {{"Upload-Metadata", "filename RXBpc29kZSAxMi5tcDQ=,private"}});
  ASSERT_EQ(code(made), "201") << made.body;
  EXPECT_EQ(header(made, "Tus-Resumable"), "1.0.0");
  EXPECT_EQ(header(made, "Upload-Offset"), "0");
  EXPECT_THAT(header(made, "Upload-Expires"), ::testing::EndsWith(" GMT"));
  const auto path = header(made, "Location");
  EXPECT_EQ(code(append(path, 0, kMp4.substr(0, 2000))), "204");
  EXPECT_EQ(offset(path), "2000");
  EXPECT_EQ(code(append(path, 1999, "x")), "409 offset_mismatch");
  EXPECT_EQ(code(append(path, 2001, "x")), "409 offset_mismatch");
  EXPECT_EQ(code(append(path, 2000, std::string(3013, 'x'))), "413 too_large");
  const auto last = append(path, 2000, kMp4.substr(2000));
  EXPECT_EQ(code(last), "204");
  EXPECT_EQ(header(last, "Upload-Offset"), "5012");
  EXPECT_EQ(header(last, "Upload-Expires"), "");
  const auto shown = json_of(tus("GET", path, "", {}));
  EXPECT_EQ(shown["finished"], true);
  EXPECT_EQ(shown["name"], "Episode 12.mp4");
  EXPECT_EQ(shown["video_id"].dump(), header(last, "Fencepost-Video"));
  const auto video = json_of(send("GET", "/api/v1/videos/" + shown["video_id"].dump()));
  EXPECT_EQ(video["title"], "Episode 12");
  EXPECT_EQ(video["media_type"], "video/mp4");
  EXPECT_EQ(video["readiness"]["short"]["ready"], "waiting");
  // tus lets a client ask again for nothing.
  EXPECT_EQ(code(append(path, 5012, "")), "204");
  EXPECT_EQ(code(append(path, 5012, "x")), "413 too_large");
  EXPECT_EQ(code(tus("DELETE", path, "", {})), "409 is_video");
}

TEST_P(FilesApi, HeadAndOptionsSayWhatTusAsks) {
  const auto path = header(create(10, {{"Upload-Metadata", "filename YS5tcDQ="}}), "Location");
  const auto head = raw("HEAD", path, "", {{"Tus-Resumable", "1.0.0"}}, admin);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(header(head, "Upload-Offset"), "0");
  EXPECT_EQ(header(head, "Upload-Length"), "10");
  EXPECT_EQ(header(head, "Upload-Metadata"), "filename YS5tcDQ=");
  EXPECT_EQ(header(head, "Cache-Control"), "no-store");
  const auto options = raw("OPTIONS", "/api/v1/files", "", {}, "");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(header(options, "Tus-Version"), "1.0.0");
  EXPECT_THAT(header(options, "Tus-Extension"), ::testing::HasSubstr("creation-with-upload"));
  EXPECT_EQ(header(options, "Tus-Max-Size"), std::to_string(files.options().most));
}

TEST_P(FilesApi, WithoutItsVersionNothingIsSpoken) {
  const auto path = header(create(10), "Location");
  const Headers other{{"Tus-Resumable", "0.2.2"}};
  EXPECT_EQ(code(tus("POST", "/api/v1/files", "", other)), "412 unsupported_version");
  EXPECT_EQ(code(tus("PATCH", path, "x", other)), "412 unsupported_version");
  EXPECT_EQ(code(tus("DELETE", path, "", other)), "412 unsupported_version");
  EXPECT_EQ(offset(path), "0");
}

TEST_P(FilesApi, WhatMakesNoSenseIsRefused) {
  for (const auto* length : {"", "-1", "1.5", "x", "99999999999999999999", "0x10"})
    EXPECT_EQ(code(tus("POST", "/api/v1/files", "", {{"Upload-Length", length}})), "400 invalid_header")
        << length;
  EXPECT_EQ(code(tus("POST", "/api/v1/files", "", {{"Upload-Defer-Length", "1"}})), "400 invalid_header");
  EXPECT_EQ(code(create(0)), "422 empty_file");
  EXPECT_EQ(code(create(files.options().most + 1)), "413 too_large");
  for (const auto* metadata : {"filename *", "a YQ==,a YQ==", ",", "filename /w=="})
    EXPECT_EQ(code(create(10, {{"Upload-Metadata", metadata}})), "400 invalid_metadata") << metadata;
  const auto path = header(create(10), "Location");
  EXPECT_EQ(code(append(path, 0, "x", {{"Content-Type", "text/plain"}})), "415 unsupported_media_type");
  EXPECT_EQ(code(tus("PATCH", path, "x", {})), "400 invalid_header");
  EXPECT_EQ(code(append("/api/v1/files/nonsense", 0, "x")), "404 not_found");
}

TEST_P(FilesApi, TheFirstBytesMayComeWithTheCreation) {
  const auto made = create(5012, {}, kMp4.substr(0, 3000));
  ASSERT_EQ(code(made), "201") << made.body;
  EXPECT_EQ(header(made, "Upload-Offset"), "3000");
  EXPECT_EQ(offset(header(made, "Location")), "3000");
  const auto whole = create(5012, {}, kMp4);
  EXPECT_EQ(code(whole), "201");
  EXPECT_NE(header(whole, "Fencepost-Video"), "");
}

TEST_P(FilesApi, ACreationIsNotRepeatedUnderItsKey) {
  const Headers key{{"Idempotency-Key", "one"}};
  const auto first = create(10, key), again = create(10, key);
  EXPECT_EQ(header(first, "Location"), header(again, "Location"));
  EXPECT_EQ(header(again, "Idempotent-Replayed"), "true");
  EXPECT_EQ(code(create(11, key)), "422 idempotency_key_reused");
}

TEST_P(FilesApi, BytesThatAreNotThoseOfTheirChecksumAreNotKept) {
  const auto path = header(create(11), "Location");
  const Headers right{{"Upload-Checksum", "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="}};
  EXPECT_EQ(code(append(path, 0, "hello worle", right)), "460 checksum_mismatch");
  EXPECT_EQ(offset(path), "0");
  for (const auto* bad :
       {"md5 XrY7u+Ae7tCTyyK7j1rNww==", "sha1", "sha1 ", "sha1 x", "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0="})
    EXPECT_EQ(code(append(path, 0, "hello world", {{"Upload-Checksum", bad}})), "400 unknown_checksum")
        << bad;
  EXPECT_EQ(code(append(path, 0, "hello",
                        {{"Upload-Checksum", "sha256 LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="}})),
            "204");
  EXPECT_EQ(offset(path), "5");
}

TEST_P(FilesApi, OfTwoWhoSendAtOnceOneIsTold) {
  const auto path = header(create(100), "Location");
  auto first = dispatcher->handle({.method = "PATCH",
                                   .target = path,
                                   .headers = {{"Authorization", "Bearer " + admin},
                                               {"Tus-Resumable", "1.0.0"},
                                               {"Upload-Offset", "0"},
                                               {"Content-Length", "3"},
                                               {"Content-Type", tus::kBody}}});
  ASSERT_NE(first.intake, nullptr);
  EXPECT_EQ(code(append(path, 0, "xyz")), "423 locked");
  EXPECT_FALSE(first.intake->take("abc").has_value());
  EXPECT_EQ(first.intake->finish().status, 204);
  EXPECT_EQ(code(append(path, 0, "xyz")), "409 offset_mismatch");
  EXPECT_EQ(code(append(path, 3, "xyz")), "204");
}

TEST_P(FilesApi, AFileIsItsPersonsAlone) {
  const auto anna = signed_in(person("anna")), ben = signed_in(person("ben"));
  const auto with = [](Headers who, std::initializer_list<Headers::Entry> more) {
    for (const auto& [name, value] : more) who.set(name, value);
    return who;
  };
  const auto made = tus("POST", "/api/v1/files", "", with(anna, {{"Upload-Length", "5012"}}));
  const auto path = header(made, "Location");
  EXPECT_EQ(code(tus("GET", path, "", ben)), "404 not_found");
  EXPECT_EQ(code(tus("PATCH", path, "x", with(ben, {{"Upload-Offset", "0"}}))), "404 not_found");
  EXPECT_EQ(code(tus("DELETE", path, "", ben)), "404 not_found");
  auto without = with(anna, {{"Upload-Offset", "0"}});
  without.erase("X-CSRF-Token");
  EXPECT_EQ(code(tus("PATCH", path, "x", without)), "403 csrf");
  const auto done = tus("PATCH", path, kMp4, with(anna, {{"Upload-Offset", "0"}}));
  EXPECT_EQ(code(done), "204");
  const auto video = "/api/v1/videos/" + header(done, "Fencepost-Video");
  EXPECT_EQ(code(as(ben, "GET", video)), "404 not_found");
  EXPECT_EQ(json_of(as(ben, "GET", "/api/v1/videos"))["items"].size(), 0U);
  EXPECT_EQ(json_of(as(anna, "GET", "/api/v1/videos"))["items"].size(), 1U);
  EXPECT_EQ(code(as(ben, "DELETE", video)), "404 not_found");
  EXPECT_EQ(code(as(anna, "DELETE", video)), "204");
}

TEST_P(FilesApi, VideosOfMediaFoldersAreAddedByPath) {
  write("Pilot.mp4", kMp4);
  std::filesystem::create_symlink("/etc/passwd", shows + "/link.mp4");
  const auto listed = json_of(send("GET", "/api/v1/media-folders/shows?extensions=MP4"));
  ASSERT_EQ(listed["items"].size(), 1U);
  EXPECT_EQ(listed["items"][0]["name"], "Pilot.mp4");
  EXPECT_EQ(json_of(send("GET", "/api/v1/media-folders"))["folders"], json({"shows"}));
  const auto add = [&](const char* folder, const char* path) {
    return send("POST", "/api/v1/videos", {{"folder", folder}, {"path", path}});
  };
  const auto made = add("shows", "Pilot.mp4");
  EXPECT_EQ(code(made), "201") << made.body;
  EXPECT_EQ(code(add("shows", "Pilot.mp4")), "200");
  for (const auto* path : {"../key", "/etc/passwd", "a/../../key"})
    EXPECT_EQ(code(add("shows", path)), "422 invalid_path") << path;
  EXPECT_EQ(code(add("shows", "link.mp4")), "404 media_file_not_found");
  EXPECT_EQ(code(add("none", "Pilot.mp4")), "404 media_folder_not_found");
  EXPECT_EQ(code(add("files", "x")), "404 media_folder_not_found");
  EXPECT_EQ(code(send("GET", "/api/v1/media-folders/shows?under=..")), "422 invalid_path");
  EXPECT_EQ(code(send("GET", "/api/v1/media-folders/files")), "404 media_folder_not_found");
  const auto path = header(made, "Location");
  EXPECT_EQ(code(send("PATCH", path, {{"title", "Better"}}, {{"If-Match", "\"1\""}})), "200");
  EXPECT_EQ(code(send("PATCH", path, {{"title", "Lost"}}, {{"If-Match", "\"1\""}})), "412 version_conflict");
  media.in_use = [](auto&, auto) { return true; };
  EXPECT_EQ(code(send("DELETE", path)), "409 video_in_use");
  media.in_use = {};
  EXPECT_EQ(code(send("DELETE", path)), "204");
  EXPECT_EQ(code(send("GET", path)), "404 not_found");
  EXPECT_TRUE(std::filesystem::exists(shows + "/Pilot.mp4"));
}

TEST_P(FilesApi, TemplatesAreCheckedFilledAndVersioned) {
  write("cover.png", std::string("\x89PNG\r\n\x1a\n", 8));
  const json body = {{"channel_id", 7},
                     {"language", "de"},
                     {"title", "{title} #{number}"},
                     {"tags", {"pod cast"}},
                     {"thumbnail", {{"folder", "shows"}, {"path", "cover.png"}}}};
  const auto made = send("POST", "/api/v1/templates", body);
  ASSERT_EQ(code(made), "201") << made.body;
  EXPECT_EQ(code(send("POST", "/api/v1/templates", body)), "409 duplicate_template");
  const auto path = header(made, "Location");
  const auto preview = json_of(send("GET", path + "/preview?title=Pilot&number=1"));
  EXPECT_EQ(preview["title"], "Pilot #1");
  EXPECT_EQ(code(send("GET", path + "/preview?title=" + std::string(99, 'x'))), "422 invalid_title");
  const auto edit = [&](const json& change, const char* version = "\"1\"") {
    return code(send("PATCH", path, change, {{"If-Match", version}}));
  };
  EXPECT_EQ(edit({{"title", "a<b"}}), "422 invalid_title");
  EXPECT_EQ(edit({{"tags", {std::string(499, 'x') + " "}}}), "422 invalid_tags");
  EXPECT_EQ(edit({{"thumbnail", {{"folder", "shows"}, {"path", "../key"}}}}), "422 invalid_path");
  EXPECT_EQ(edit({{"category", "22"}, {"thumbnail", nullptr}}), "200");
  EXPECT_EQ(edit({{"title", "late"}}), "412 version_conflict");
  const auto now = json_of(send("GET", path));
  EXPECT_EQ(now["category"], "22");
  EXPECT_TRUE(now["thumbnail"].is_null());
  EXPECT_EQ(now["tags"], json({"pod cast"}));
  EXPECT_EQ(code(send("DELETE", path)), "204");
  EXPECT_EQ(code(send("GET", path)), "404 not_found");
}

INSTANTIATE_TEST_SUITE_P(Api, FilesApi, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::http

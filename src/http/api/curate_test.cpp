// Records over the API: lists, picking one and many, deleting, import; and their queues.

#include <gmock/gmock.h>

#include "base/sha256.hpp"
#include "http/api/testing/fixture.hpp"

namespace fencepost::http {
namespace {

using nlohmann::json;

class CurateApi : public testing::ApiTest {
 protected:
  static constexpr const char* kPlaces = "/api/v1/curate/places";
  std::string place(const std::string& id) {
    return std::string(kPlaces) + "/" +
           std::to_string(
               database
                   .run("INSERT INTO fencepost_places (place_id, name) VALUES ($1, $1) RETURNING id",
                        {id})[0][0]
                   .integer());
  }
  Response set(const std::string& path, const std::string& status, const std::string& version) {
    return send("PATCH", path, {{"curation_status", status}}, {{"If-Match", version}});
  }
  Response import(const std::string& target, const std::string& body, const std::string& type) {
    auto response = dispatcher->handle({.method = "POST",
                                        .target = target,
                                        .headers = {{"Authorization", "Bearer " + admin},
                                                    {"Content-Type", type},
                                                    {"Idempotency-Key", base::sha256_hex(body)}},
                                        .body = body,
                                        .peer = "127.0.0.1"});
    return response;
  }
};

TEST_F(CurateApi, ARecordIsPickedByWhoHasSeenIt) {
  const auto path = place("p1");
  const auto seen = send("GET", path);
  EXPECT_EQ(json_of(seen)["curation_status"], "New");
  EXPECT_EQ(json_of(seen)["evidence"], json::object());
  EXPECT_EQ(code(send("PATCH", path, {{"curation_status", "Selected"}})), "428 precondition_required");
  const auto etag = *seen.headers.find("ETag");
  EXPECT_EQ(json_of(set(path, "Selected", etag))["processing_status"], "Queued");
  EXPECT_EQ(code(set(path, "Maybe", etag)), "412 version_conflict");
  EXPECT_EQ(set(path, "Completed", "\"2\"").status, 422);
  EXPECT_EQ(json_of(set(path, "Maybe", "\"2\""))["processing_status"], "");
  EXPECT_EQ(send("DELETE", path).status, 204);
  EXPECT_EQ(code(send("GET", path)), "404 not_found");
}

TEST_F(CurateApi, WhoIsWorkedOnIsDeletedAfterwards) {
  const auto path = place("p1");
  set(path, "Selected", "\"1\"");
  services.queues[1].claim(*database->acquire(), 1, std::chrono::seconds(60), 7);
  EXPECT_EQ(answer(send("DELETE", path)), "202 in_flight");
  EXPECT_EQ(json_of(send("GET", path))["processing_status"], "Processing");
}

TEST_F(CurateApi, ManyArePickedByIdsAndByFilter) {
  for (const auto* id : {"a", "b", "c"}) place(id);
  const auto post = [&](const json& body) {
    return json_of(send("POST", std::string(kPlaces) + "/select", body));
  };
  EXPECT_EQ(post({{"ids", {"1", "9"}}, {"preview", true}})["answers"],
            json({{"queued", 1}, {"not_found", 1}}));
  EXPECT_EQ(post({{"search", "A"}})["answers"], json({{"queued", 1}}));
  EXPECT_EQ(post({{"processing_status", ""}, {"set", "Maybe"}})["answers"], json({{"set", 2}}));
  EXPECT_EQ(post({{"curation_status", "Selected"}, {"set", "Archived"}})["answers"],
            json({{"taken_back", 1}}));
  EXPECT_EQ(code(send("POST", std::string(kPlaces) + "/select", json::object())), "422 invalid_filter");
  EXPECT_EQ(code(send("POST", std::string(kPlaces) + "/select", {{"ids", {"x"}}})), "422 invalid_field");
  EXPECT_EQ(json_of(send("GET", std::string(kPlaces) + "?curation_status=Maybe"))["items"].size(), 2U);
  EXPECT_EQ(json_of(send("GET", std::string(kPlaces) + "?processing_status="))["items"].size(), 3U);
  EXPECT_EQ(json_of(send("GET", std::string(kPlaces) + "?search=B"))["items"][0]["place_id"], "b");
}

TEST_F(CurateApi, AFileIsImportedOnceAndItsBadLinesAreSaid) {
  const std::string file = "place_id,name\np1,Bar\n,x\n";
  const auto report = import(std::string(kPlaces) + "/import/csv?select=true", file, "text/csv");
  ASSERT_EQ(report.status, 200) << report.body;
  EXPECT_EQ(json_of(report)["added"], 1);
  EXPECT_EQ(json_of(report)["bad_lines"], json({{{"line", 3}, {"error", "place_id is missing"}}}));
  EXPECT_EQ(import(std::string(kPlaces) + "/import/csv?select=true", file, "text/csv").body, report.body);
  EXPECT_EQ(json_of(send("GET", kPlaces))["items"][0]["processing_status"], "Queued");
  const auto businesses = import("/api/v1/curate/businesses/import/json",
                                 R"([{"name": "Bar"}, {"phone": "1"}])", "application/json");
  EXPECT_EQ(json_of(businesses)["bad"], 1);
  EXPECT_EQ(code(import("/api/v1/curate/businesses/import/csv", "", "text/csv")), "422 invalid_import");
}

// The queues' own operations serve records too.
TEST_F(CurateApi, TheQueuesOfRecordsAreCountedPausedStoppedRetriedAndRequeued) {
  for (const auto* id : {"a", "b"}) set(place(id), "Selected", "\"1\"");
  const auto post = [&](const std::string& word, const json& body = json::object()) {
    return json_of(send("POST", "/api/v1/queues/curate-places/" + word, body));
  };
  json counts;
  const auto listed = json_of(send("GET", "/api/v1/queues"));
  for (const auto& queue : listed["items"])
    if (queue["name"] == "curate-places") counts = queue["counts"];
  EXPECT_EQ(counts, json({{"Queued", 2}}));
  EXPECT_EQ(post("pause")["paused"], true);
  EXPECT_EQ(post("resume")["paused"], false);
  EXPECT_EQ(post("stop", {{"items", {"1"}}})["answers"], json({{"prevented", 1}}));
  EXPECT_EQ(json_of(send("GET", std::string(kPlaces) + "/1"))["processing_status"], "Stopped");
  EXPECT_EQ(post("requeue", {{"states", {"stopped"}}})["answers"], json({{"rearmed", 1}}));
  database.run("UPDATE fencepost_places SET processing_status = 'Error' WHERE id = 2");
  EXPECT_EQ(post("retry")["answers"], json({{"rearmed", 1}}));
  // What nobody has picked is none of a requeue's.
  place("c");
  EXPECT_EQ(post("requeue")["items"], 0);
  EXPECT_EQ(post("drain")["answer"], "drained");
}

}  // namespace
}  // namespace fencepost::http

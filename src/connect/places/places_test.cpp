#include "connect/places/places.hpp"

#include "base/error.hpp"
#include "connect/testing/http_client_fixture.hpp"

namespace fencepost::connect {
namespace {

using testing::answer;
using testing::Connection;
using testing::RawServer;
using Kind = PlaceAnswer::Kind;

class PlacesTest : public HttpClientTest {
 protected:
  PlaceAnswer ask(const std::string& reply, PlacesApi api = PlacesApi::current,
                  const std::string& id = "p/1 ü") {
    RawServer server([&](Connection& connection) {
      request_ = connection.read_request();
      connection.write(reply);
    });
    Places places(client_, {api, server.url(""), base::Secret("k&y")});
    return places.details(id, clock_.boot() + std::chrono::hours(1));
  }
  std::string request_;
};

TEST_F(PlacesTest, AsksWithTheMaskAndTheKeyAndReadsWhatIsThere) {
  const auto found =
      ask(answer("200 OK", R"({"id":"p","displayName":{"text":"Bar"},"websiteUri":"https://b.example",
    "nationalPhoneNumber":"030 1","formattedAddress":"1 High Street","other":[1]})"));
  ASSERT_EQ(found.kind, Kind::found);
  EXPECT_NE(request_.find("GET /v1/places/p%2F1%20%C3%BC HTTP/1.1"), std::string::npos);
  EXPECT_NE(request_.find("X-Goog-Api-Key: k&y"), std::string::npos);
  EXPECT_NE(request_.find("X-Goog-FieldMask: id,displayName"), std::string::npos);
  EXPECT_EQ(read_place(found.body), (PlaceDetails{"Bar", "https://b.example", "030 1", "1 High Street"}));
}

TEST_F(PlacesTest, OfTheApiBeforeTheStatusInTheBodyCounts) {
  const auto found =
      ask(answer("200 OK", R"({"status":"OK","result":{"name":"Bar","website":"https://b.example",
    "international_phone_number":"+49 1","formatted_phone_number":"030 1"}})"),
          PlacesApi::legacy);
  ASSERT_EQ(found.kind, Kind::found);
  EXPECT_NE(request_.find("place_id=p%2F1%20%C3%BC&fields=place_id,name"), std::string::npos);
  EXPECT_NE(request_.find("&key=k%26y "), std::string::npos);
  EXPECT_EQ(read_place(found.body), (PlaceDetails{"Bar", "https://b.example", "+49 1", ""}));
  for (const auto& [status, kind] :
       std::vector<std::pair<std::string, Kind>>{{"NOT_FOUND", Kind::not_found},
                                                 {"ZERO_RESULTS", Kind::not_found},
                                                 {"INVALID_REQUEST", Kind::not_found},
                                                 {"REQUEST_DENIED", Kind::denied},
                                                 {"OVER_QUERY_LIMIT", Kind::temporary},
                                                 {"UNKNOWN_ERROR", Kind::temporary}})
    EXPECT_EQ(ask(answer("200 OK", R"({"status":")" + status + "\"}"), PlacesApi::legacy).kind, kind)
        << status;
}

TEST_F(PlacesTest, TellsWhatIsFinalFromWhatMayPass) {
  for (const auto& [status, kind] :
       std::vector<std::pair<std::string, Kind>>{{"400 Bad Request", Kind::not_found},
                                                 {"404 Not Found", Kind::not_found},
                                                 {"403 Forbidden", Kind::denied},
                                                 {"401 Unauthorized", Kind::denied},
                                                 {"429 Too Many Requests", Kind::temporary},
                                                 {"500 Internal Server Error", Kind::temporary},
                                                 {"503 Service Unavailable", Kind::temporary}}) {
    const auto said = ask(answer(status, R"({"error":{"message":"secret k&y"}})"));
    EXPECT_EQ(said.kind, kind) << status;
    EXPECT_EQ(said.error.find("k&y"), std::string::npos);
    EXPECT_FALSE(said.error.empty());
  }
  EXPECT_EQ(ask(answer("429 Too Many Requests", "{}", "Retry-After: 7\r\n")).retry_after,
            std::chrono::seconds(7));
  EXPECT_EQ(ask(answer("200 OK", "<html>")).kind, Kind::temporary);
  EXPECT_EQ(read_place("{}"), std::nullopt);
  EXPECT_EQ(read_place("nonsense"), std::nullopt);
}

TEST_F(PlacesTest, WhatWasCutMayHaveBeenChargedAndWhatNeverLeftWasNot) {
  EXPECT_EQ(ask("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{").kind, Kind::lost);
  EXPECT_EQ(ask("").kind, Kind::lost);
  Places nobody(client_, {PlacesApi::current, "http://127.0.0.1:" + std::to_string(testing::refused_port()),
                          base::Secret("k")});
  EXPECT_EQ(nobody.details("p", clock_.boot() + std::chrono::hours(1)).kind, Kind::not_sent);
  EXPECT_THROW(Places(client_, {PlacesApi::current, "file:///etc", base::Secret("k")}), base::UserError);
}

}  // namespace
}  // namespace fencepost::connect

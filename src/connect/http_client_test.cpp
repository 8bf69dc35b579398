#include "connect/http_client.hpp"

#include <gtest/gtest.h>

#include "connect/testing/http_client_fixture.hpp"

namespace fencepost::connect {
namespace {

using namespace std::chrono_literals;
using testing::answer;
using testing::Connection;
using testing::RawServer;
using Kind = Failure::Kind;

TEST_F(HttpClientTest, SendsWhatWasAskedForAndReadsTheAnswer) {
  std::string seen;
  RawServer server([&](Connection& c) {
    seen = c.read_request();
    c.write(answer("201 Created", "made", "X-Id:  7 \r\nX-ID: 8\r\nEmpty:\r\n"));
  });
  auto request = post(server.url("/a?b=c"), std::string("x\0y", 3));
  request.headers = {{"Content-Type", "text/plain"}, {"X-Empty", ""}};
  const auto result = client_.call(request);
  ASSERT_FALSE(result.failure) << result.failure->reason;
  EXPECT_EQ(result.status, 201);
  EXPECT_EQ(result.body, "made");
  EXPECT_EQ(result.header("x-iD"), "7");
  EXPECT_EQ(result.header("empty"), "");
  EXPECT_FALSE(result.header("X-I"));
  EXPECT_EQ(seen.substr(0, 21), "POST /a?b=c HTTP/1.1\r");
  EXPECT_NE(seen.find("\r\nUser-Agent: fencepost/"), std::string::npos);
  EXPECT_NE(seen.find("\r\nContent-Type: text/plain\r\n"), std::string::npos);
  EXPECT_NE(seen.find("\r\nX-Empty:\r\n"), std::string::npos);
  EXPECT_EQ(seen.find("Expect"), std::string::npos);
  EXPECT_EQ(seen.substr(seen.size() - 7), std::string("\r\n\r\nx\0y", 7));
}

TEST_F(HttpClientTest, OtherMethods) {
  std::vector<std::string> seen;
  RawServer server([&](Connection& c) {
    seen.push_back(c.read_request());
    c.write("HTTP/1.1 204 No Content\r\n\r\n");
  });
  for (const std::string method : {"GET", "HEAD", "PUT", "DELETE", "POST"}) {
    auto request = post(server.url(), method == "PUT" ? "body" : "");
    request.method = method;
    const auto result = client_.call(request);
    EXPECT_FALSE(result.failure) << method;
    EXPECT_EQ(result.status, 204);
    EXPECT_EQ(seen.back().substr(0, method.size() + 1), method + " ");
  }
}

TEST_F(HttpClientTest, ARefusedPortMeansThatNothingLeft) {
  expect(client_.call(post("http://127.0.0.1:" + std::to_string(testing::refused_port()) + "/")),
         Kind::connect, Sent::no_byte_left);
}

TEST_F(HttpClientTest, AnUnknownNameMeansThatNothingLeft) {
  expect(client_.call(post("http://no-such-host.invalid/")), Kind::resolve, Sent::no_byte_left);
}

TEST_F(HttpClientTest, TlsToAPlainPortMeansThatNothingLeft) {
  RawServer server([](Connection& c) {
    c.read_some();  // the greeting, which is no byte of the request
    c.write(answer("400 Bad Request"));
    c.drain();
  });
  const auto result = client_.call(post("https" + server.url().substr(4)));
  expect(result, Kind::tls, Sent::no_byte_left);
  EXPECT_EQ(result.status, 0);
}

TEST_F(HttpClientTest, ClosedInTheHandshakeMeansThatNothingLeft) {
  RawServer server([](Connection& c) { c.read_some(); });
  const auto result = client_.call(post("https" + server.url().substr(4)));
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->sent, Sent::no_byte_left);
}

TEST_F(HttpClientTest, AcceptedThenClosedUnreadMayHaveLeft) {
  RawServer server([](Connection&) {});
  expect(client_.call(post(server.url())), Kind::cut, Sent::maybe);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, ReadThenCutMayHaveLeftAndIsNotSentAgain) {
  RawServer server([](Connection& c) { c.read_request(); });
  expect(client_.call(post(server.url())), Kind::cut, Sent::maybe);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, CutInTheHeadersIsNoAnswer) {
  RawServer server([](Connection& c) {
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\nX-Id: 7\r\n");
  });
  const auto result = client_.call(post(server.url()));
  expect(result, Kind::cut, Sent::maybe);
  EXPECT_EQ(result.status, 0);
  EXPECT_TRUE(result.headers.empty());
}

TEST_F(HttpClientTest, CutInTheBodyKeepsTheStatus) {
  RawServer server([](Connection& c) {
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });
  const auto result = client_.call(post(server.url()));
  expect(result, Kind::cut, Sent::maybe);
  EXPECT_EQ(result.status, 200);
}

TEST_F(HttpClientTest, InterimAnswersAndTrailersAreNotTheAnswer) {
  RawServer server([](Connection& c) {
    c.read_request();
    c.write("HTTP/1.1 103 Early Hints\r\nX-Id: hint\r\n\r\n");
    if (c.number == 0) return;
    c.write(
        "HTTP/1.1 202 Accepted\r\nX-Id: real\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Late: "
        "1\r\n\r\n");
  });
  const auto cut = client_.call(post(server.url()));
  expect(cut, Kind::cut, Sent::maybe);
  EXPECT_EQ(cut.status, 0);
  const auto result = client_.call(post(server.url()));
  ASSERT_FALSE(result.failure) << result.failure->reason;
  EXPECT_EQ(result.status, 202);
  EXPECT_EQ(result.header("X-Id"), "real");
  EXPECT_FALSE(result.header("X-Late"));
  EXPECT_EQ(result.body, "ok");
}

TEST_F(HttpClientTest, GarbageIsNoAnswer) {
  RawServer server([](Connection& c) {
    c.read_request();
    c.write("\x01\x02 what is this\r\n\r\n");
  });
  const auto result = client_.call(post(server.url()));
  expect(result, Kind::cut, Sent::maybe);
  EXPECT_EQ(result.status, 0);
}

TEST_F(HttpClientTest, AnOverlongBodyIsAnErrorWithAStatus) {
  const std::string big(1000, 'x');
  RawServer server([&](Connection& c) {
    c.read_request();
    c.write(answer("200 OK", big));
  });
  auto request = post(server.url());
  request.body_cap = big.size();
  EXPECT_FALSE(client_.call(request).failure);
  request.body_cap = big.size() - 1;
  const auto result = client_.call(request);
  expect(result, Kind::too_large, Sent::maybe);
  EXPECT_EQ(result.status, 200);
}

TEST_F(HttpClientTest, EndlessHeadersAreAnError) {
  RawServer server([&](Connection& c) {
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 1000; ++i) c.write("X: " + std::string(100, 'x') + "\r\n");
    c.drain();
  });
  expect(client_.call(post(server.url())), Kind::too_large, Sent::maybe);
}

TEST_F(HttpClientTest, RedirectsAreNotFollowed) {
  RawServer server([&](Connection& c) {
    c.read_request();
    c.write(answer("302 Found", "", "Location: /elsewhere\r\n"));
  });
  for (const auto& request : {post(server.url()), get(server.url())}) {
    const auto result = client_.call(request);
    ASSERT_FALSE(result.failure);
    EXPECT_EQ(result.status, 302);
    EXPECT_EQ(result.header("location"), "/elsewhere");
  }
  EXPECT_EQ(server.connections(), 2);
}

}  // namespace
}  // namespace fencepost::connect

#include "connect/http_client.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "connect/testing/fake_clock.hpp"
#include "connect/testing/raw_server.hpp"

namespace fencepost::connect {
namespace {

using namespace std::chrono_literals;
using testing::answer;
using testing::Connection;
using testing::RawServer;
using Kind = Failure::Kind;

class HttpClientTest : public ::testing::Test {
 protected:
  HttpRequest post(const std::string& url, std::string body = "hello") const {
    HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.body = std::move(body);
    request.deadline = clock_.boot() + 1h;
    return request;
  }
  HttpRequest get(const std::string& url) const {
    auto request = post(url, "");
    request.method = "GET";
    request.repeatable = true;
    return request;
  }
  static void expect(const HttpResult& result, Kind kind, Sent sent) {
    ASSERT_TRUE(result.failure);
    EXPECT_EQ(result.failure->kind, kind) << result.failure->reason;
    EXPECT_EQ(result.failure->sent, sent) << result.failure->reason;
    EXPECT_FALSE(result.failure->reason.empty());
    EXPECT_EQ(result.failure->reason.find("127.0.0.1"), std::string::npos) << result.failure->reason;
  }

  testing::FakeClock clock_;
  HttpClient client_{{.addresses = {.allow_private = true}}, clock_};
};

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

TEST_F(HttpClientTest, AStopEndsAWaitingCallAndResetsItsConnection) {
  testing::Signal read;
  std::atomic<bool> reset = false;
  RawServer server([&](Connection& c) {
    c.read_request();
    read.set();
    reset = c.drain().reset;
  });
  std::stop_source stop;
  std::jthread stopper([&] {
    read.wait();
    stop.request_stop();
  });
  expect(client_.call(post(server.url()), stop.get_token()), Kind::stopped, Sent::maybe);
  reset.wait(false);
  EXPECT_TRUE(reset);
}

TEST_F(HttpClientTest, AStopBeforeTheCallSendsNothing) {
  RawServer server([](Connection&) {});
  std::stop_source stop;
  stop.request_stop();
  expect(client_.call(post(server.url()), stop.get_token()), Kind::stopped, Sent::no_byte_left);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpClientTest, AStopDuringTheHandshakeMeansThatNothingLeft) {
  testing::Signal greeted;
  RawServer server([&](Connection& c) {
    c.read_some();
    greeted.set();
    c.drain();
  });
  std::stop_source stop;
  std::jthread stopper([&] {
    greeted.wait();
    stop.request_stop();
  });
  expect(client_.call(post("https" + server.url().substr(4)), stop.get_token()), Kind::stopped,
         Sent::no_byte_left);
}

TEST_F(HttpClientTest, APastDeadlineSendsNothing) {
  RawServer server([](Connection&) {});
  auto request = post(server.url());
  request.deadline = clock_.boot();
  expect(client_.call(request), Kind::deadline, Sent::no_byte_left);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpClientTest, TheDeadlineEndsAWaitingCall) {
  RawServer server([&](Connection& c) {
    c.read_request();
    clock_.advance(2h);
    c.drain();
  });
  expect(client_.call(post(server.url())), Kind::deadline, Sent::maybe);
}

// A clock that passes the deadline at one chosen reading: so each moment at which the client looks gets its
// turn.
class JumpingClock final : public base::Clock {
 public:
  explicit JumpingClock(int reads) : reads_(reads) {}
  base::BootTime boot() const override { return base::BootTime(reads_-- > 0 ? 0s : 2h); }
  base::Micros wall() const override { return 0; }

 private:
  mutable std::atomic<int> reads_;
};

TEST_F(HttpClientTest, NoByteLeftIsTrueAtWhateverMomentTheDeadlineComes) {
  bool answered = false;
  for (int reads = 0; !answered; ++reads) {
    std::atomic<int> arrived = 0;
    HttpResult result;
    {
      RawServer server([&](Connection& c) {
        if (c.read_request().empty()) return;
        ++arrived;
        c.write(answer("204 No Content"));
      });
      const JumpingClock clock(reads);
      HttpClient client({.addresses = {.allow_private = true}}, clock);
      auto request = post(server.url());
      request.deadline = base::BootTime(1h);
      result = client.call(request);
    }
    answered = !result.failure;
    if (answered) break;
    EXPECT_EQ(result.failure->kind, Kind::deadline);
    if (result.failure->sent == Sent::no_byte_left) {
      EXPECT_EQ(arrived, 0) << reads;
    }
  }
}

TEST_F(HttpClientTest, UnsentBytesAreThrownAwayAtTheDeadline) {
  const std::string huge(64u << 20, 'x');
  testing::Signal drained;
  Connection::Drained got;
  RawServer server([&](Connection& c) {
    c.read_some();
    clock_.advance(2h);
    got = c.drain();
    drained.set();
  });
  expect(client_.call(post(server.url(), huge)), Kind::deadline, Sent::maybe);
  drained.wait();
  EXPECT_TRUE(got.reset);
  EXPECT_LT(got.bytes, huge.size());
}

TEST_F(HttpClientTest, QuestionsShareAConnectionAndEffectsDoNot) {
  RawServer server([](Connection& c) {
    while (!c.read_request().empty()) c.write(answer("200 OK"));
  });
  EXPECT_FALSE(client_.call(get(server.url())).failure);
  EXPECT_FALSE(client_.call(get(server.url())).failure);
  EXPECT_EQ(server.connections(), 1);
  EXPECT_FALSE(client_.call(post(server.url())).failure);
  EXPECT_FALSE(client_.call(post(server.url())).failure);
  EXPECT_EQ(server.connections(), 3);
  EXPECT_FALSE(client_.call(get(server.url())).failure);
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(HttpClientTest, AnEffectsConnectionIsClosedWithItsAnswer) {
  testing::Signal closed;
  Connection::Drained after;
  RawServer server([&](Connection& c) {
    c.read_request();
    c.write(answer("200 OK"));
    after = c.drain();
    closed.set();
  });
  EXPECT_FALSE(client_.call(post(server.url())).failure);
  closed.wait();
  EXPECT_EQ(after.bytes, 0u);
  EXPECT_FALSE(after.reset);
}

TEST_F(HttpClientTest, ALargeBodyIsSentWithoutAskingFirst) {
  const std::string large(2u << 20, 'x');
  std::string seen;
  RawServer server([&](Connection& c) {
    seen = c.read_request();
    c.write(answer("200 OK"));
  });
  EXPECT_FALSE(client_.call(post(server.url(), large)).failure);
  EXPECT_EQ(seen.find("Expect:"), std::string::npos);
  EXPECT_EQ(seen.size(), seen.find("\r\n\r\n") + 4 + large.size());
}

// libcurl repeats a request by itself when a kept connection dies under it. For questions that is welcome.
TEST_F(HttpClientTest, OnlyAQuestionIsRepeatedWhenAKeptConnectionDies) {
  std::atomic<int> questions = 0, effects = 0;
  RawServer server([&](Connection& c) {
    for (bool first = true;; first = false) {
      const auto request = c.read_request();
      if (request.empty()) return;
      ++(request.substr(0, 4) == "POST" ? effects : questions);
      if (!first || request.substr(0, 4) == "POST") return;  // cut, unanswered
      c.write(answer("200 OK"));
    }
  });
  EXPECT_FALSE(client_.call(get(server.url())).failure);
  EXPECT_FALSE(client_.call(get(server.url())).failure);
  EXPECT_EQ(questions, 3);  // the second was asked on the kept connection, then on a new one
  expect(client_.call(post(server.url())), Kind::cut, Sent::maybe);
  EXPECT_EQ(effects, 1);
}

TEST_F(HttpClientTest, ForbiddenAddressesAreNotConnectedTo) {
  RawServer server([](Connection&) {});
  HttpClient strict({}, clock_);
  const auto port = ":" + std::to_string(server.port()) + "/";
  for (const auto* host :
       {"127.0.0.1", "2130706433", "0x7f.1", "0177.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"})
    expect(strict.call(post("http://" + std::string(host) + port)), Kind::url, Sent::no_byte_left);
  // A name is judged by what it resolves to.
  expect(strict.call(post("http://localhost" + port)), Kind::address, Sent::no_byte_left);
  expect(strict.call(post("https://localhost" + port)), Kind::address, Sent::no_byte_left);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpClientTest, BadUrlsAndHeadersSendNothing) {
  RawServer server([](Connection&) {});
  expect(client_.call(post("ftp" + server.url().substr(4))), Kind::url, Sent::no_byte_left);
  expect(client_.call(post("http://me:secret@127.0.0.1:" + std::to_string(server.port()))), Kind::url,
         Sent::no_byte_left);
  const Headers bad = {
      {"X", "a\r\nY: b"}, {"X\r\nY", "b"}, {"X", std::string("a\0b", 3)}, {"", "a"}, {"X:", "a"}};
  for (const auto& field : bad) {
    auto request = post(server.url());
    request.headers = {field};
    expect(client_.call(request), Kind::url, Sent::no_byte_left);
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpClientTest, TheEnvironmentsProxyIsIgnoredAndTheConfiguredOneUsed) {
  std::string seen;
  RawServer proxy([&](Connection& c) {
    seen = c.read_request();
    c.write(answer("200 OK"));
  });
  RawServer server([](Connection& c) {
    c.read_request();
    c.write(answer("200 OK"));
  });
  for (const auto* name : {"http_proxy", "all_proxy", "ALL_PROXY"}) setenv(name, proxy.url().c_str(), 1);
  EXPECT_FALSE(client_.call(post(server.url())).failure);
  for (const auto* name : {"http_proxy", "all_proxy", "ALL_PROXY"}) unsetenv(name);
  EXPECT_EQ(proxy.connections(), 0);

  HttpClient proxied({.proxy = proxy.url()}, clock_);
  EXPECT_FALSE(proxied.call(post("http://example.com/x")).failure);
  EXPECT_EQ(seen.substr(0, 33), "POST http://example.com/x HTTP/1.");
  expect(proxied.call(post("http://127.0.0.1/x")), Kind::url, Sent::no_byte_left);
}

TEST_F(HttpClientTest, ManyThreadsAtOnce) {
  RawServer server([](Connection& c) {
    const auto request = c.read_request();
    c.write(answer("200 OK", request.substr(request.find("\r\n\r\n") + 4)));
  });
  std::vector<std::jthread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const auto body = std::to_string(t * 100 + i);
        EXPECT_EQ(client_.call(post(server.url(), body)).body, body);
      }
    });
  threads.clear();
  EXPECT_EQ(server.connections(), 80);
}

}  // namespace
}  // namespace fencepost::connect

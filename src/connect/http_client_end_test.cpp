// How calls end: stops, deadlines, connections, refusals.

#include "connect/http_client.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "connect/testing/http_client_fixture.hpp"

namespace fencepost::connect {
namespace {

using namespace std::chrono_literals;
using testing::answer;
using testing::Connection;
using testing::RawServer;
using Kind = Failure::Kind;

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

#include <gtest/gtest.h>
#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "http/server/server.hpp"
#include "http/server/test_client.hpp"

namespace fencepost::http {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kLong(kPatience);

// A handler that says when it has begun and waits until it may end.
struct Held {
  std::latch begun{1};
  std::latch release{1};
  Response operator()(const Request& request) {
    if (request.target == "/held") {
      begun.count_down();
      release.wait();
    }
    return {200, {}, "done"};
  }
};

TEST(Stop, FinishesWhatIsInFlightAndClosesWhatIsIdle) {
  Held held;
  Server server({.io_threads = 2}, std::ref(held));
  Client idle(server.port()), fresh(server.port()), busy(server.port());
  EXPECT_EQ(idle.ask(get("/")).status, 200);
  ASSERT_TRUE(busy.send(get("/held") + get("/never")));
  held.begun.wait();
  auto stopped = std::async(std::launch::async, [&] { return server.stop(kLong); });
  EXPECT_TRUE(idle.closed());
  EXPECT_TRUE(fresh.closed());
  held.release.count_down();
  const auto answer = busy.receive();
  EXPECT_EQ(answer.body, "done");
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_TRUE(busy.closed());  // what was pipelined behind it is the client's to send again
  EXPECT_TRUE(stopped.get());
  EXPECT_EQ(server.connections(), 0U);
  EXPECT_TRUE(server.stop(kLong));
}

TEST(Stop, TakesNoNewConnections) {
  Server server({}, [](const Request&) { return Response{}; });
  EXPECT_TRUE(server.stop(kLong));
  Client late(server.port());
  EXPECT_NE(late.ask(get("/")).status, 200);
}

// A request of which the body is still coming has begun: it is read to its end and answered.
TEST(Stop, LetsABodyArrive) {
  std::latch asked(1);
  std::atomic<bool> first = true;
  Limits limits;
  limits.body_bytes = [&](std::string_view, std::string_view) -> std::uint64_t {
    if (first.exchange(false)) asked.count_down();
    return 100;
  };
  Server server({.limits = limits}, [](const Request& request) { return Response{200, {}, request.body}; });
  Client client(server.port()), idle(server.port());
  ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nha"));
  asked.wait();
  auto stopped = std::async(std::launch::async, [&] { return server.stop(kLong); });
  EXPECT_TRUE(idle.closed());
  EXPECT_EQ(client.ask("lf").body, "half");
  EXPECT_TRUE(stopped.get());
}

// The stop comes between the head of an answer, which still says keep-alive, and its end.
TEST(Stop, LetsAnAnswerLeaveAndThenCloses) {
  constexpr std::size_t kLarge = 40 << 20;  // more than the sockets' buffers hold
  Server server({}, [](const Request&) { return Response{200, {}, std::string(kLarge, 'x')}; });
  Client client(server.port()), idle(server.port());
  ASSERT_TRUE(client.send(get("/")));
  pollfd begun{client.fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&begun, 1, kPatience * 1000), 1);
  auto stopped = std::async(std::launch::async, [&] { return server.stop(kLong); });
  EXPECT_TRUE(idle.closed());
  const auto answer = client.receive();
  EXPECT_TRUE(answer.has("Connection: keep-alive"));
  EXPECT_EQ(answer.body.size(), kLarge);
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(stopped.get());
}

TEST(Stop, ClosesWhatIsLeftAtTheDeadline) {
  Held held;
  Server server({}, std::ref(held));
  Client busy(server.port()), half(server.port());
  ASSERT_TRUE(busy.send(get("/held")));
  held.begun.wait();
  EXPECT_FALSE(server.stop(10ms));
  EXPECT_TRUE(busy.closed());
  held.release.count_down();
}

TEST(Stop, TheDestructorWaitsForARunningHandler) {
  Held held;
  std::atomic<bool> finished = false;
  auto server = std::make_unique<Server>(Options{}, [&](const Request& request) {
    auto response = held(request);
    finished = true;
    return response;
  });
  Client busy(server->port());
  ASSERT_TRUE(busy.send(get("/held")));
  held.begun.wait();
  auto gone = std::async(std::launch::async, [&] { server.reset(); });
  EXPECT_TRUE(busy.closed());
  EXPECT_FALSE(finished);
  held.release.count_down();
  gone.get();
  EXPECT_TRUE(finished);
}

TEST(Stop, MayHappenAtAnyMoment) {
  for (int round = 0; round < 20; ++round) {
    Server server({.io_threads = 2, .worker_threads = 2}, [](const Request&) {
      return Response{200, {}, "x"};
    });
    std::latch ready(3);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i)
      threads.emplace_back([&] {
        ready.arrive_and_wait();
        for (int status = 200; status == 200;) {
          Client client(server.port());
          status = client.ask(get("/")).status;
          if (status == 200) status = client.ask(get("/")).status;
        }
      });
    ready.arrive_and_wait();
    EXPECT_TRUE(server.stop(kLong));
  }
}

}  // namespace
}  // namespace fencepost::http

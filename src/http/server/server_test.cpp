#include "http/server/server.hpp"

#include <gtest/gtest.h>
#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "http/server/test_client.hpp"

namespace fencepost::http {
namespace {

// Says what it was asked: "GET /x [body] peer".
Response echo(const Request& request) {
  return {200,
          {{"Content-Type", "text/plain"}},
          request.method + " " + request.target + " [" + request.body + "] " + request.peer};
}

TEST(Server, AnswersAndKeepsTheConnection) {
  Server server({}, echo);
  Client client(server.port());
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.ask(get("/a?b=c", "X-Request-Id: mine\r\n"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /a?b=c [] 127.0.0.1");
    EXPECT_TRUE(answer.has("\r\nX-Request-Id: mine\r\n"));
    EXPECT_TRUE(answer.has("\r\nConnection: keep-alive\r\n"));
    EXPECT_TRUE(answer.has("\r\nDate: "));
    EXPECT_TRUE(answer.has(" GMT\r\n"));
  }
  EXPECT_EQ(client.ask(post("/p", "hello")).body, "POST /p [hello] 127.0.0.1");
  const auto last = client.ask(get("/z", "Connection: close\r\n"));
  EXPECT_TRUE(last.has("\r\nConnection: close\r\n"));
  EXPECT_TRUE(client.closed());
}

TEST(Server, Http10ClosesUnlessAsked) {
  Server server({}, echo);
  Client client(server.port());
  EXPECT_EQ(client.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").status, 200);
  EXPECT_EQ(client.ask("GET / HTTP/1.0\r\n\r\n").status, 200);
  EXPECT_TRUE(client.closed());
}

TEST(Server, HeadAnswersWithTheLengthAlone) {
  Server server({}, echo);
  Client client(server.port());
  ASSERT_TRUE(client.send("HEAD /a HTTP/1.1\r\nHost: test\r\n\r\n"));
  const auto answer = client.receive(true);
  EXPECT_TRUE(answer.has("\r\nContent-Length: 20\r\n")) << answer.head;
  EXPECT_EQ(client.ask(get("/b")).body, "GET /b [] 127.0.0.1");
}

TEST(Server, NoContentHasNoLengthAndNoBody) {
  Server server({}, [](const Request&) { return Response{204, {}, "dropped"}; });
  Client client(server.port());
  for (int i = 0; i < 2; ++i) {
    const auto answer = client.ask(get("/"));
    EXPECT_EQ(answer.status, 204);
    EXPECT_FALSE(answer.has("Content-Length"));
  }
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  Server server({.worker_threads = 4}, echo);
  Client client(server.port());
  std::string all;
  for (int i = 0; i < 50; ++i)
    all += i % 2 ? post("/" + std::to_string(i), std::to_string(i)) : get("/" + std::to_string(i));
  ASSERT_TRUE(client.send(all));
  client.finish_sending();
  for (int i = 0; i < 50; ++i) {
    const auto number = std::to_string(i);
    EXPECT_EQ(client.receive().body,
              i % 2 ? "POST /" + number + " [" + number + "] 127.0.0.1" : "GET /" + number + " [] 127.0.0.1");
  }
  EXPECT_TRUE(client.closed());
}

TEST(Server, ReadsChunkedBodiesAndForgetsTheirTrailers) {
  Server server({}, [](const Request& request) {
    return Response{200, {}, request.body + (request.headers.find("X-Late") != nullptr ? " late" : "")};
  });
  Client client(server.port());
  const std::string head =
      "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n";
  EXPECT_EQ(client.ask(head + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Late: 1\r\n\r\n").body, "abcde");
  EXPECT_EQ(client.ask(get("/")).status, 200);
}

TEST(Server, SaysContinueBeforeTheBody) {
  Server server({}, echo);
  Client client(server.port());
  ASSERT_TRUE(
      client.send("POST /p HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(client.receive().status, 100);
  EXPECT_EQ(client.ask("ok").body, "POST /p [ok] 127.0.0.1");
}

TEST(Server, AThrowingHandlerBecomesABare500) {
  Server server({}, [](const Request&) -> Response { throw std::runtime_error("secret"); });
  Client client(server.port());
  const auto answer = client.ask(get("/", "X-Request-Id: r-5\r\n"));
  EXPECT_EQ(answer.status, 500);
  EXPECT_TRUE(answer.has("application/problem+json"));
  EXPECT_NE(answer.body.find("r-5"), std::string::npos);
  EXPECT_EQ(answer.body.find("secret"), std::string::npos);
}

TEST(Server, NoHeaderValueBreaksOutOfItsLine) {
  Server server({}, [](const Request&) {
    return Response{200, {{"X-Name", "a\r\nSet-Cookie: evil=1\r\n\r\n<p>"}, {"Content-Length", "999"}}, "ok"};
  });
  Client client(server.port());
  const auto answer = client.ask(get("/"));
  EXPECT_EQ(answer.body, "ok");
  EXPECT_FALSE(answer.has("\r\nSet-Cookie"));
  EXPECT_FALSE(answer.has("Content-Length: 999"));
}

TEST(Server, HoldsTwoHundredIdleConnections) {
  Server server({.io_threads = 2}, echo);
  std::vector<Client> clients;
  for (int i = 0; i < 200; ++i) clients.emplace_back(server.port());
  for (auto& client : clients) EXPECT_EQ(client.ask(get("/")).status, 200);
  EXPECT_EQ(server.connections(), 200U);
  for (auto& client : clients) EXPECT_EQ(client.ask(get("/")).status, 200);
}

TEST(Server, ServesManyClientsAtOnce) {
  Server server({.io_threads = 2, .worker_threads = 4}, echo);
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&, t] {
        Client client(server.port());
        for (int i = 0; i < 50; ++i) {
          const auto text = std::to_string(t * 1000 + i);
          right += client.ask(post("/" + text, text)).body == "POST /" + text + " [" + text + "] 127.0.0.1"
                       ? 1
                       : 0;
        }
      });
  }
  EXPECT_EQ(right, 400);
}

// A write to a connection that the client has reset must not end the process by SIGPIPE.
TEST(Server, OutlivesClientsThatLeaveEarly) {
  std::latch asked(1), left(1);
  Server server({}, [&](const Request& request) {
    if (request.target == "/slow") {
      asked.count_down();
      left.wait();
    }
    return Response{200, {}, std::string(8 << 20, 'x')};
  });
  Client early(server.port());
  ASSERT_TRUE(early.send(get("/slow")));
  asked.wait();
  const linger reset{1, 0};
  ::setsockopt(early.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  early.close();
  left.count_down();
  EXPECT_EQ(Client(server.port()).ask(get("/")).body.size(), std::size_t{8} << 20);
}

TEST(Server, SaysWhereItCannotListen) {
  Server server({}, echo);
  try {
    Server second({.port = server.port()}, echo);
    FAIL();
  } catch (const base::InfraError& error) {
    EXPECT_NE(std::string(error.what()).find("127.0.0.1:" + std::to_string(server.port())),
              std::string::npos);
  }
  EXPECT_THROW(Server({.host = "256.1.1.1.invalid"}, echo), base::InfraError);
}

TEST(Server, AddressIsInUseWhileAServerListensThere) {
  std::uint16_t port = 0;
  {
    const Server server({}, echo);
    port = server.port();
    EXPECT_TRUE(address_in_use("127.0.0.1", port));
    EXPECT_FALSE(address_in_use("127.0.0.1", 0));
  }
  EXPECT_FALSE(address_in_use("127.0.0.1", port));
}

}  // namespace
}  // namespace fencepost::http

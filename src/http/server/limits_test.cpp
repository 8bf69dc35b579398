// What the server refuses by itself: what is too long, too slow, too much, or not HTTP.

#include <gtest/gtest.h>
#include <poll.h>
#include <atomic>
#include <latch>
#include <nlohmann/json.hpp>

#include "http/server/server.hpp"
#include "http/server/test_client.hpp"

namespace fencepost::http {
namespace {

using namespace std::chrono_literals;

Response size_of(const Request& request) { return {200, {}, std::to_string(request.body.size())}; }

std::string code_of(const Received& answer) {
  if (answer.status < 400) return std::to_string(answer.status);
  EXPECT_TRUE(answer.has("application/problem+json"));
  EXPECT_TRUE(answer.has("X-Request-Id: "));
  return std::to_string(answer.status) + " " +
         nlohmann::json::parse(answer.body).at("code").get<std::string>();
}

TEST(Limits, HeadersThatAreTooLongGet431) {
  Server server({}, size_of);
  Client fits(server.port());
  EXPECT_EQ(code_of(fits.ask(get("/", "X-Long: " + std::string(16'000, 'a') + "\r\n"))), "200");
  const std::string too_long[] = {get("/", "X-Long: " + std::string(17'000, 'a') + "\r\n"),
                                  "GET /" + std::string(17'000, 'a'),
                                  get("/") + get("/", "X-Long: " + std::string(200'000, 'a') + "\r\n")};
  for (const auto& text : too_long) {
    Client client(server.port());
    auto answer = client.ask(text);
    if (answer.status == 200) answer = client.receive();
    EXPECT_EQ(code_of(answer), "431 headers_too_long");
    EXPECT_TRUE(answer.has("Connection: close"));
  }
}

TEST(Limits, AChunkExtensionWithoutEndIsRefused) {
  Server server({}, size_of);
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3;");
  client.send(std::string(200'000, 'x'));
  EXPECT_EQ(code_of(client.receive()), "431 headers_too_long");
}

TEST(Limits, BodiesThatAreTooLongGet413) {
  std::atomic<int> handled = 0;
  Server server({}, [&](const Request& request) {
    ++handled;
    return size_of(request);
  });
  constexpr std::size_t kMax = 1 << 20;
  EXPECT_EQ(Client(server.port()).ask(post("/", std::string(kMax, 'a'))).body, std::to_string(kMax));

  Client told(server.port());  // refused before a byte of the body was sent
  EXPECT_EQ(code_of(told.ask("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1048577\r\n\r\n")),
            "413 too_large");
  Client polite(server.port());
  EXPECT_EQ(code_of(polite.ask(
                "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1048577\r\nExpect: 100-continue\r\n\r\n")),
            "413 too_large");
  Client sent(server.port());  // the answer arrives although the body is still under way
  EXPECT_EQ(code_of(sent.ask(post("/", std::string(kMax + 1, 'a')))), "413 too_large");
  Client chunked(server.port());
  std::string body;
  for (int i = 0; i < 17; ++i) body += "10000\r\n" + std::string(65536, 'a') + "\r\n";
  EXPECT_EQ(
      code_of(chunked.ask("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + body)),
      "413 too_large");
  Client one_chunk(server.port());
  EXPECT_EQ(code_of(one_chunk.ask(
                "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n")),
            "413 too_large");
  EXPECT_EQ(handled, 1);
}

// A close with unread bytes resets the connection and takes the answer with it: the server must read on for a
// while.
TEST(Limits, ARefusalReachesAClientThatSendsFirstAndReadsLater) {
  Limits limits;
  limits.linger = std::chrono::seconds(kPatience);
  Server server({.limits = limits}, size_of);
  Client client(server.port());
  EXPECT_TRUE(client.send(post("/", std::string(32 << 20, 'a'))));
  EXPECT_EQ(code_of(client.receive()), "413 too_large");
  client.close();
}

TEST(Limits, ARouteMayHaveItsOwnBodyLimit) {
  Limits limits;
  limits.body_bytes = [](std::string_view method, std::string_view target) -> std::uint64_t {
    return method == "POST" && target == "/big" ? 2 << 20 : 10;
  };
  Server server({.limits = limits}, size_of);
  Client client(server.port());
  EXPECT_EQ(client.ask(post("/big", std::string(2 << 20, 'a'))).body, "2097152");
  EXPECT_EQ(client.ask(post("/small", std::string(10, 'a'))).body, "10");
  EXPECT_EQ(code_of(client.ask(post("/small", std::string(11, 'a')))), "413 too_large");
}

// A server of which only one limit is short.
Limits only(std::chrono::milliseconds Limits::*which) {
  Limits limits;
  limits.header = limits.body = limits.idle = std::chrono::seconds(10 * kPatience);
  limits.*which = 50ms;
  return limits;
}

TEST(Limits, ASlowHeaderIsCutOff) {
  Server server({.limits = only(&Limits::header)}, size_of);
  Client silent(server.port()), half(server.port());
  half.send("GET / HT");
  EXPECT_TRUE(silent.closed());
  EXPECT_TRUE(half.closed());
}

TEST(Limits, ASlowBodyIsCutOff) {
  Server server({.limits = only(&Limits::body)}, size_of);
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nhalf");
  EXPECT_TRUE(client.closed());
}

TEST(Limits, AnIdleConnectionIsClosed) {
  Server server({.limits = only(&Limits::idle)}, size_of);
  Client client(server.port());
  EXPECT_EQ(client.ask(get("/")).status, 200);
  EXPECT_TRUE(client.closed());
}

// Each byte in time, and still no end: the limit is for the whole. The test ends because the server closes.
TEST(Limits, ASlowLorisIsCutOff) {
  Limits limits;
  limits.header = 200ms;
  Server server({.limits = limits}, size_of);
  Client client(server.port());
  std::string_view text = "GET / HTTP/1.1\r\nHost: test\r\n";
  client.send(text);
  pollfd closed{client.fd(), POLLIN, 0};
  int bytes = 0;
  while (bytes < 3000 && ::poll(&closed, 1, 10) == 0 && client.send("x")) ++bytes;
  EXPECT_LT(bytes, 3000);
  EXPECT_TRUE(client.closed());
}

TEST(Limits, AClientThatDoesNotReadIsCutOff) {
  Limits limits;
  limits.write = 5ms;
  Server server({.limits = limits}, [](const Request&) {
    return Response{200, {}, std::string(40 << 20, 'x')};
  });
  Client client(server.port());
  const int small = 4096;
  ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  ASSERT_TRUE(client.send(get("/")));
  EXPECT_TRUE(server.stop(std::chrono::seconds(kPatience)));
}

TEST(Limits, TooManyConnectionsAreTurnedAway) {
  Server server({.limits = {.connections = 2}}, size_of);
  Client first(server.port());
  EXPECT_EQ(first.ask(get("/")).status, 200);
  {
    Client second(server.port());
    EXPECT_EQ(second.ask(get("/")).status, 200);
    Client third(server.port());
    const auto answer = third.receive();
    EXPECT_EQ(code_of(answer), "503 busy");
    EXPECT_TRUE(answer.has("Retry-After: 1"));
    EXPECT_TRUE(third.closed());
  }
  for (int status = 0; status != 200;) status = Client(server.port()).ask(get("/")).status;
  EXPECT_EQ(first.ask(get("/")).status, 200);
}

TEST(Limits, AFullQueueAnswers503AndKeepsTheConnection) {
  std::latch running(1), release(1);
  std::atomic<bool> first = true;
  Server server({.worker_threads = 1, .limits = {.queue = 1}}, [&](const Request& request) {
    if (first.exchange(false)) running.count_down();
    release.wait();
    return size_of(request);
  });
  Client busy(server.port());
  ASSERT_TRUE(busy.send(get("/")));
  running.wait();
  Client clients[2] = {Client(server.port()), Client(server.port())};
  pollfd ready[2];
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(clients[i].send(get("/")));
    ready[i] = {clients[i].fd(), POLLIN, 0};
  }
  ASSERT_EQ(::poll(ready, 2, kPatience * 1000), 1);  // one waits in the queue, the other is told
  const int told = ready[0].revents != 0 ? 0 : 1;
  EXPECT_EQ(code_of(clients[told].receive()), "503 busy");
  release.count_down();
  EXPECT_EQ(busy.receive().status, 200);
  EXPECT_EQ(clients[1 - told].receive().status, 200);
  EXPECT_EQ(clients[told].ask(get("/")).status, 200);
}

TEST(Limits, WhatIsNotHttpOrCouldBeReadInTwoWaysIsRefused) {
  std::atomic<int> handled = 0;
  Server server({}, [&](const Request& request) {
    ++handled;
    return size_of(request);
  });
  const std::string host = "Host: test\r\n";
  const std::string smuggled = "0\r\n\r\n" + get("/smuggled");
  const std::string both = "POST / HTTP/1.1\r\n" + host;
  const std::pair<std::string, const char*> cases[] = {
      {"\x16\x03\x01 tls hello\r\n\r\n", "400 bad_request"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400 bad_request"},
      {"GET /\r\n\r\n", "400 bad_request"},
      {"GET / HTTP/1.1\n" + host + "\r\n", "400 bad_request"},
      {"GET / HTTP/1.1\r\nHost: test\n\r\n\r\n", "400 bad_request"},
      {"GET / HTTP/1.1\r\n: x\r\n" + host + "\r\n", "400 bad_request"},
      {"GET / HTTP/1.1\r\nHost : test\r\n\r\n", "400 bad_request"},
      {"GET / HTTP/1.1\r\n" + host + "X: a\rb\r\n\r\n", "400 bad_request"},
      {"GET / HTTP/1.1\r\n" + host + std::string("X: a\0b\r\n\r\n", 10), "400 bad_request"},
      {"GET / HTTP/1.1\r\n\r\n", "400 bad_host"},
      {"GET / HTTP/1.1\r\n" + host + host + "\r\n", "400 bad_host"},
      {both + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled, "400 bad_request"},
      {both + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + smuggled, "400 bad_request"},
      {both + "Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n\r\n" + smuggled, "400 bad_framing"},
      {both + "Content-Length: 4\r\nTransfer-Encoding:\r\n chunked\r\n\r\n" + smuggled, "400 bad_request"},
      {both + "Transfer-Encoding: chunked, identity\r\n\r\n" + smuggled, "501 unknown_coding"},
      {both + "Transfer-Encoding: gzip, chunked\r\n\r\n" + smuggled, "501 unknown_coding"},
      {both + "Transfer-Encoding: gzip\r\n\r\n" + smuggled, "501 unknown_coding"},
      {both + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled, "400 bad_framing"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled, "400 bad_framing"},
      {both + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "400 bad_framing"},
      {both + "Content-Length: 5, 5\r\n\r\nhello", "400 bad_framing"},
      {both + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "400 bad_request"},
      {both + "Content-Length: +5\r\n\r\nhello", "400 bad_request"},
      {both + "Content-Length: -1\r\n\r\n", "400 bad_request"},
      {both + "Content-Length: 99999999999999999999\r\n\r\n", "400 bad_request"},
      {both + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "400 bad_request"},
      {both + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", "400 bad_request"},
      {both + "Expect: miracles\r\nContent-Length: 1\r\n\r\n", "417 unknown_expectation"},
  };
  for (const auto& [text, code] : cases) {
    Client client(server.port());
    const auto answer = client.ask(text);
    EXPECT_EQ(code_of(answer), code) << text;
    EXPECT_TRUE(answer.has("Connection: close")) << text;
    client.finish_sending();
    EXPECT_TRUE(client.closed()) << text;  // nothing follows: the smuggled request was not read
  }
  EXPECT_EQ(handled, 0);
}

}  // namespace
}  // namespace fencepost::http

// Servers that mean harm: each is an error value, in bounded time and memory.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "connect/testing/fetcher_fixture.hpp"

namespace fencepost::connect {
namespace {

using namespace std::chrono_literals;
using Kind = FetchError::Kind;

constexpr const char* kHead = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n";
constexpr std::size_t kMemoryMib = 200;  // what a test may take

// Writes until the client has gone.
void write_for_ever(Connection& c, const std::string& piece) {
  std::jthread writer([&](const std::stop_token& gone) {
    while (!gone.stop_requested()) c.write(piece);
  });
  c.drain();
}

TEST_F(FetcherTest, AnEndlessBodyIsTooLarge) {
  const PeakMemory memory;
  RawServer server([](Connection& c) {
    c.read_request();
    c.write(std::string(kHead) + "\r\n");
    write_for_ever(c, std::string(65'536, 'x'));
  });
  EXPECT_FALSE(failed(get(server.url()), Kind::too_large).temporary);
  EXPECT_LT(memory.risen_mib(), kMemoryMib);
}

TEST_F(FetcherTest, AnEndlessBodyOfAnErrorOrARedirectIsNotWaitedFor) {
  std::string status;
  RawServer server([&](Connection& c) {
    if (c.read_request().starts_with("GET /end "))
      return c.write(answer("200 OK", "end", "Connection: close\r\n"));
    c.write("HTTP/1.1 " + status + "\r\nLocation: /end\r\n\r\n");
    write_for_ever(c, std::string(65'536, 'x'));
  });
  status = "500 Internal Server Error";
  EXPECT_EQ(failed(get(server.url()), Kind::status).status, 500);
  status = "302 Found";
  EXPECT_EQ(whole(get(server.url())).body, "end");
}

TEST_F(FetcherTest, AGzipBombIsTooLarge) {
  // 256 MiB of zeros in a quarter of a MiB. Packed once more it is tiny; taken off once, a quarter of a MiB
  // again.
  const auto bomb = gzipped(std::string(std::size_t{256} << 20U, '\0'), 9);
  const auto twice = gzipped(bomb, 9);
  const PeakMemory memory;
  const auto serve = [](const std::string& body) {
    return [&body](Connection& c) {
      c.read_request();
      c.write(answer("200 OK", body, "Content-Type: text/html\r\nContent-Encoding: gzip\r\n"));
      c.drain();
    };
  };
  RawServer once(serve(bomb));
  EXPECT_FALSE(failed(get(once.url()), Kind::too_large).temporary);
  RawServer doubled(serve(twice));
  EXPECT_LT(whole(get(doubled.url())).body.size(), std::size_t{4} << 20U);
  EXPECT_LT(memory.risen_mib(), kMemoryMib);
}

TEST_F(FetcherTest, ABombIsRefusedByItsRatioLongBeforeTheCap) {
  std::size_t given = 0;
  const auto bomb = gzipped(std::string(std::size_t{64} << 20U, '\0'), 9);
  RawServer server([&](Connection& c) {
    c.read_request();
    c.write(answer("200 OK", bomb, "Content-Encoding: gzip\r\n"));
    c.drain();
  });
  const auto sink = [&](std::string_view piece) {
    given += piece.size();
    return true;
  };
  FetchRequest request{server.url(), Content::page, {.body_bytes = std::size_t{1} << 30U}};
  failed(fetcher_.stream(request, sink, clock_.boot() + 1h), Kind::too_large);
  EXPECT_LT(given, std::size_t{4} << 20U);
}

TEST_F(FetcherTest, ARedirectLoopIsSeen) {
  RawServer server([](Connection& c) {
    for (auto request = c.read_request(); !request.empty(); request = c.read_request())
      c.write(
          answer("302 Found", "", request.starts_with("GET /a ") ? "Location: /b\r\n" : "Location: /a\r\n"));
  });
  const auto error = failed(get(server.url("/a")), Kind::redirect);
  EXPECT_NE(error.reason.find("circle"), std::string::npos);
  EXPECT_FALSE(error.temporary);
}

// The outside world is played by a proxy: the operator chose it, so its own address is not judged.
class GuardedFetcherTest : public FetcherTest {
 protected:
  FetchResult get_from_outside(const RawServer& proxy, const std::string& url) {
    HttpClient client({.proxy = "http://127.0.0.1:" + std::to_string(proxy.port())}, clock_);
    return Fetcher(client).fetch({url}, clock_.boot() + 1h);
  }
};

TEST_F(GuardedFetcherTest, ARedirectToOurOwnNetworkIsRefused) {
  for (const auto* inside : {"http://127.0.0.1/admin", "http://2130706433/", "http://0x7f.1/",
                             "http://[::1]/", "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/",
                             "http://0.0.0.0/", "http://[::ffff:127.0.0.1]/", "http://192.168.1.1:8080/x"}) {
    RawServer proxy([&](Connection& c) {
      c.read_request();
      c.write(answer("302 Found", "", "Connection: close\r\nLocation: " + std::string(inside) + "\r\n"));
    });
    const auto error = failed(get_from_outside(proxy, "http://outside.example/"), Kind::address);
    EXPECT_FALSE(error.temporary) << inside;
    EXPECT_EQ(proxy.connections(), 1) << inside;
  }
}

TEST_F(GuardedFetcherTest, ANameThatResolvesToOurOwnNetworkIsRefused) {
  RawServer server([](Connection& c) { c.drain(); });
  HttpClient client({}, clock_);
  const auto url = "http://localhost:" + std::to_string(server.port()) + "/";
  failed(Fetcher(client).fetch({url}, clock_.boot() + 1h), Kind::address);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(FetcherTest, AHangingServerEndsWithTheTimeOfTheWholeFetch) {
  std::atomic<int> asked = 0;
  RawServer server([&](Connection& c) {
    for (auto request = c.read_request(); !request.empty(); request = c.read_request()) {
      clock_.advance(20s);  // each of them alone would be in time
      if (++asked == 2) c.drain();
      c.write(answer("302 Found", "", "Location: /next\r\n"));
    }
  });
  EXPECT_TRUE(failed(get(server.url()), Kind::deadline).temporary);
  EXPECT_EQ(asked, 2);
}

TEST_F(FetcherTest, ADrippingServerEndsWithTheDeadline) {
  RawServer server([&](Connection& c) {
    c.read_request();
    c.write(std::string(kHead) + "\r\n<html>");
    clock_.advance(1h);
    write_for_ever(c, "x");
  });
  failed(get(server.url()), Kind::deadline);
}

TEST_F(FetcherTest, AStopEndsAFetch) {
  testing::Signal asked;
  RawServer server([&](Connection& c) {
    c.read_request();
    asked.set();
    c.drain();
  });
  std::stop_source stop;
  std::jthread stopper([&] {
    asked.wait();
    stop.request_stop();
  });
  EXPECT_TRUE(
      failed(fetcher_.fetch({server.url()}, clock_.boot() + 1h, stop.get_token()), Kind::stopped).temporary);
}

TEST_F(FetcherTest, HeadersWithoutEndAreTooLarge) {
  for (const auto* piece : {"X-Header: 0123456789\r\n", "x"}) {
    RawServer server([&](Connection& c) {
      c.read_request();
      c.write(kHead);
      std::string many;
      while (many.size() < 65'536) many += piece;
      write_for_ever(c, many);
    });
    const auto result = get(server.url());
    ASSERT_TRUE(std::holds_alternative<FetchError>(result));
    // libcurl gives up on one line without end before we do.
    const auto kind = std::get<FetchError>(result).kind;
    EXPECT_TRUE(kind == Kind::too_large || kind == Kind::cut);
  }
}

TEST_F(FetcherTest, WhatIsNotHttpIsCut) {
  for (const auto* junk : {"SSH-2.0-OpenSSH_9.2\r\n", "\0\0\0\0", "HTTP/1.1 abc\r\n\r\n", ""}) {
    RawServer server([&](Connection& c) {
      c.read_request();
      c.write(junk);
    });
    EXPECT_TRUE(failed(get(server.url()), Kind::cut).temporary);
  }
}

TEST_F(FetcherTest, ABodyThatEndsEarlyIsCut) {
  RawServer server([](Connection& c) {
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
  });
  EXPECT_TRUE(failed(get(server.url()), Kind::cut).temporary);
}

TEST_F(FetcherTest, NulBytesDoNotReachTheText) {
  RawServer server([](Connection& c) {
    c.read_request();
    c.write(answer("200 OK", std::string("a\0b\0\0c", 6), "Content-Type: text/html; charset=utf-8\r\n"));
  });
  EXPECT_EQ(whole(get(server.url())).body, "abc");
}

TEST_F(FetcherTest, ALineOf10MBIsReadIfTheCapsAllowIt) {
  const std::string line(10'000'000, 'x');
  RawServer server([&](Connection& c) {
    c.read_request();
    c.write(answer("200 OK", line, "Content-Type: text/html\r\n"));
  });
  failed(get(server.url()), Kind::too_large);
  EXPECT_EQ(whole(get(server.url(), Content::page, {.wire_bytes = 20'000'000})).body.size(), line.size());
}

TEST_F(FetcherTest, AWrongCharsetIsSeenThrough) {
  RawServer server([](Connection& c) {
    c.read_request();
    c.write(answer("200 OK",
                   "<p>Gr\xFC\xDF"
                   "e aus M\xFCnchen, sch\xF6ne Gr\xFC\xDF"
                   "e",
                   "Content-Type: text/html; charset=utf-8\r\n"));
  });
  EXPECT_EQ(whole(get(server.url())).body, "<p>Grüße aus München, schöne Grüße");
}

}  // namespace
}  // namespace fencepost::connect

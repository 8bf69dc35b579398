#include "connect/fetch/fetcher.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "connect/testing/fetcher_fixture.hpp"

namespace fencepost::connect {
namespace {

using namespace std::chrono_literals;
using Kind = FetchError::Kind;

constexpr const char* kHtml = "Content-Type: text/html; charset=utf-8\r\n";

// Answers every request of a connection by its target.
RawServer::Script by_target(std::function<std::string(const std::string& target)> of) {
  return [of = std::move(of)](Connection& c) {
    for (auto request = c.read_request(); !request.empty(); request = c.read_request()) {
      const auto begin = request.find(' ') + 1;
      c.write(of(request.substr(begin, request.find(' ', begin) - begin)));
    }
  };
}

TEST_F(FetcherTest, FetchesAPageAndSaysWhoAsks) {
  std::string request;
  RawServer server([&](Connection& c) {
    request = c.read_request();
    c.write(answer("200 OK", "<p>Grüße", std::string(kHtml) + "Server: nginx\r\n"));
  });
  const auto result = get(server.url("/a?b=c#d"));
  const auto& page = whole(result);
  EXPECT_EQ(page.body, "<p>Grüße");
  EXPECT_EQ(page.url, server.url("/a?b=c"));
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.content_type, "text/html");
  EXPECT_EQ(page.charset, "UTF-8");
  EXPECT_EQ(page.redirects, 0);
  EXPECT_EQ(page.wire, 10U);
  EXPECT_NE(request.find("GET /a?b=c HTTP/1.1"), std::string::npos);
  EXPECT_NE(request.find("User-Agent: Fencepost/0.1.0 (+https://fencepost.example/robot)\r\n"),
            std::string::npos)
      << request;
  EXPECT_NE(request.find("Accept-Encoding: gzip\r\n"), std::string::npos);
}

TEST_F(FetcherTest, AContactThatWouldForgeAHeaderIsRefused) {
  EXPECT_THROW(Fetcher(client_, {.contact = "a\r\nX: y"}), base::UserError);
  EXPECT_THROW(Fetcher(client_, {.contact = "a)"}), base::UserError);
  EXPECT_EQ(Fetcher(client_, {}).user_agent(), "Fencepost/0.1.0");
}

TEST_F(FetcherTest, FollowsRedirectsOfEveryKindAndSaysWhereItEnded) {
  RawServer server(by_target([](const std::string& target) {
    if (target == "/a/4") return answer("307 Temporary Redirect", "", "Location: ?b=c\r\n");
    return answer("200 OK", "end", kHtml);
  }));
  RawServer first(by_target([&](const std::string& target) {
    if (target == "/1") return answer("301 Moved Permanently", "x", "Location: 2\r\n");
    if (target == "/2") return answer("302 Found", "", "Location: /x/3?a=b\r\n");
    if (target == "/x/3?a=b") return answer("303 See Other", "", "Location: ./y/../3#part\r\n");
    return answer("308 Permanent Redirect", "", "Location: " + server.url("/a/4") + "\r\n");
  }));
  const auto result = get(first.url("/1"));
  EXPECT_EQ(whole(result).url, server.url("/a/4?b=c"));
  EXPECT_EQ(whole(result).redirects, 5);
  EXPECT_EQ(whole(result).body, "end");
}

TEST_F(FetcherTest, FiveRedirectsAreFollowedAndASixthIsNot) {
  RawServer server(by_target([](const std::string& target) {
    const int n = std::stoi(target.substr(1));
    if (n == 0) return answer("200 OK", "end", kHtml);
    return answer("302 Found", "", "Location: /" + std::to_string(n - 1) + "\r\n");
  }));
  EXPECT_EQ(whole(get(server.url("/5"))).redirects, 5);
  const auto error = failed(get(server.url("/6")), Kind::redirect);
  EXPECT_NE(error.reason.find("too often"), std::string::npos);
  EXPECT_FALSE(error.temporary);
}

TEST_F(FetcherTest, ARedirectThatLeadsNowhereIsAnError) {
  for (const auto* location :
       {"", "Location: \r\n", "Location: ftp://a.example/\r\n", "Location: http://\r\n",
        "Location: javascript:alert(1)\r\n", "Location: http://u:p@a.example/\r\n"}) {
    RawServer server(by_target([&](const std::string&) { return answer("302 Found", "", location); }));
    failed(get(server.url("/")), Kind::redirect);
  }
}

TEST_F(FetcherTest, StatusesSayWhetherToTryAgainAndWhen) {
  struct Case {
    const char* line;
    bool temporary;
  };
  for (const auto& [line, temporary] :
       {Case{"404 Not Found", false}, Case{"410 Gone", false}, Case{"403 Forbidden", false},
        Case{"304 Not Modified", false}, Case{"408 Request Timeout", true},
        Case{"429 Too Many Requests", true}, Case{"500 Internal Server Error", true},
        Case{"501 Not Implemented", false}, Case{"503 Service Unavailable", true}}) {
    RawServer server(
        by_target([&, line = line](const std::string&) { return answer(line, "", "Retry-After: 120\r\n"); }));
    const auto error = failed(get(server.url("/")), Kind::status);
    EXPECT_EQ(error.temporary, temporary) << line;
    EXPECT_EQ(error.status, std::stoi(line));
    EXPECT_EQ(error.retry_after, temporary ? std::optional<base::Duration>(120s) : std::nullopt) << line;
  }
}

TEST_F(FetcherTest, OnlyWhatWasAskedForIsRead) {
  std::string type;
  RawServer server(by_target([&](const std::string&) {
    return answer("200 OK", "body", type.empty() ? "" : "Content-Type: " + type + "\r\n");
  }));
  const auto takes = [&](const std::string& of, Content content) {
    type = of;
    const auto result = get(server.url("/"), content);
    if (std::holds_alternative<FetchError>(result)) failed(result, Kind::content_type);
    return std::holds_alternative<Fetched>(result);
  };
  EXPECT_TRUE(takes("TEXT/HTML;charset=x", Content::page));
  EXPECT_TRUE(takes("application/xhtml+xml", Content::page));
  EXPECT_TRUE(takes("", Content::page));
  EXPECT_FALSE(takes("image/png", Content::page));
  EXPECT_FALSE(takes("application/pdf", Content::page));
  EXPECT_FALSE(takes("text/plain", Content::page));
  for (const auto* good : {"application/xml", "text/xml", "application/rss+xml", "text/plain",
                           "application/x-gzip", "application/gzip", "application/octet-stream", ""})
    EXPECT_TRUE(takes(good, Content::sitemap)) << good;
  EXPECT_FALSE(takes("text/html", Content::sitemap));
  EXPECT_FALSE(takes("application/xhtml+xml", Content::sitemap));
  EXPECT_TRUE(takes("text/plain", Content::text));
  EXPECT_FALSE(takes("application/xml", Content::text));
}

TEST_F(FetcherTest, CompressionIsTakenOff) {
  std::string encoding = "gzip";
  const std::string text(100'000, 'a');
  std::string body = gzipped(text);
  RawServer server(by_target([&](const std::string&) {
    return answer("200 OK", body, kHtml + ("Content-Encoding: " + encoding + "\r\n"));
  }));
  auto result = get(server.url("/"));
  EXPECT_EQ(whole(result).body, text);
  EXPECT_EQ(whole(result).wire, body.size());
  body = gzipped("one") + gzipped("two");  // members behind each other
  EXPECT_EQ(whole(get(server.url("/"))).body, "onetwo");
  encoding = "identity";
  body = "plain";
  EXPECT_EQ(whole(get(server.url("/"))).body, "plain");
  encoding = "gzip";
  failed(get(server.url("/")), Kind::encoding);  // it is not
  body = gzipped(text).substr(0, 50);
  failed(get(server.url("/")), Kind::encoding);  // ends in the middle
  body = "";
  EXPECT_EQ(whole(get(server.url("/"))).body, "");
  encoding = "br";
  body = "x";
  failed(get(server.url("/")), Kind::encoding);
  encoding = "gzip, gzip";
  failed(get(server.url("/")), Kind::encoding);
}

TEST_F(FetcherTest, AStreamGivesPiecesOfTheFinalAnswerOnly) {
  RawServer server(by_target([](const std::string& target) {
    if (target == "/") return answer("302 Found", "not this", "Location: /map\r\n");
    if (target == "/map") return answer("200 OK", gzipped("<urlset/>"), "Content-Encoding: gzip\r\n");
    return answer("404 Not Found", "nor this");
  }));
  std::string got;
  const auto sink = [&](std::string_view piece) {
    got += piece;
    return true;
  };
  const auto deadline = clock_.boot() + 1h;
  const auto result = fetcher_.stream({server.url("/"), Content::sitemap}, sink, deadline);
  EXPECT_EQ(whole(result).body, "");
  EXPECT_EQ(got, "<urlset/>");
  failed(fetcher_.stream({server.url("/none"), Content::sitemap}, sink, deadline), Kind::status);
  EXPECT_EQ(got, "<urlset/>");
}

TEST_F(FetcherTest, ASinkMayEndTheStreamAndMayThrow) {
  RawServer server(by_target([](const std::string&) { return answer("200 OK", "body", kHtml); }));
  const auto deadline = clock_.boot() + 1h;
  const auto no_more = [](std::string_view) { return false; };
  failed(fetcher_.stream({server.url("/")}, no_more, deadline), Kind::unwanted);
  const auto thrower = [](std::string_view) -> bool { throw std::runtime_error("from the sink"); };
  EXPECT_THROW(fetcher_.stream({server.url("/")}, thrower, deadline), std::runtime_error);
  EXPECT_EQ(whole(get(server.url("/"))).body, "body");  // and the client lives on
}

TEST_F(FetcherTest, ConnectionsAreKeptBetweenCalls) {
  RawServer server(by_target([](const std::string& target) {
    return target == "/404" ? answer("404 Not Found", "none") : answer("200 OK", "body", kHtml);
  }));
  for (const auto* target : {"/", "/404", "/", "/404"}) get(server.url(target));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(FetcherTest, WhatIsNoUrlIsRefusedAtOnce) {
  for (const auto* url : {"", "nonsense", "ftp://a.example/", "http://u:p@a.example/", "/x", "http://"})
    EXPECT_FALSE(failed(get(url), Kind::url).temporary) << url;
}

TEST_F(FetcherTest, NobodyListeningIsTemporary) {
  const auto url = "http://127.0.0.1:" + std::to_string(testing::refused_port()) + "/";
  EXPECT_TRUE(failed(get(url), Kind::connect).temporary);
}

}  // namespace
}  // namespace fencepost::connect

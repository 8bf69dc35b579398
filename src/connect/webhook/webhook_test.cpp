#include "connect/webhook/webhook.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.hpp"
#include "connect/testing/fake_clock.hpp"
#include "connect/testing/raw_server.hpp"
#include "connect/webhook/signature.hpp"

namespace fencepost::connect {
namespace {

using namespace std::chrono_literals;
using testing::answer;
using testing::Connection;
using testing::RawServer;

constexpr auto kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

std::string header(const std::string& request, const std::string& name) {
  const auto at = request.find("\r\n" + name + ": ") + name.size() + 4;
  return request.substr(at, request.find("\r\n", at) - at);
}
std::string body(const std::string& request) { return request.substr(request.find("\r\n\r\n") + 4); }

class WebhookTest : public ::testing::Test {
 protected:
  Outcome send(const std::string& url, std::stop_token stop = {}) {
    const auto rendered = webhook_.render({"Live now", "https://example.com/show"}, {url}, "key-1");
    return webhook_.send(rendered, credentials_, "key-1", clock_.boot() + 1h, stop);
  }
  // What one answer of a receiver is made to mean.
  Outcome answered(const std::string& bytes) {
    RawServer server([&](Connection& c) {
      c.read_request();
      c.write(bytes);
    });
    return send(server.url());
  }
  static void expect_certain(const Outcome& outcome, bool retryable) {
    EXPECT_EQ(outcome.verdict, Verdict::certain_failure) << outcome.error;
    EXPECT_EQ(outcome.retryable, retryable) << outcome.error;
    EXPECT_FALSE(outcome.error.empty());
  }
  static void expect_unknown(const Outcome& outcome) {
    EXPECT_EQ(outcome.verdict, Verdict::unknown) << outcome.error;
    EXPECT_FALSE(outcome.retryable);
    EXPECT_FALSE(outcome.retry_after);
    EXPECT_FALSE(outcome.error.empty());
  }

  testing::FakeClock clock_;
  HttpClient http_{{.addresses = {.allow_private = true}}, clock_};
  Webhook webhook_{http_};
  Credentials credentials_{base::Secret(kSecret)};
};

TEST_F(WebhookTest, RendersTheSameBytesEachTimeAndNoSecret) {
  const Post post{"Grüße \"live\"", "https://example.com/show"};
  const auto one = webhook_.render(post, {"https://example.com/hook"}, "k");
  const auto two = webhook_.render(post, {"https://example.com/hook"}, "k");
  EXPECT_EQ(one.destination, "https://example.com/hook");
  EXPECT_EQ(webhook_.text_of(one), post.text);
  EXPECT_EQ(one.request, two.request);
  EXPECT_EQ(one.request,
            R"({"type":"announcement","id":"k","text":"Grüße \"live\"","url":"https://example.com/show"})");
  EXPECT_THROW((void)webhook_.render({"\xff", ""}, {"https://example.com/"}, "k"), base::UserError);
}

TEST_F(WebhookTest, SignsWhatItSendsAtTheMomentOfSending) {
  std::vector<std::string> seen;
  RawServer server([&](Connection& c) {
    seen.push_back(c.read_request());
    c.write(answer("200 OK"));
  });
  EXPECT_EQ(send(server.url()).verdict, Verdict::accepted);
  clock_.advance(90s);
  EXPECT_EQ(send(server.url()).verdict, Verdict::accepted);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(body(seen[0]), body(seen[1]));
  const auto secret = webhook::SigningSecret::parse(credentials_.secret);
  std::int64_t expected = clock_.wall() / 1'000'000 - 90;
  for (const auto& request : seen) {
    EXPECT_EQ(header(request, "Idempotency-Key"), "key-1");
    EXPECT_EQ(header(request, "webhook-id"), "key-1");
    EXPECT_EQ(header(request, "Content-Type"), "application/json");
    EXPECT_EQ(header(request, "webhook-timestamp"), std::to_string(expected));
    EXPECT_EQ(header(request, "webhook-signature"), secret.sign("key-1", expected, body(request)));
    expected += 90;
  }
}

TEST_F(WebhookTest, AcceptedWithAndWithoutIdentity) {
  auto outcome = answered(answer("200 OK", R"({"id":"evt-7","url":"https://example.com/7"})"));
  EXPECT_EQ(outcome.verdict, Verdict::accepted);
  EXPECT_EQ(outcome.remote_id, "evt-7");
  EXPECT_EQ(outcome.remote_url, "https://example.com/7");
  EXPECT_EQ(answered(answer("201 Created", R"({"id":42})")).remote_id, "42");
  const std::vector<std::string> useless = {"",
                                            "[]",
                                            "{",
                                            "\xff",
                                            "\"7\"",
                                            R"({"id":{"a":1},"url":7})",
                                            R"~({"id":"a\u0000b","url":"javascript:alert(1)"})~",
                                            R"({"id":")" + std::string(201, 'x') + "\"}"};
  for (const auto& text : useless) {
    outcome = answered(answer("202 Accepted", text));
    EXPECT_EQ(outcome.verdict, Verdict::accepted) << text;
    EXPECT_EQ(outcome.remote_id, "") << text;
    EXPECT_EQ(outcome.remote_url, "") << text;
  }
}

TEST_F(WebhookTest, AYesWhoseBodyIsCutOrTooLargeStaysAYes) {
  EXPECT_EQ(answered("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"id\":").verdict, Verdict::accepted);
  EXPECT_EQ(answered(answer("200 OK", std::string((1u << 20) + 1, 'x'))).verdict, Verdict::accepted);
}

TEST_F(WebhookTest, EveryStatusHasItsMeaning) {
  const std::vector<int> certain = {307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 410, 411, 412,
                                    413, 414, 415, 416, 417, 421, 422, 424, 426, 428, 431, 451};
  const std::vector<int> later = {423, 425, 429};
  const auto in = [](const std::vector<int>& list, int status) {
    return std::find(list.begin(), list.end(), status) != list.end();
  };
  for (int status = 200; status < 600; ++status) {
    HttpResult result;
    result.status = status;
    const auto outcome = classify_webhook(result, 0);
    if (status < 300)
      EXPECT_EQ(outcome.verdict, Verdict::accepted) << status;
    else if (in(certain, status) || in(later, status))
      expect_certain(outcome, in(later, status));
    else
      expect_unknown(outcome);
  }
}

TEST_F(WebhookTest, TooManyRequestsSaysWhenToComeBack) {
  const auto seconds = answered(answer("429 Too Many Requests", "", "Retry-After: 120\r\n"));
  expect_certain(seconds, true);
  EXPECT_EQ(seconds.retry_after, base::Duration(120s));
  const auto date =
      answered(answer("429 Too Many Requests", "", "Retry-After: Sun, 22 Nov 2026 10:05:00 GMT\r\n"));
  expect_certain(date, true);
  EXPECT_EQ(date.retry_after, base::Duration(5min));
  EXPECT_EQ(answered(answer("429 Too Many Requests", "", "Retry-After: 999999999\r\n")).retry_after,
            base::Duration(24h));
  const auto none = answered(answer("429 Too Many Requests", "", "Retry-After: soon\r\n"));
  expect_certain(none, true);
  EXPECT_FALSE(none.retry_after);
}

TEST_F(WebhookTest, ServerErrorsAndCutsAreUnknown) {
  expect_unknown(answered(answer("500 Internal Server Error", "", "Retry-After: 1\r\n")));
  expect_unknown(answered(answer("503 Service Unavailable", "", "Retry-After: 1\r\n")));
  expect_unknown(answered(""));
  expect_unknown(answered("HTTP/1.1 200 "));
  expect_unknown(answered("garbage\r\n\r\n"));
  RawServer unread([](Connection&) {});
  expect_unknown(send(unread.url()));
}

TEST_F(WebhookTest, WhatNeverLeftIsCertain) {
  expect_certain(send("http://127.0.0.1:" + std::to_string(testing::refused_port())), true);
  RawServer plain([](Connection& c) {
    c.read_some();
    c.write("no TLS here");
  });
  expect_certain(send("https" + plain.url().substr(4)), true);
  HttpClient strict({}, clock_);
  Webhook guarded(strict);
  const auto rendered = guarded.render({"x", ""}, {"http://localhost:1/"}, "k");
  expect_certain(guarded.send(rendered, credentials_, "k", clock_.boot() + 1h, {}), false);
  credentials_.secret = base::Secret("whsec_short");
  expect_certain(send(plain.url()), false);
}

TEST_F(WebhookTest, AStopAfterTheRequestLeftIsUnknown) {
  testing::Signal read;
  RawServer slow([&](Connection& c) {
    c.read_request();
    read.set();
    c.drain();
  });
  std::stop_source stop;
  std::jthread stopper([&] {
    read.wait();
    stop.request_stop();
  });
  expect_unknown(send(slow.url(), stop.get_token()));
}

TEST_F(WebhookTest, CannotTellAfterwards) {
  EXPECT_EQ(webhook_.refuses_second_arrival(), base::Duration(0));
  const auto look = webhook_.look({}, credentials_, "k", clock_.boot(), {});
  EXPECT_EQ(look.presence, Presence::cannot_tell);
  EXPECT_FALSE(look.evidence.empty());
}

TEST_F(WebhookTest, ChecksAConnectionBeforeItIsStored) {
  const auto code = [&](const std::string& url, const char* secret) -> std::string {
    try {
      webhook_.check(url, {base::Secret(secret)});
      return "";
    } catch (const base::UserError& error) {
      return error.code();
    }
  };
  EXPECT_EQ(code("https://example.com/hook", kSecret), "");
  EXPECT_EQ(code("ftp://example.com/hook", kSecret), "invalid_destination");
  EXPECT_EQ(code("https://a:b@example.com/hook", kSecret), "invalid_destination");
  EXPECT_EQ(code("https://example.com/hook", "secret"), "invalid_credentials");
}

}  // namespace
}  // namespace fencepost::connect

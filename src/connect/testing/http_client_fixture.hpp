#pragma once
// What the tests of the HTTP client share.

#include <gtest/gtest.h>

#include <string>

#include "connect/http_client.hpp"
#include "connect/testing/fake_clock.hpp"
#include "connect/testing/raw_server.hpp"

namespace fencepost::connect {

class HttpClientTest : public ::testing::Test {
 protected:
  HttpRequest post(const std::string& url, std::string body = "hello") const {
    HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.body = std::move(body);
    request.deadline = clock_.boot() + std::chrono::hours(1);
    return request;
  }
  HttpRequest get(const std::string& url) const {
    auto request = post(url, "");
    request.method = "GET";
    request.repeatable = true;
    return request;
  }
  static void expect(const HttpResult& result, Failure::Kind kind, Sent sent) {
    ASSERT_TRUE(result.failure);
    EXPECT_EQ(result.failure->kind, kind) << result.failure->reason;
    EXPECT_EQ(result.failure->sent, sent) << result.failure->reason;
    EXPECT_FALSE(result.failure->reason.empty());
    EXPECT_EQ(result.failure->reason.find("127.0.0.1"), std::string::npos) << result.failure->reason;
  }

  testing::FakeClock clock_;
  HttpClient client_{{.addresses = {.allow_private = true}}, clock_};
};

}  // namespace fencepost::connect

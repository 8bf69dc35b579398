#include "connect/models/model.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "connect/testing/emulator.hpp"

namespace fencepost::connect {
namespace {

using namespace std::chrono_literals;
using Api = ModelOptions::Api;
using nlohmann::json;
using testing::Emulator;

class ModelTest : public ::testing::TestWithParam<Api> {
 protected:
  static void SetUpTestSuite() { emulator_ = std::make_unique<Emulator>("model"); }
  static void TearDownTestSuite() { emulator_.reset(); }
  void SetUp() override {
    emulator_->reset();
    emulator_->set(
        {{"says", "On air!"}, {"spent", false}, {"cut", false}, {"overloaded", false}, {"limited", 0}});
  }

  std::unique_ptr<Model> model(const std::string& key = "sk-demo") {
    return make_model(http_, {GetParam(), emulator_->url() + "/", "small", base::Secret(key), 120});
  }
  Writing write(const std::string& key = "sk-demo", base::Duration patience = 60s) {
    return model(key)->write({"Write one text.", "{\"title\": \"Pilot “1”\"}"},
                             base::system_clock().boot() + patience, {});
  }
  void expect_none(Reason reason, bool retryable) {
    const auto writing = write();
    EXPECT_FALSE(writing.text);
    EXPECT_EQ(writing.outcome.verdict, Verdict::certain_failure) << writing.outcome.error;
    EXPECT_EQ(writing.outcome.reason, reason) << writing.outcome.error;
    EXPECT_EQ(writing.outcome.retryable, retryable) << writing.outcome.error;
    EXPECT_EQ(writing.outcome.error.find("sk-demo"), std::string::npos);
  }

  static inline std::unique_ptr<Emulator> emulator_;
  HttpClient http_{{.addresses = {.allow_private = true}}, base::system_clock()};
};

TEST_P(ModelTest, Writes) {
  emulator_->set({{"says", "\nTonight: {facts}\r\n"}});
  EXPECT_EQ(write().text, "Tonight: {\"title\": \"Pilot “1”\"}");
  const auto paid = emulator_->accepted();
  ASSERT_EQ(paid.size(), 1U);
  EXPECT_EQ(paid[0]["model"], "small");
  EXPECT_EQ(paid[0]["max_tokens"], 120);
}

TEST_P(ModelTest, SaysWhatToDoAboutAFailure) {
  emulator_->set({{"limited", 7}});
  expect_none(Reason::rate_limited, true);
  EXPECT_EQ(write().outcome.retry_after, base::Duration(7s));
  emulator_->set({{"limited", 0}, {"overloaded", true}});
  expect_none(Reason::temporary, true);
  emulator_->set({{"overloaded", false}, {"spent", true}});
  expect_none(Reason::rejected, false);
  EXPECT_NE(write().outcome.error.find("spend limit"), std::string::npos);
  emulator_->set({{"spent", false}, {"cut", true}});
  expect_none(Reason::rejected, false);
  emulator_->set({{"cut", false}, {"says", " \n\"\"\n"}});
  EXPECT_EQ(write().text, "\"\"");  // two marks are no quotation
  emulator_->set({{"says", " \n\t"}});
  expect_none(Reason::rejected, false);
  EXPECT_EQ(write("sk-other").outcome.reason, Reason::credentials);
}

TEST_P(ModelTest, WhateverHappensOnTheWayIsTemporary) {
  for (const char* mode : {"accept_then_cut", "cut_before", "close_before_read", "garbage", "malformed"}) {
    emulator_->fault({{"mode", mode}});
    SCOPED_TRACE(mode);
    expect_none(Reason::temporary, true);
  }
  for (const int status : {408, 409, 500, 502, 529}) {
    emulator_->fault({{"mode", "status"}, {"status", status}});
    SCOPED_TRACE(status);
    expect_none(Reason::temporary, true);
  }
  for (const int status : {400, 404, 413, 422, 302}) {
    emulator_->fault({{"mode", "status"}, {"status", status}});
    SCOPED_TRACE(status);
    expect_none(Reason::rejected, false);
  }
  emulator_->fault({{"mode", "status"}, {"status", 200}, {"body", json::array({1})}});
  expect_none(Reason::temporary, true);
  emulator_->fault({{"mode", "slow_before"}, {"seconds", 3600}});
  EXPECT_EQ(write("sk-demo", 50ms).outcome.reason, Reason::temporary);
}

INSTANTIATE_TEST_SUITE_P(Apis, ModelTest, ::testing::Values(Api::openai, Api::anthropic),
                         [](const auto& one) { return one.param == Api::openai ? "OpenAi" : "Anthropic"; });

TEST(Clean, LeavesTheTextAlone) {
  const std::pair<const char*, const char*> cases[] = {
      {"On air!", "On air!"},
      {"  “On air!”\r\n", "On air!"},
      {"\"On air!\"", "On air!"},
      {"„Auf Sendung!“", "Auf Sendung!"},
      {"```text\n'On air!'\n```", "On air!"},
      {"“A” and “B”", "“A” and “B”"},
      {"It's on", "It's on"},
      {"one\r\n\r\n\r\n\r\ntwo", "one\n\ntwo"},
      {"a\x01\x1b[31mb\tc\x7f", "a[31mb c"},
      {"\"", "\""},
      {"", ""},
      {"\xff", ""},
  };
  for (const auto& [said, text] : cases) EXPECT_EQ(clean(said), text) << said;
  EXPECT_LE(measure(clean(std::string(100000, 'a') + " b"), {TextRules::Unit::code_points, 0}),
            kLongestWriting);
}

TEST(MakeModel, RefusesWhatCannotWork) {
  HttpClient http{{.addresses = {.allow_private = true}}, base::system_clock()};
  EXPECT_THROW(make_model(http, {Api::openai, "ftp://x", "m", {}, 1}), base::UserError);
  EXPECT_THROW(make_model(http, {Api::openai, "https://x", "m", base::Secret("a\nb"), 1}), base::UserError);
}

}  // namespace
}  // namespace fencepost::connect

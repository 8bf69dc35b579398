#pragma once
// What the tests of the Bluesky connector share: the emulated PDS, and an account of it.

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "connect/bluesky/bluesky.hpp"
#include "connect/testing/emulator.hpp"

namespace fencepost::connect {

inline const std::string kKey = base::time_ordered_hex(1'795'341'600'000'000);  // 2026-11-22T10:00:00Z

class BlueskyTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    emulator_ = std::make_unique<testing::Emulator>(
        "bluesky",
        std::vector<std::string>{"--account", "alice.test:app-pass-word", "--account", "bob.test:other"});
  }
  static void TearDownTestSuite() { emulator_.reset(); }

  void SetUp() override { emulator_->reset(); }
  void TearDown() override {
    emulator_->set({{"rate_left", nullptr}, {"access_lasts", 7200}, {"refresh_lasts", 7200}});
  }

  base::BootTime soon() const { return base::system_clock().boot() + std::chrono::seconds(60); }
  Credentials typed_in(const std::string& password = "app-pass-word",
                       const std::string& who = "alice.test") const {
    return {base::Secret(nlohmann::json{{"identifier", who}, {"password", password}}.dump())};
  }
  Credentials session() {
    auto made = bluesky_.refresh(account_, typed_in(), soon(), {});
    EXPECT_TRUE(made.credentials) << made.outcome.error;
    account_.id = nlohmann::json::parse(made.credentials->secret.reveal())["did"];
    return *made.credentials;
  }
  Rendered ready(const Post& post, const Credentials& credentials, const std::string& key = kKey) {
    auto answer =
        bluesky_.prepare(bluesky_.render(post, account_, key), post, account_, credentials, key, soon(), {});
    if (auto* outcome = std::get_if<Outcome>(&answer)) ADD_FAILURE() << outcome->error;
    return std::get<Rendered>(std::move(answer));
  }
  Outcome send(const Rendered& rendered, const Credentials& credentials,
               base::Duration patience = std::chrono::seconds(60)) {
    return bluesky_.send(rendered, credentials, kKey, base::system_clock().boot() + patience, {});
  }
  Look look(const Rendered& rendered, const Credentials& credentials) {
    return bluesky_.look(rendered, credentials, kKey, soon(), {});
  }
  // A new key for each test, since the emulated repository stays.
  static std::string key() { return base::time_ordered_hex(base::system_clock().wall()); }

  static inline std::unique_ptr<testing::Emulator> emulator_;
  HttpClient http_{{.addresses = {.allow_private = true}}, base::system_clock()};
  Limits limits_;
  Bluesky bluesky_{http_, limits_.of("bluesky"), {.app = "https://bsky.app"}};
  Account account_{emulator_->url()};
};

}  // namespace fencepost::connect

// When a text comes into an announcement. Both databases.

#include "apps/announce/text_put.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/announce/testing/episode_test_base.hpp"

namespace fencepost::announce {
namespace {

using testing::kHour;

class TextPutTest : public testing::EpisodeTestBase {
 protected:
  bool put(std::int64_t id, std::int64_t version, bool ahead = false, bool doubt = false) {
    return put_text(*database_->acquire(), {id, version, ahead, "bob"}, "We are on!", doubt);
  }
};

TEST_P(TextPutTest, ATextIsANewVersion) {
  const auto id = announce(make_episode(), connection_);
  EXPECT_TRUE(put(id, 1));
  EXPECT_EQ(get(id).generated_text, "We are on!");
  EXPECT_EQ(get(id).version, 2);
  EXPECT_FALSE(put(id, 1));
  EXPECT_FALSE(put(999, 1));
}

TEST_P(TextPutTest, ARepetitionAfterADoubtFindsItsOwnWrite) {
  const auto id = announce(make_episode(), connection_);
  EXPECT_TRUE(put(id, 1));
  EXPECT_TRUE(put(id, 1, false, true));
  EXPECT_EQ(get(id).version, 2);
}

TEST_P(TextPutTest, ATextForAnotherVersionChangesNothing) {
  const auto id = announce(make_episode(), connection_);
  database_.run("UPDATE fencepost_announcements SET text = 'my own', version = version + 1 WHERE id = $1",
                {id});
  EXPECT_FALSE(put(id, 1));
  EXPECT_FALSE(get(id).generated_text);
  EXPECT_EQ(get(id).version, 2);
}

TEST_P(TextPutTest, ATextThatComesAfterTheClaimChangesNothing) {
  const auto episode = make_episode();
  const auto id = announce(episode, connection_);
  go_live(episode);
  const auto claims = claim();
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_FALSE(put(id, 1));
  EXPECT_FALSE(get(id).generated_text);
  EXPECT_TRUE(gate(*database_->acquire(), claims[0], render(claims[0])))
      << "the claim was not revoked either";
}

TEST_P(TextPutTest, WhatNobodyAskedForTakesNoApprovalBack) {
  edit_show_now({.needs_approval = true});
  const auto id = announce(make_episode(), connection_);
  database_.run("UPDATE fencepost_announcements SET approved_version = version WHERE id = $1", {id});
  EXPECT_FALSE(put(id, 1, true));
  EXPECT_TRUE(get(id).approved);
  EXPECT_TRUE(put(id, 1, false));
  EXPECT_FALSE(get(id).approved);
}

ON_BOTH(TextPutTest);

}  // namespace
}  // namespace fencepost::announce

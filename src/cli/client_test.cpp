// What people are told of a refusal.

#include <gtest/gtest.h>

#include "cli/client.hpp"

namespace fencepost::cli {
namespace {

TEST(RefusedTest, SaysWhatTheServerSaidBeside) {
  EXPECT_EQ(Refused(409, "already_posted", "it is posted already",
                    R"({"post_id": "7", "post_url": "https://x/7", "posted_at": null, "request_id": "r"})")
                .text(),
            "it is posted already (already_posted)\n  post_url: https://x/7\n  post_id:  7");
  EXPECT_EQ(
      Refused(409, "slot_taken", "the slot is taken", R"({"next_free": "2026-11-25T10:00:00Z"})").text(),
      "the slot is taken (slot_taken)\n  next_free: 2026-11-25T10:00:00Z");
  EXPECT_EQ(Refused(429, "rate_limited", "too many requests", "{}", "30").text(),
            "too many requests (rate_limited)\n  again in: 30 s");
}

TEST(RefusedTest, IsOneLineWhereThereIsNothingBeside) {
  EXPECT_EQ(Refused(409, "slot_taken", "no", R"({"next_free": null})").text(), "no (slot_taken)");
  EXPECT_EQ(Refused(502, "not_fencepost", "no", "<html>").text(), "no (not_fencepost)");
}

TEST(RefusedTest, ATextOfAStrangerMovesNoCursor) {
  EXPECT_EQ(Refused(409, "a", "b", "{\"post_url\": \"x\\u001b[2Jy\"}").text(), "b (a)\n  post_url: x [2Jy");
}

}  // namespace
}  // namespace fencepost::cli

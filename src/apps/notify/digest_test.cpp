#include "apps/notify/digest.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fencepost::notify {
namespace {

using nlohmann::json;

TEST(Digest, CollapsesByKindAndQueueAndNamesTheFirst) {
  Digest digest;
  for (int i = 1; i <= 500; ++i) digest.add("item_failed", "announcements", {std::to_string(i), "no", 1});
  digest.add("item_unknown", "announcements", {"7", "", 1});
  EXPECT_EQ(digest.count(), 501);
  ASSERT_EQ(digest.groups().size(), 2u);
  EXPECT_EQ(digest.groups()[0].first.size(), kExamples);
  EXPECT_EQ(headline(digest), "500 items failed in announcements, 1 item is unknown in announcements");
  EXPECT_NE(letter(digest).find("and 495 more"), std::string::npos);
}

TEST(Digest, IsBoundedWhateverComes) {
  Digest digest;
  for (int i = 0; i < 1000; ++i) digest.add("item_failed", "q" + std::to_string(i), {"1", "", 1});
  EXPECT_LE(digest.groups().size(), kGroups + 1);
  EXPECT_EQ(digest.count(), 1000);
  EXPECT_LT(headline(digest).size(), 250u);
}

TEST(Digest, ComesBackAsItWasWritten) {
  Digest digest;
  digest.add("quota_low", "", {"a \"quoted\"\nname", "ü", 5});
  EXPECT_EQ(digest.groups()[0].first[0].item, "a \"quoted\"?name");
  EXPECT_EQ(Digest::parse(digest.text()).text(), digest.text());
  EXPECT_EQ(Digest::parse("nonsense").count(), 0);
  EXPECT_EQ(Digest::parse("{}").count(), 0);
}

TEST(Digest, ABodyIsJsonWhateverAForeignProgramWrote) {
  Digest digest;
  digest.add("item_failed", "q", {"1", "\xff\xfe", 1'614'265'330'000'000});
  const auto body = json::parse(webhook_body("msg_1", 0, "digest", Digest::parse(digest.text())));
  EXPECT_EQ(body.at("type"), "notification");
  EXPECT_EQ(body.at("id"), "msg_1");
  EXPECT_EQ(body.at("count"), 1);
  EXPECT_EQ(body.at("groups")[0].at("first")[0].at("at"), "2021-02-25T15:02:10.000000Z");
}

}  // namespace
}  // namespace fencepost::notify

#include "connect/limits.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "base/random.hpp"

namespace fencepost::connect {
namespace {

// An operator's file, gone with the test.
class LimitsTest : public ::testing::Test {
 protected:
  ~LimitsTest() override { std::filesystem::remove(path_); }
  Limits over(const std::string& content) {
    std::ofstream(path_) << content;
    return Limits(path_);
  }
  std::string refused(const std::string& content) {
    try {
      over(content);
      return "";
    } catch (const base::UserError& error) {
      EXPECT_EQ(error.code(), "invalid_limits");
      return error.what();
    }
  }
  const std::string path_ = (std::filesystem::temp_directory_path() / base::random_hex(8)).string();
};

TEST_F(LimitsTest, EveryValueHasItsDateAndSource) {
  const Limits limits;
  EXPECT_GE(limits.all().size(), 3u);
  for (const auto& [platform, values] : limits.all())
    for (const auto& [name, entry] : values.all()) {
      EXPECT_EQ(entry.date.size(), 10u) << platform << "." << name;
      EXPECT_GE(entry.source.size(), 10u) << platform << "." << name;
    }
}

TEST_F(LimitsTest, GivesThePlatformsNumbersAndWords) {
  const Limits limits;
  const auto& x = limits.of("x");
  EXPECT_EQ(x.number("post-cost"), 15'000);
  EXPECT_EQ(x.number("post-cost-with-url"), 200'000);
  EXPECT_TRUE(x.has_word("image-types", "image/png"));
  EXPECT_FALSE(x.has_word("image-types", "image/pn"));
  const auto rules = x.text_rules();
  EXPECT_EQ(rules.unit, TextRules::Unit::weighted);
  EXPECT_EQ(rules.limit, 280);
  EXPECT_EQ(rules.url_length, 23);
  EXPECT_TRUE(rules.bare_domains);
  EXPECT_FALSE(limits.of("threads").text_rules().url_length);
  EXPECT_EQ(limits.of("threads").text_rules().unit, TextRules::Unit::emoji_bytes);
}

TEST_F(LimitsTest, AnOperatorsFileChangesWhatItNamesAndNothingElse) {
  const auto limits = over("[x]\npost-cost = 20000\n");
  EXPECT_EQ(limits.of("x").number("post-cost"), 20'000);
  EXPECT_EQ(limits.of("x").all().at("post-cost").source, path_);
  EXPECT_EQ(limits.of("x").number("post-cost-with-url"), 200'000);
}

TEST_F(LimitsTest, RefusesWhatItDoesNotKnow) {
  EXPECT_NE(refused("[y]\nlength = 1\n").find("'y'"), std::string::npos);
  EXPECT_NE(refused("[x]\nlenght = 1\n").find("x.lenght is not known"), std::string::npos);
  EXPECT_NE(refused("[x]\nlength = \"1\"\n").find("whole number"), std::string::npos);
  EXPECT_NE(refused("[x]\nscopes = 1\n").find("a text"), std::string::npos);
  EXPECT_NE(refused("[x]\nlength = -1\n").find("below 0"), std::string::npos);
  EXPECT_NE(refused("x = 1\n").find("table"), std::string::npos);
  EXPECT_NE(refused("[x\n").find(":1:"), std::string::npos);
  EXPECT_THROW(Limits("/nowhere/limits.toml"), base::UserError);
}

}  // namespace
}  // namespace fencepost::connect

#include "accounts/text.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace fencepost::accounts {
namespace {

TEST(TextTest, CountsCodePointsOfWellFormedUtf8Only) {
  EXPECT_EQ(utf8_length(""), 0u);
  EXPECT_EQ(utf8_length("Grüße"), 5u);
  EXPECT_EQ(utf8_length("\xf0\x9f\x8e\x99"), 1u);
  EXPECT_EQ(utf8_length("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"), 3u);
  for (const char* bad :
       {"\xff", "\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "\xe2\x28\xa1", "\xf0\x9f\x8e"})
    EXPECT_FALSE(utf8_length(bad)) << bad;
}

TEST(TextTest, NamesAreOneLine) {
  EXPECT_NO_THROW(check_name("Ada's blog"));
  EXPECT_NO_THROW(check_name(std::string(100, 'x')));
  for (const std::string& bad : {std::string(), std::string(101, 'x'), std::string("a\nb"), std::string(" a"),
                                 std::string("a "), std::string("a\0b", 3), std::string("\xff")})
    EXPECT_THROW(check_name(bad), base::UserError) << bad;
}

}  // namespace
}  // namespace fencepost::accounts

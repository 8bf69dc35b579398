#include "apps/announce/check.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace fencepost::announce {
namespace {

template <typename Check>
std::string code_of(const Check& check, const std::string& text) {
  try {
    check(text);
    return "";
  } catch (const base::UserError& error) {
    return error.code();
  }
}

TEST(CheckTest, ATextHasOneToThreeThousandCharacters) {
  std::string wide;
  for (int i = 0; i < 3000; ++i) wide += "\xf0\x9f\x8e\x99";
  for (const std::string& good : {std::string("x"), std::string("Live now!\n\tJoin us"), wide})
    EXPECT_EQ(code_of(check_text, good), "");
  for (const std::string& bad :
       {std::string(), std::string(" \n\t"), wide + "x", std::string("\xff"), std::string("a\0b", 3),
        std::string("a\x1b[0m"), std::string("\xed\xa0\x80")})
    EXPECT_EQ(code_of(check_text, bad), "invalid_text") << bad;
}

TEST(CheckTest, AUrlIsHttpWithoutCredentials) {
  const std::string base = "https://example.com/";
  for (const std::string& good :
       {std::string(), base, std::string("http://localhost:8080/a?b=c#d"), base + std::string(1980, 'a')})
    EXPECT_EQ(code_of(check_url, good), "") << good;
  for (const std::string& bad :
       {std::string("example.com"), std::string("ftp://example.com/"), std::string("javascript:alert(1)"),
        std::string("https://a:b@example.com/"), std::string("https://a@example.com/"),
        std::string("https://"), base + "a\nb", base + std::string(1981, 'a'), base + "\xff"})
    EXPECT_EQ(code_of(check_url, bad), "invalid_url") << bad;
}

}  // namespace
}  // namespace fencepost::announce

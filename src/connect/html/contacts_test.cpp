#include "connect/html/contacts.hpp"

#include <gtest/gtest.h>

namespace fencepost::connect {
namespace {

std::vector<std::string> addresses(std::string_view text) {
  std::vector<std::string> out;
  for (const auto& email : emails_in(text)) out.push_back(email.address);
  return out;
}
using Many = std::vector<std::string>;

TEST(Emails, OfAText) {
  EXPECT_EQ(addresses("E-Mail:Info@Example.COM."), Many{"info@example.com"});
  EXPECT_EQ(addresses("a.b+c@x.example, d_e@y-z.example; <f@z.example>"),
            (Many{"a.b+c@x.example", "d_e@y-z.example", "f@z.example"}));
  EXPECT_EQ(addresses("kontakt@bücher.example"), Many{"kontakt@xn--bcher-kva.example"});
  EXPECT_EQ(addresses("(info@example.com)"), Many{"info@example.com"});
  EXPECT_EQ(addresses("'info@example.com'"), Many{"info@example.com"});
  EXPECT_EQ(emails_in("info@example.com")[0].from, Email::From::text);
}

TEST(Emails, SimpleDisguises) {
  for (const auto* text :
       {"info [at] example.com", "info(at)example.com", "info{at}example(dot)com",
        "info [AT] example [DOT] com", "info @ [at] x info[@]example.com", "info <at> example <dot> com",
        "info at example dot com", "Info AT example DOT com", "info(ät)example(punkt)com",
        "info [ at ] example [ . ] com", "write to info at example dot com, please"}) {
    const auto found = emails_in(text);
    ASSERT_EQ(found.size(), 1U) << text;
    EXPECT_EQ(found[0].address, "info@example.com") << text;
    EXPECT_EQ(found[0].from, Email::From::disguised) << text;
  }
  EXPECT_EQ(addresses("sales at shop dot example dot com"), Many{"sales@shop.example.com"});
}

TEST(Emails, WhatIsNoneIsNone) {
  for (const auto* text : {"",
                           "@",
                           "a@",
                           "@b.com",
                           "logo@2x.png",
                           "hero@3x.webp",
                           "a@b",
                           "a..b@example.com",
                           "@media screen",
                           "me @ example.com",
                           "meet us at example.com",
                           "look at this dot",
                           "at the end [at] last",
                           "a@example.c",
                           "a@1.2.3.4",
                           "x@example.123",
                           "bootstrap@5.3.0",
                           "user@localhost",
                           "a@-.com",
                           "follow @someone on x"})
    EXPECT_EQ(addresses(text), Many{}) << text;
  EXPECT_EQ(addresses(std::string(100, 'a') + "@example.com"), Many{});
}

TEST(Emails, OfALink) {
  const auto of = [](std::string_view target) {
    Many out;
    for (const auto& email : emails_of_link(target)) {
      EXPECT_EQ(email.from, Email::From::link);
      out.push_back(email.address);
    }
    return out;
  };
  EXPECT_EQ(of("info@example.com?subject=a@b.example"), Many{"info@example.com"});
  EXPECT_EQ(of("A%40example.com,b@example.com"), (Many{"a@example.com", "b@example.com"}));
  EXPECT_EQ(of("%20info@example.com"), Many{"info@example.com"});
  EXPECT_EQ(of("info[at]example.com"), Many{"info@example.com"});
  EXPECT_EQ(of("//info@example.com"), Many{"info@example.com"});
  EXPECT_EQ(of("?subject=x"), Many{});
}

TEST(Emails, OfACipher) {
  const std::string text = "info@example.com";
  std::string hex = "5a";
  for (const char c : text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto value = static_cast<unsigned>(c) ^ 0x5aU;
    hex += kDigits[value >> 4U];
    hex += kDigits[value & 15U];
  }
  EXPECT_EQ(email_of_cipher(hex), (Email{text, Email::From::disguised}));
  for (const auto* bad : {"", "5a", "5", "zz11", "5a3", "00616263"})
    EXPECT_EQ(email_of_cipher(bad), std::nullopt) << bad;
}

Many numbers(std::string_view text) {
  Many out;
  for (const auto& phone : phones_in(text)) {
    EXPECT_FALSE(phone.link);
    out.push_back(phone.number);
  }
  return out;
}

TEST(Phones, OfAText) {
  EXPECT_EQ(numbers("Call +49 30 1234567!"), Many{"+49301234567"});
  EXPECT_EQ(numbers("+49 (0)30 / 123 45-67"), Many{"+49301234567"});
  EXPECT_EQ(numbers("0049 30 1234567"), Many{"+49301234567"});
  EXPECT_EQ(numbers("+1 (555) 123-4567"), Many{"+15551234567"});
  EXPECT_EQ(numbers("(555) 123-4567 or 555.987.6543"), (Many{"5551234567", "5559876543"}));
  EXPECT_EQ(numbers("030 / 1234567"), Many{"0301234567"});
  EXPECT_EQ(numbers("030 - 123456"), Many{"030123456"});
  EXPECT_EQ(numbers("01 23 45 67 89"), Many{"0123456789"});
  EXPECT_EQ(numbers("01.23.45.67.89"), Many{"0123456789"});
  EXPECT_EQ(numbers("020 7946 0958"), Many{"02079460958"});
  EXPECT_EQ(numbers("030\xC2\xA0"
                    "123\xE2\x80\x91"
                    "4567"),
            Many{"0301234567"});  // no-break space, hyphen
  EXPECT_EQ(numbers("Tel.: 1234567"), Many{"1234567"});
  EXPECT_EQ(numbers("Tel.030 12345"), Many{"03012345"});
  EXPECT_EQ(numbers("Téléphone 123 456"), Many{"123456"});
  EXPECT_EQ(numbers("+49 30 123456 / +49 30 654321"), (Many{"+4930123456", "+4930654321"}));
  EXPECT_EQ(numbers("030 1234567 / 0170 7654321"), (Many{"0301234567", "01707654321"}));
}

TEST(Phones, FaxesAreNotCalled) {
  EXPECT_EQ(numbers("Tel. 030 1234567, Fax 030 1234568"), Many{"0301234567"});
  EXPECT_EQ(numbers("Fax: +49 30 1234568"), Many{});
  EXPECT_EQ(numbers("Telefax: +49 30 1234568 Telefon: +49 30 1234567"), Many{"+49301234567"});
}

TEST(Phones, WhatIsNoneIsNone) {
  for (const auto* text : {"",
                           "2024-05-06",
                           "01.02.2024",
                           "01/02/2024",
                           "08.00 - 18.00",
                           "10:00-18:00",
                           "1,234,567",
                           "12.345.678",
                           "DE123456789",
                           "DE89 3704 0044 0532 0130 00",
                           "ISBN 0-306-40615-2",
                           "192.168.1.1",
                           "127.0.0.1",
                           "00000000",
                           "+00 000 000",
                           "v1.2.3",
                           "order 0123456789012345678",
                           "0123456789",
                           "#0301 234567",
                           "a0301-234567",
                           "$1.000.000",
                           "3.14159265358979",
                           "1234567890123456789",
                           "01.01.2020 - 31.12.2020",
                           "100 000 000",
                           "+1",
                           "()",
                           "+ + +",
                           "2019 2020 2021 2022",
                           "id=030-1234567",
                           "030-1234567@example.com",
                           "12-030 1234567"})
    EXPECT_EQ(numbers(text), Many{}) << text;
}

TEST(Phones, OfALink) {
  EXPECT_EQ(phone_of_link("+49-30-1234567;ext=5"), (Phone{"+49301234567", true}));
  EXPECT_EQ(phone_of_link("%2B49%2030%201234567"), (Phone{"+49301234567", true}));
  EXPECT_EQ(phone_of_link("//0301234567"), (Phone{"0301234567", true}));
  EXPECT_EQ(phone_of_link("110"), std::nullopt);
  EXPECT_EQ(phone_of_link("call-us"), std::nullopt);
  EXPECT_EQ(phone_of_link(""), std::nullopt);
  EXPECT_EQ(phone_of_link(std::string(100, '1') + "2"), std::nullopt);
}

TEST(Socials, AProfileInOneForm) {
  const auto of = [](const char* url) {
    const auto found = social_of(url);
    return found ? found->network + " " + found->url : std::string("-");
  };
  EXPECT_EQ(of("http://www.facebook.com/Example/"), "facebook https://facebook.com/Example");
  EXPECT_EQ(of("https://de-de.facebook.com/example"), "-");
  EXPECT_EQ(of("https://m.facebook.com/example?ref=x"), "facebook https://facebook.com/example");
  EXPECT_EQ(of("https://www.facebook.com/profile.php?id=42"),
            "facebook https://facebook.com/profile.php?id=42");
  EXPECT_EQ(of("https://twitter.com/example"), "x https://x.com/example");
  EXPECT_EQ(of("https://x.com/example"), "x https://x.com/example");
  EXPECT_EQ(of("https://www.linkedin.com/company/example/"), "linkedin https://linkedin.com/company/example");
  EXPECT_EQ(of("https://www.youtube.com/@example"), "youtube https://youtube.com/@example");
  EXPECT_EQ(of("https://youtube.com/user/example"), "youtube https://youtube.com/user/example");
  EXPECT_EQ(of("https://bsky.app/profile/example.com"), "bluesky https://bsky.app/profile/example.com");
  EXPECT_EQ(of("https://www.instagram.com/example/?hl=en"), "instagram https://instagram.com/example");
}

TEST(Socials, ButtonsPostsAndOthersAreNone) {
  for (const auto* url :
       {"https://www.facebook.com/sharer/sharer.php?u=x", "https://www.facebook.com/sharer.php?u=x",
        "https://facebook.com/", "https://twitter.com/intent/tweet?text=x", "https://twitter.com/share",
        "https://www.linkedin.com/shareArticle?url=x", "https://www.youtube.com/watch?v=x",
        "https://www.instagram.com/p/abc/", "https://notfacebook.com/example",
        "https://facebook.com.evil.example/example", "https://example.com/facebook.com/x",
        "https://youtube.com/@", "https://x.com/example/status/1", "https://github.com/example/code",
        "nonsense", "https://xing.com/example", "https://evilx.com/example"})
    EXPECT_EQ(social_of(url), std::nullopt) << url;
}

}  // namespace
}  // namespace fencepost::connect

#include "connect/mail/message.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "connect/mail/mailer.hpp"

namespace fencepost::connect::mail {
namespace {

TEST(MailMessage, IsWhatTheStandardsSay) {
  const auto text =
      render({"ada@example.org", "Hello", "One\nTwo", "msg_1", 1'614'265'330'000'000}, "fp@example.com");
  EXPECT_EQ(text,
            "Date: Thu, 25 Feb 2021 15:02:10 +0000\r\n"
            "From: Fencepost <fp@example.com>\r\n"
            "To: <ada@example.org>\r\n"
            "Message-ID: <msg_1@example.com>\r\n"
            "Subject: Hello\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n"
            "T25lDQpUd28=\r\n");
}

TEST(MailMessage, ASubjectStartsNoHeader) {
  const auto text =
      render({"ada@example.org", "x\r\nBcc: eve@example.org\r\n\r\nbody", "y", "msg_1", 0}, "fp@example.com");
  EXPECT_EQ(text.find("\nBcc"), std::string::npos);
  EXPECT_NE(text.find("Subject: x  Bcc: eve@example.org    body\r\n"), std::string::npos);
}

TEST(MailMessage, OtherLettersAreEncodedInWholeWords) {
  EXPECT_EQ(encoded_words("Grüße"), "=?UTF-8?B?R3LDvMOfZQ==?=");
  EXPECT_EQ(encoded_words("=?UTF-8?Q?x?="), "=?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?=");
  EXPECT_EQ(encoded_words("a\xff"), "=?UTF-8?B?Ye+/vQ==?=");
  std::string longest;
  for (int i = 0; i < 60; ++i) longest += "ü";
  const auto words = encoded_words(longest);
  EXPECT_NE(words.find("?=\r\n =?"), std::string::npos);
  for (std::size_t at = 0; at < words.size();) {
    const auto end = std::min(words.find("\r\n", at), words.size());
    EXPECT_LE(end - at, 76u);
    // 44 bytes are 22 whole letters: none is cut in two.
    EXPECT_EQ((words.substr(at, end - at).find("w7zD")), words.substr(at, end - at).find("?B?") + 3);
    at = end + 2;
  }
}

TEST(MailMessage, KnowsAddresses) {
  for (const auto* good : {"a@b", "ada.l+x@mail.example.org"}) EXPECT_TRUE(is_address(good)) << good;
  for (const auto* bad : {"", "@b", "a@", "a@b@c", "a b@c", "a@b\r\nRCPT TO:<x@y>", "<a@b>", "a@b,c", "ä@b"})
    EXPECT_FALSE(is_address(bad)) << bad;
}

TEST(MailSettings, SayWhatIsWrong) {
  const MailOptions good{.host = "mail.example.org", .from = "fp@example.org"};
  EXPECT_NO_THROW(check(good));
  const auto code = [&](auto change) {
    auto options = good;
    change(options);
    try {
      check(options);
      return std::string();
    } catch (const base::UserError& error) {
      return error.code();
    }
  };
  EXPECT_EQ(code([](auto& o) { o.host = "a/b"; }), "invalid_mail_settings");
  EXPECT_EQ(code([](auto& o) { o.from = "me"; }), "invalid_mail_settings");
  EXPECT_EQ(code([](auto& o) { o.user = "me"; }), "invalid_mail_settings");
  const auto with_password = [](auto& o) {
    o.user = "me";
    o.password = base::Secret("secret");
    o.tls = Tls::none;
  };
  EXPECT_EQ(code(with_password), "invalid_mail_settings");
  EXPECT_EQ(code([&](auto& o) {
              with_password(o);
              o.host = "127.0.0.1";
            }),
            "");
}

}  // namespace
}  // namespace fencepost::connect::mail

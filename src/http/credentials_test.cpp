#include "http/credentials.hpp"

#include <gtest/gtest.h>

namespace fencepost::http {
namespace {

std::string cookie_of(const Headers& headers) {
  const auto found = cookie(headers, "__Host-fencepost");
  return found ? found->reveal() : "-";
}

TEST(Credentials, ReadsOneCookieAndNeverGuesses) {
  EXPECT_EQ(cookie_of({{"Cookie", "__Host-fencepost=abc"}}), "abc");
  EXPECT_EQ(cookie_of({{"cookie", "a=b;  __Host-fencepost=abc ; c=d"}}), "abc");
  EXPECT_EQ(cookie_of({{"Cookie", "a=b"}, {"Cookie", "__Host-fencepost=abc"}}), "abc");
  EXPECT_EQ(cookie_of({{"Cookie", "__Host-fencepost=a; __Host-fencepost=b"}}), "-");
  EXPECT_EQ(cookie_of({{"Cookie", "__Host-fencepost=a"}, {"Cookie", "__Host-fencepost=a"}}), "-");
  EXPECT_EQ(cookie_of({{"Cookie", "x__Host-fencepost=a"}}), "-");
  EXPECT_EQ(cookie_of({{"Cookie", "__host-fencepost=a"}}), "-");
  EXPECT_EQ(cookie_of({{"Cookie", "__Host-fencepost"}}), "-");
  EXPECT_EQ(cookie_of({}), "-");
}

TEST(Credentials, TheCookieIsForThisHostAndTlsAlone) {
  EXPECT_EQ(session_cookie(true, base::Secret("abc"), std::chrono::seconds(60)),
            "__Host-fencepost=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure");
  EXPECT_EQ(session_cookie(false, base::Secret(), std::chrono::seconds(0)),
            "fencepost_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
}

TEST(Credentials, KnowsAPageOfOurs) {
  const auto site = [](Headers headers, const char* ours = "") {
    headers.set("Host", "fencepost.example:8443");
    return site_of(headers, ours);
  };
  EXPECT_EQ(site({}), Site::unsaid);
  EXPECT_EQ(site({{"Origin", "https://fencepost.example:8443"}}), Site::same);
  EXPECT_EQ(site({{"Origin", "https://FENCEPOST.example:8443"}}), Site::same);
  EXPECT_EQ(site({{"Sec-Fetch-Site", "same-origin"}}), Site::same);
  for (const auto* foreign :
       {"https://evil.example", "https://fencepost.example", "null", "", "fencepost.example:8443",
        "https://fencepost.example:8443.evil.example", "https://fencepost.example:8443/"})
    EXPECT_EQ(site({{"Origin", foreign}}), Site::foreign) << foreign;
  for (const auto* foreign : {"cross-site", "same-site", "none", ""})
    EXPECT_EQ(site({{"Sec-Fetch-Site", foreign}}), Site::foreign) << foreign;
  // Both must agree, and neither may be there twice.
  EXPECT_EQ(site({{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "same-origin"}}), Site::foreign);
  EXPECT_EQ(site({{"Origin", "https://fencepost.example:8443"}, {"Sec-Fetch-Site", "cross-site"}}),
            Site::foreign);
  EXPECT_EQ(
      site({{"Origin", "https://fencepost.example:8443"}, {"Origin", "https://fencepost.example:8443"}}),
      Site::foreign);
  // What --public-url says counts alone: a proxy may send any Host.
  EXPECT_EQ(site({{"Origin", "https://f.example"}}, "https://f.example"), Site::same);
  EXPECT_EQ(site({{"Origin", "http://f.example"}}, "https://f.example"), Site::foreign);
  EXPECT_EQ(site({{"Origin", "https://fencepost.example:8443"}}, "https://f.example"), Site::foreign);
  // Without a Host, nothing is ours.
  EXPECT_EQ(site_of({{"Origin", "https://"}}, ""), Site::foreign);
}

}  // namespace
}  // namespace fencepost::http

#include "connect/domain.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace fencepost::connect {
namespace {

std::string host_of(std::string_view website) { return domain_of(website).host; }

TEST(Domain, IsTheHostOfAWebsiteHoweverItIsWritten) {
  for (const auto* website :
       {"example.com", "EXAMPLE.com", "http://example.com", "https://example.com/",
        "  https://example.com/a?b#c ", "//example.com/x", "example.com:8080",
        "https://user:secret@example.com:8443/path", "example.com.", "www.example.com",
        "HTTP://WWW.Example.COM/index.html", "example.com?utm=x", "http://example.com#top"})
    EXPECT_EQ(host_of(website), "example.com") << website;
}

TEST(Domain, OnlyALeadingWwwIsDropped) {
  EXPECT_EQ(host_of("https://www.shop.example.co.uk"), "shop.example.co.uk");
  EXPECT_EQ(host_of("https://shop.www.example.com"), "shop.www.example.com");
  EXPECT_EQ(host_of("https://www.www.example.com"), "www.example.com");
  EXPECT_EQ(host_of("https://www2.example.com"), "www2.example.com");
  EXPECT_EQ(host_of("https://wwwexample.com"), "wwwexample.com");
  EXPECT_EQ(host_of("https://example.com/www.other.com"), "example.com");
}

TEST(Domain, WwwStaysWhereNoRegistrableHostWouldRemain) {
  EXPECT_EQ(host_of("https://www.co.uk"), "www.co.uk");
  EXPECT_EQ(host_of("https://www.com"), "www.com");
  EXPECT_EQ(host_of("https://www.github.io"), "github.io");
}

TEST(Domain, SaysWhatWasRegistered) {
  EXPECT_EQ(domain_of("https://a.shop.example.co.uk").registrable, "example.co.uk");
  EXPECT_EQ(domain_of("https://example.com").registrable, "example.com");
  EXPECT_EQ(domain_of("https://me.github.io").registrable, "me.github.io");
  EXPECT_EQ(domain_of("https://github.io").registrable, "github.io");
  EXPECT_EQ(domain_of("http://docs.localhost:8080").registrable, "docs.localhost");
}

TEST(Domain, NamesInAllScriptsBecomeAscii) {
  EXPECT_EQ(host_of("https://www.Bücher.example"), "xn--bcher-kva.example");
  EXPECT_EQ(host_of("https://BU\xCC\x88"
                    "CHER.example"),
            "xn--bcher-kva.example");  // u and a combining mark
  EXPECT_EQ(host_of("https://xn--bcher-kva.example"), "xn--bcher-kva.example");
  EXPECT_EQ(host_of("https://straße.example"), "xn--strae-oqa.example");  // not strasse: non-transitional
  EXPECT_EQ(host_of("https://例え。テスト"), "xn--r8jz45g.xn--zckzah");   // an ideographic full stop
  EXPECT_EQ(host_of("https://b%C3%BCcher.example"), "xn--bcher-kva.example");
  EXPECT_EQ(host_of("https://ｅｘａｍｐｌｅ．ｃｏｍ"), "example.com");
  EXPECT_EQ(domain_of("https://a.食狮.公司.cn").registrable, "xn--85x722f.xn--55qx5d.cn");
}

TEST(Domain, WhatIsNoRegistrableHostIsRefusedWithAReason) {
  const auto refused = [](std::string_view website, std::string_view why) {
    try {
      ADD_FAILURE() << website << " gave " << host_of(website);
    } catch (const base::UserError& e) {
      EXPECT_EQ(std::string(e.code()), "invalid_website") << website;
      EXPECT_NE(std::string_view(e.what()).find(why), std::string_view::npos) << website << ": " << e.what();
    }
  };
  using namespace std::string_view_literals;
  refused("", "no website");
  refused(" \t ", "no website");
  refused("http://127.0.0.1/", "address");
  refused("10.0.0.1:8080", "address");
  refused("http://2130706433", "address");
  refused("http://0x7f.1", "address");
  refused("http://[::1]:80/", "address");
  refused("::1", "");
  refused("http://１２７.0.0.1", "address");
  refused("localhost", "only one part");
  refused("http://intranet/", "only one part");
  refused("com", "only one part");
  refused("co.uk", "public suffix");
  refused("https://公司.cn", "public suffix");
  refused("info@example.com", "e-mail");
  refused("mailto:info@example.com", "");
  refused("ftp://example.com", "http");
  refused("javascript:alert(1)", "http");
  refused("http://", "not a website");
  refused("http://exa mple.com", "");
  refused("http://example..com", "not valid");
  refused("http://.example.com", "");
  refused("http://exa<b>mple.com", "");
  refused("http://example.com:99999/", "");
  refused("http://\xff\xfe.com", "");
  refused("http://example.com\0.evil.org"sv, "not a website");
  refused("http://" + std::string(64, 'a') + ".com", "not valid");
  refused("http://" + std::string(3'000, 'a'), "not a website");
  refused("n/a", "only one part");
}

TEST(AbsoluteUrl, SeesALinkFromItsPage) {
  const auto from = [](std::string_view link) {
    return absolute_url("http://example.com/a/b.html?q=1", link).value_or("-");
  };
  EXPECT_EQ(from("c.html"), "http://example.com/a/c.html");
  EXPECT_EQ(from("/c"), "http://example.com/c");
  EXPECT_EQ(from("../x/./y/../z"), "http://example.com/x/z");
  EXPECT_EQ(from("../../../x"), "http://example.com/x");
  EXPECT_EQ(from("?p=2"), "http://example.com/a/b.html?p=2");
  EXPECT_EQ(from("#top"), "http://example.com/a/b.html?q=1");
  EXPECT_EQ(from(""), "http://example.com/a/b.html?q=1");
  EXPECT_EQ(from("//other.example/x#y"), "http://other.example/x");
  EXPECT_EQ(from("https://Other.Example:443"), "https://other.example/");
  EXPECT_EQ(from("HTTP://EXAMPLE.com:80/A"), "http://example.com/A");
  EXPECT_EQ(from(" \n/line\nbreak "), "http://example.com/linebreak");
  EXPECT_EQ(from("/a b/ü"), "http://example.com/a%20b/%C3%BC");
  EXPECT_EQ(from("/%c3%bc%zz%"), "http://example.com/%C3%BC%zz%");
  EXPECT_EQ(from("http://bücher.example/"), "http://xn--bcher-kva.example/");
  EXPECT_EQ(from("http://[::1]:8080/x"), "http://[::1]:8080/x");
  EXPECT_EQ(from("x:y"), "-");
}

TEST(AbsoluteUrl, LeavesOutWhatCannotBeFetched) {
  using namespace std::string_view_literals;
  for (const auto link :
       {"mailto:info@example.com"sv, "tel:+49301234"sv, "javascript:void(0)"sv, "ftp://a.example/x"sv,
        "data:text/html,x"sv, "http://user@example.com/"sv, "http://user:pw@example.com/"sv, "http:///"sv,
        "http://a b/"sv, "/x\0y"sv, "file:///etc/passwd"sv})
    EXPECT_EQ(absolute_url("http://example.com/", link), std::nullopt) << link;
  EXPECT_EQ(absolute_url("", "/relative"), std::nullopt);
  EXPECT_EQ(absolute_url("", ""), std::nullopt);
  EXPECT_EQ(absolute_url("http://example.com/", "/" + std::string(2'100, 'x')), std::nullopt);
  EXPECT_EQ(absolute_url("http://example.com/", "/" + std::string(700, ' ') + "é"),
            std::nullopt);  // encoded: longer
}

TEST(AbsoluteUrl, IsItsOwnAbsoluteUrl) {
  for (const auto* link : {"/a b", "/%7Euser/", "/ü?ö=1&x=a b", "/a//b/", "/?", "/a?b?c"}) {
    const auto once = absolute_url("http://example.com/x/", link);
    ASSERT_TRUE(once) << link;
    EXPECT_EQ(absolute_url("", *once), once) << link;
  }
}

TEST(UrlParts, OfAUrl) {
  const auto parts = url_parts("https://example.com:8443/a/b?c=d");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->origin, "https://example.com:8443");
  EXPECT_EQ(parts->host, "example.com");
  EXPECT_EQ(parts->path, "/a/b");
  EXPECT_EQ(parts->target, "/a/b?c=d");
  EXPECT_EQ(url_parts("http://example.com")->target, "/");
  EXPECT_EQ(url_parts("ftp://example.com/"), std::nullopt);
}

TEST(UrlParts, AHostIsItsOwnWithAndWithoutWww) {
  EXPECT_TRUE(on_host("http://example.com/x", "example.com"));
  EXPECT_TRUE(on_host("http://www.example.com/x", "example.com"));
  EXPECT_FALSE(on_host("http://shop.example.com/x", "example.com"));
  EXPECT_FALSE(on_host("http://notexample.com/x", "example.com"));
  EXPECT_FALSE(on_host("nonsense", "example.com"));
}

}  // namespace
}  // namespace fencepost::connect

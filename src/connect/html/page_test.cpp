#include "connect/html/page.hpp"

#include <gtest/gtest.h>

#include "connect/fetch/charset.hpp"
#include "connect/testing/fetcher_fixture.hpp"

namespace fencepost::connect {
namespace {

using Many = std::vector<std::string>;

Page page_of(std::string_view html, const Headers& headers = {}, const PageCaps& caps = {}) {
  return read_page(html, "https://example.com/dir/page.html", headers, caps);
}

Many addresses(const Page& page) {
  Many out;
  for (const auto& email : page.emails) out.push_back(email.address);
  return out;
}

Many numbers(const Page& page) {
  Many out;
  for (const auto& phone : page.phones) out.push_back(phone.number);
  return out;
}

constexpr std::string_view kPage = R"html(<!DOCTYPE html>
<html lang="de-AT"><head>
  <meta charset="iso-8859-1"><title>
    Bücher &amp;&nbsp; mehr </title><title>second</title>
  <meta name="Description" content="Wir verkaufen  Bücher."><meta name="generator" content="WordPress 6.4.1">
  <meta property="og:title" content="not this">
  <link rel="canonical" href="/canonical"><link rel="shortcut icon" href="icon.png">
  <link rel="apple-touch-icon" href="t.png">
  <link rel=sitemap type="application/xml" href="/map.xml">
  <link rel="stylesheet" href="https://fonts.googleapis.com/css?x">
  <script src="/js/jquery-3.1.min.js"></script>
  <script>var mail = "script@example.com"; if (a < b) document.write("</p>");</script>
  <style>.x { content: "style@example.com" }</style>
  <script type="application/ld+json">{"email": "data@example.com", "telephone": "+43 1 2345678"}</script>
</head><body>
  <!-- comment@example.com -->
  <p>Schreiben Sie: <b>laden</b>@<i>example.com</i> oder <a href="MAILTO:Info@Example.com?subject=x">uns</a>
  <p>Tel. 01 / 234 56 78, Fax 01 / 234 56 79 <a href="tel:+4312345678">anrufen</a>
  <table><tr><td>030</td><td>1234567</td></tr></table>
  <a href="https://www.facebook.com/buecher">f</a> <a href="https://www.facebook.com/other">f2</a>
  <a href="other.html#part">o</a><a href="other.html">o</a>
  <a href="/Sitemap_2.XML.gz">s</a><a href="/sitemap">for people</a>
  <a href="javascript:x()">x</a><area href="//elsewhere.example/"><a>no link</a><a href="">self</a>
</body></html>)html";

TEST(Page, SaysWhatItIs) {
  const auto page =
      page_of(kPage, {{"Server", "nginx/1.22.1"}, {"X-Powered-By", "PHP/8.2.1"}, {"Date", "x"}});
  EXPECT_EQ(page.title, "Bücher & mehr");
  EXPECT_EQ(page.description, "Wir verkaufen Bücher.");
  EXPECT_EQ(page.language, "de-at");
  EXPECT_EQ(page.canonical, "https://example.com/canonical");
  EXPECT_EQ(page.favicon, "https://example.com/dir/icon.png");
  EXPECT_EQ(page.technologies, (Many{"Google Fonts", "PHP", "WordPress", "jQuery", "nginx"}));
  EXPECT_EQ(page.links, (Many{"https://www.facebook.com/buecher", "https://www.facebook.com/other",
                              "https://example.com/dir/other.html", "https://example.com/Sitemap_2.XML.gz",
                              "https://example.com/sitemap", "https://elsewhere.example/"}));
  EXPECT_EQ(page.sitemaps, (Many{"https://example.com/map.xml", "https://example.com/Sitemap_2.XML.gz"}));
  EXPECT_FALSE(page.truncated);
}

TEST(Page, SaysHowToReachThePeopleBehindIt) {
  const auto page = page_of(kPage);
  EXPECT_EQ(addresses(page), (Many{"info@example.com", "data@example.com", "laden@example.com"}));
  EXPECT_EQ(page.emails[0].from, Email::From::link);
  EXPECT_EQ(numbers(page), (Many{"+4312345678", "012345678"}));
  EXPECT_TRUE(page.phones[0].link);
  ASSERT_EQ(page.socials.size(), 2U);
  EXPECT_EQ(page.socials[0], (Social{"facebook", "https://facebook.com/buecher"}));
}

TEST(Page, FallsBackWhereItSaysLittle) {
  const auto page =
      page_of(R"(<meta property="og:title" content="Title"><meta property=og:description content=Text>
    <meta http-equiv="Content-Language" content="en_US, de"><link rel="apple-touch-icon" href="/t.png">
    <svg><title>drawing</title></svg>)");
  EXPECT_EQ(page.title, "Title");
  EXPECT_EQ(page.description, "Text");
  EXPECT_EQ(page.language, "en-us");
  EXPECT_EQ(page.favicon, "https://example.com/t.png");
  const auto none = page_of("just text", {{"content-language", "fr"}});
  EXPECT_EQ(none.title, "");
  EXPECT_EQ(none.language, "fr");
  EXPECT_EQ(none.favicon, "https://example.com/favicon.ico");
  EXPECT_EQ(none.canonical, "");
  EXPECT_EQ(page_of("").favicon, "https://example.com/favicon.ico");
}

TEST(Page, TheFirstBaseCounts) {
  const auto page = page_of(R"(<base href="/other/"><base href="/third/"><a href="x">x</a>)");
  EXPECT_EQ(page.links, Many{"https://example.com/other/x"});
  EXPECT_EQ(page_of(R"(<base href="javascript:x"><a href="x">x</a>)").links,
            Many{"https://example.com/dir/x"});
}

TEST(Page, EntitiesAndProtectedAddressesAreSeenThrough) {
  EXPECT_EQ(addresses(page_of("<p>info&#64;example&#46;com")), Many{"info@example.com"});
  EXPECT_EQ(addresses(page_of("<a href='&#109;ailto:info&#x40;example.com'>x</a>")),
            Many{"info@example.com"});
  // "info@example.com" XOR 0x5a, as Cloudflare writes it.
  const std::string hex = "5a33343c351a3f223b372a363f74393537";
  EXPECT_EQ(addresses(page_of("<span class='__cf_email__' data-cfemail='" + hex + "'>[email]</span>")),
            Many{"info@example.com"});
  EXPECT_EQ(addresses(page_of("<a href='/cdn-cgi/l/email-protection#" + hex + "'>x</a>")),
            Many{"info@example.com"});
}

TEST(Page, ALineBreakEndsAWordAndInlineMarkupDoesNot) {
  EXPECT_EQ(addresses(page_of("info@example.com<br>more")), Many{"info@example.com"});
  EXPECT_EQ(addresses(page_of("<td>info</td><td>@example.com</td>")), Many{});
  EXPECT_EQ(addresses(page_of("<span>info</span><span>@</span><span>example.com</span>")),
            Many{"info@example.com"});
  EXPECT_EQ(numbers(page_of("<li>030 123</li><li>4567 890</li>")), Many{});
}

TEST(Page, TheBestOfSeveralIsTheSameForEverybody) {
  Page page;
  const auto add = [&](const char* address, Email::From from) { page.emails.push_back({address, from}); };
  EXPECT_EQ(best_email(page, "example.com"), "");
  add("info@agency.example", Email::From::link);
  EXPECT_EQ(best_email(page, "shop.example.com"), "info@agency.example");
  add("noreply@example.com", Email::From::link);
  EXPECT_EQ(best_email(page, "shop.example.com"), "noreply@example.com");
  add("zoe@example.com", Email::From::text);
  add("adam@example.com", Email::From::text);
  EXPECT_EQ(best_email(page, "shop.example.com"), "adam@example.com");
  add("zed@mail.example.com", Email::From::link);
  EXPECT_EQ(best_email(page, "shop.example.com"), "zed@mail.example.com");
  add("info@example.com", Email::From::disguised);
  EXPECT_EQ(best_email(page, "shop.example.com"), "info@example.com");
  std::reverse(page.emails.begin(), page.emails.end());
  EXPECT_EQ(best_email(page, "shop.example.com"), "info@example.com");
  EXPECT_EQ(best_email(page, "127.0.0.1"), "info@agency.example");

  EXPECT_EQ(best_phone(page), "");
  page.phones = {{"0301234567", false}, {"+49301", false}, {"030222", true}, {"+49333", true}};
  EXPECT_EQ(best_phone(page), "+49333");
  page.socials = {{"x", "u1"}, {"facebook", "u2"}, {"x", "u3"}};
  EXPECT_EQ(best_socials(page), (std::vector<Social>{{"facebook", "u2"}, {"x", "u1"}}));
}

// -- hostile

TEST(Page, CapsAreKept) {
  std::string links;
  for (int i = 0; i < 50; ++i)
    links += "<a href='/" + std::to_string(i) + "'>" + std::to_string(i) + "@example.com</a> ";
  auto page = page_of(links, {}, {.links = 10, .contacts = 5});
  EXPECT_EQ(page.links.size(), 10U);
  EXPECT_EQ(page.emails.size(), 5U);
  EXPECT_TRUE(page.truncated);
  page = page_of("<p>a@example.com<p>" + std::string(1'000, 'x') + "<p>b@example.com", {}, {.bytes = 500});
  EXPECT_EQ(addresses(page), Many{"a@example.com"});
  EXPECT_TRUE(page.truncated);
  page = page_of("<title>" + std::string(300, 'x') + std::string(200, ' ') + std::string(199, 'y') + "é€" +
                 "</title>");
  EXPECT_LE(page.title.size(), 500U);
  EXPECT_TRUE(is_clean_utf8(page.title));
}

TEST(Page, DeeplyNestedHtmlIsCutOff) {
  std::string html;
  for (int i = 0; i < 600'000; ++i) html += "<div>";
  const auto page = page_of("<p>first@example.com" + html + "<p>last@example.com");
  EXPECT_EQ(addresses(page), Many{"first@example.com"});
  EXPECT_TRUE(page.truncated);
}

// Each of these took libxml2, or us, quadratic time without a bound: minutes, where now it is seconds at
// most.
TEST(Page, OddShapesCostLittle) {
  const auto fill = [](std::string_view head, std::string_view piece, std::size_t size = 1'000'000) {
    std::string out(head);
    while (out.size() < size) out += piece;
    return out;
  };
  const PeakMemory memory;
  std::string attributes = "<p ";
  for (int i = 0; attributes.size() < 2'000'000; ++i) attributes += "a" + std::to_string(i) + " ";
  std::string hidden = "<p x='>' ";
  for (int i = 0; hidden.size() < 2'000'000; ++i) hidden += "a" + std::to_string(i) + "='>'";
  std::string unclosed;
  for (int i = 0; i < 250; ++i) unclosed += "<div>";
  const std::vector<std::string> pages = {attributes,
                                          hidden,
                                          fill(unclosed, "</x>"),
                                          fill("", "<a href='/x'>"),
                                          fill("", "<"),
                                          fill("", "&"),
                                          fill("<a href='mailto:", "x"),
                                          fill("", "a@"),
                                          fill("", "[at]"),
                                          fill("", "[ "),
                                          fill("", " at x dot "),
                                          fill("", "+1 "),
                                          fill("", "0-"),
                                          fill("<!--", "-"),
                                          fill("<script>", "<"),
                                          fill("<title>", "x"),
                                          fill("", "<p>a"),
                                          fill("", "</p>"),
                                          fill("", "<table><tr><td>"),
                                          fill("", "<form>"),
                                          fill("", "<b><p>"),
                                          fill("", std::string_view("\0<\0", 3)),
                                          fill("", "<a b='"),
                                          fill("<p ", "\""),
                                          fill("", "<a/b/c ")};
  for (const auto& html : pages) {
    const auto page = page_of(html);
    EXPECT_LE(page.links.size(), 10'000U) << html.substr(0, 30);
  }
  EXPECT_TRUE(page_of(attributes).truncated);
  EXPECT_TRUE(page_of(hidden).truncated);
  EXPECT_LT(memory.risen_mib(), 200U);
}

TEST(Page, BytesOfAnyKindMakeAPage) {
  std::string all;
  for (int i = 0; i < 20'000; ++i) all += static_cast<char>((i * 7919 + i / 256) % 256);
  const auto text = to_utf8(all, "").text;
  const auto page = page_of("<title>" + text + "</title><a href='" + text + "'>" + text + "<p>x@example.com");
  EXPECT_TRUE(is_clean_utf8(page.title));
  for (const auto& link : page.links) EXPECT_TRUE(is_clean_utf8(link));
}

}  // namespace
}  // namespace fencepost::connect

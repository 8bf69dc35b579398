#include "connect/sitemap/reader.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "connect/sitemap/entries.hpp"
#include "connect/testing/fetcher_fixture.hpp"

namespace fencepost::connect {
namespace {

using namespace std::string_view_literals;
using Kind = SitemapResult::Kind;

struct Read {
  SitemapResult result;
  std::vector<SitemapEntry> entries;
  std::vector<std::size_t> batches;

  std::vector<std::string> urls() const {
    std::vector<std::string> out;
    for (const auto& entry : entries) out.push_back(entry.url);
    return out;
  }
};

Read read(std::string_view bytes, SitemapCaps caps = {}, std::size_t piece = 1'000'000) {
  Read out;
  SitemapReader reader("https://example.com/sitemap.xml", caps, [&](std::vector<SitemapEntry>& batch) {
    out.batches.push_back(batch.size());
    std::move(batch.begin(), batch.end(), std::back_inserter(out.entries));
  });
  while (!bytes.empty()) {
    const auto now = bytes.substr(0, piece);
    bytes.remove_prefix(now.size());
    if (!reader.feed(now)) break;
  }
  out.result = reader.finish();
  EXPECT_EQ(out.result.urls, out.entries.size());
  return out;
}

std::string urlset(std::size_t n) {
  std::string xml =
      R"(<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">)";
  for (std::size_t i = 0; i < n; ++i)
    xml += "<url><loc>https://example.com/" + std::to_string(i) + "</loc></url>\n";
  return xml + "</urlset>";
}

constexpr std::string_view kUrlset = R"(<?xml version="1.0" encoding="UTF-8"?>
<!-- comment -->
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
        xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <url>
    <loc> https://example.com/a?b=1&amp;c=2
    </loc><lastmod>2024-05-06</lastmod><changefreq>daily</changefreq>
    <image:image><image:loc>https://example.com/picture.jpg</image:loc></image:image>
  </url>
  <url><image:loc>https://example.com/other.jpg</image:loc><loc><![CDATA[https://example.com/ü]]></loc>
       <loc>https://example.com/second</loc></url>
  <url><loc>ftp://example.com/no</loc></url>
  <url><lastmod>2024</lastmod></url>
  <url><loc>/relative#x</loc><lastmod>never</lastmod></url>
</urlset>
)";

TEST(SitemapReader, ReadsAUrlsetHoweverItIsCut) {
  for (const std::size_t piece : {1, 2, 3, 7, 64, 1'000'000}) {
    for (const auto& bytes : {std::string(kUrlset), gzipped(kUrlset), "\xEF\xBB\xBF" + std::string(kUrlset),
                              "\n\n  " + std::string(kUrlset), "\xEF\xBB\xBF\n" + std::string(kUrlset)}) {
      const auto got = read(bytes, {}, piece);
      EXPECT_EQ(got.result.error, std::nullopt);
      EXPECT_EQ(got.result.kind, Kind::urlset);
      EXPECT_EQ(got.urls(),
                (std::vector<std::string>{"https://example.com/a?b=1&c=2", "https://example.com/%C3%BC",
                                          "https://example.com/relative"}));
      EXPECT_EQ(got.result.skipped, 2U);
      EXPECT_FALSE(got.result.truncated);
      ASSERT_EQ(got.entries.size(), 3U);
      EXPECT_EQ(got.entries[0].lastmod, base::parse_utc("2024-05-06T00:00:00Z"));
      EXPECT_EQ(got.entries[2].lastmod, std::nullopt);
    }
  }
}

TEST(SitemapReader, ReadsAnIndexWithAndWithoutNamespace) {
  const auto with =
      read(R"(<sm:sitemapindex xmlns:sm="http://www.sitemaps.org/schemas/sitemap/0.9"><sm:sitemap>
    <sm:loc>https://example.com/1.xml.gz</sm:loc></sm:sitemap></sm:sitemapindex>)");
  EXPECT_EQ(with.result.kind, Kind::index);
  EXPECT_EQ(with.urls(), std::vector<std::string>{"https://example.com/1.xml.gz"});
  const auto without = read(
      "<sitemapindex><sitemap><loc>https://example.com/1.xml</loc></sitemap><url><loc>https://example.com/x</"
      "loc></url></sitemapindex>");
  EXPECT_EQ(without.urls(), std::vector<std::string>{"https://example.com/1.xml"});
  EXPECT_EQ(read("<urlset></urlset>").result.error, std::nullopt);
  EXPECT_EQ(read("<urlset/>").result.kind, Kind::urlset);
}

TEST(SitemapReader, ReadsOtherCharsets) {
  const auto latin = read(
      "<?xml version='1.0' "
      "encoding='ISO-8859-1'?><urlset><url><loc>http://example.com/\xFC</loc></url></urlset>");
  EXPECT_EQ(latin.urls(), std::vector<std::string>{"http://example.com/%C3%BC"});
  std::string wide = "\xFF\xFE";
  for (const char c : "<urlset><url><loc>http://example.com/x</loc></url></urlset>"sv) wide += {c, '\0'};
  for (const std::size_t piece : {1, 1'000})
    EXPECT_EQ(read(wide, {}, piece).urls(), std::vector<std::string>{"http://example.com/x"});
}

TEST(SitemapReader, ReadsPlainText) {
  for (const std::size_t piece : {1, 5, 1'000}) {
    const auto text =
        "\xEF\xBB\xBFhttps://example.com/1\r\n\n  \nhttps://example.com/2  "
        "\nnonsense\n\xFF\nhttps://example.com/3";
    const auto got = read(text, {}, piece);
    EXPECT_EQ(got.result.error, std::nullopt);
    EXPECT_EQ(got.result.kind, Kind::text);
    EXPECT_EQ(got.urls(), (std::vector<std::string>{"https://example.com/1", "https://example.com/2",
                                                    "https://example.com/3"}));
    EXPECT_EQ(got.result.skipped, 2U);
    EXPECT_EQ(read(gzipped(text), {}, piece).urls(), got.urls());
  }
  const auto lines = read("https://example.com/1\nhttps://example.com/" + std::string(10'000'000, 'x') +
                          "\nhttps://example.com/2\n");
  EXPECT_EQ(lines.result.urls, 2U);
  EXPECT_EQ(lines.result.skipped, 1U);
}

TEST(SitemapReader, GivesOutFullBatchesAndTheRest) {
  const auto got = read(urlset(2'500), {.batch = 1'000});
  EXPECT_EQ(got.batches, (std::vector<std::size_t>{1'000, 1'000, 500}));
  EXPECT_EQ(got.entries.back().url, "https://example.com/2499");
  EXPECT_EQ(read(urlset(3), {.batch = 1}).batches.size(), 3U);
  EXPECT_TRUE(read(urlset(0)).batches.empty());
}

TEST(SitemapReader, WhatABatchThrowsComesThrough) {
  SitemapReader reader("https://example.com/s", {.batch = 10},
                       [](std::vector<SitemapEntry>&) { throw std::runtime_error("database gone"); });
  EXPECT_THROW(reader.feed(urlset(1'000)), std::runtime_error);
}

TEST(SitemapReader, CapsEndItWithoutAnError) {
  auto got = read(urlset(100), {.urls = 60});
  EXPECT_EQ(got.result.urls, 60U);
  EXPECT_TRUE(got.result.truncated);
  EXPECT_EQ(got.result.error, std::nullopt);
  got = read(urlset(60), {.urls = 60});
  EXPECT_FALSE(got.result.truncated);
  for (const auto& bytes : {urlset(10'000), gzipped(urlset(10'000))}) {
    got = read(bytes, {.bytes = 100'000});
    EXPECT_TRUE(got.result.truncated);
    EXPECT_EQ(got.result.error, std::nullopt);
    EXPECT_GT(got.result.urls, 1'000U);
    EXPECT_LT(got.result.urls, 3'000U);
  }
  EXPECT_FALSE(read(urlset(100), {.bytes = urlset(100).size()}).result.truncated);
  got = read("https://example.com/1\nhttps://example.com/2\n", {.urls = 1});
  EXPECT_TRUE(got.result.truncated);
  EXPECT_EQ(got.result.urls, 1U);
}

TEST(SitemapReader, WhatIsNoSitemapIsAnError) {
  const auto error = [](std::string_view bytes, std::size_t piece = 1'000'000) {
    const auto got = read(bytes, {}, piece);
    EXPECT_EQ(got.result.urls, 0U) << bytes.substr(0, 50);
    return got.result.error.value_or("none");
  };
  for (const auto text : {"<html><body>Not found</body></html>"sv, "<rss version='2.0'></rss>"sv,
                          "User-agent: *"sv, "a"sv, "{\"urls\": []}"sv, "ftp//x"sv, "\0\0\0\0\0"sv})
    EXPECT_EQ(error(text), "this is not a sitemap") << text;
  for (const auto text : {""sv, " "sv, "\n\n\n\n\n\n\n"sv, "\xEF\xBB\xBF"sv, "\xEF\xBB\xBF \n"sv})
    for (const std::size_t piece : {1, 100}) EXPECT_EQ(error(text, piece), "the sitemap is empty");
  EXPECT_EQ(error("<!DOCTYPE html><html></html>"), "a sitemap must not declare a document type");
  EXPECT_EQ(error("<urlset><url><loc>https://example.com/</url></urlset>"), "the XML is broken");
  EXPECT_EQ(error("<urlset"), "the XML is broken");
  EXPECT_EQ(error("<?xml version='1.0' encoding='no-such'?><urlset/>"), "the XML is broken");
  EXPECT_EQ(error("\x1f\x8bnot gzip"), "the sitemap's compression is broken");
  EXPECT_EQ(error("\x1f\x8b"), "the sitemap's compression is broken");
}

TEST(SitemapReader, WhatCameBeforeAnErrorStaysGiven) {
  const auto whole = urlset(5'000);
  auto got = read(whole.substr(0, whole.size() / 2));
  EXPECT_EQ(got.result.error, "the XML is broken");
  EXPECT_NEAR(static_cast<double>(got.result.urls), 2'500, 100);
  const auto packed = gzipped(whole);
  got = read(packed.substr(0, packed.size() / 2));
  EXPECT_EQ(got.result.error, "the sitemap's compression is broken");
  EXPECT_GT(got.result.urls, 1'000U);
}

// -- hostile

TEST(SitemapReader, ABillionLaughsAreNotLaughed) {
  std::string bomb = "<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY lol 'lol'>";
  for (int i = 1; i < 10; ++i) {
    const auto before = i == 1 ? std::string("lol") : "lol" + std::to_string(i - 1);
    bomb += "<!ENTITY lol" + std::to_string(i) + " '";
    for (int k = 0; k < 10; ++k) bomb += "&" + before + ";";
    bomb += "'>";
  }
  bomb += "]><urlset><url><loc>https://example.com/&lol9;</loc></url></urlset>";
  const PeakMemory memory;
  EXPECT_EQ(read(bomb).result.error, "a sitemap must not declare a document type");
  EXPECT_EQ(read(bomb, {}, 1).result.error, "a sitemap must not declare a document type");
  EXPECT_LT(memory.risen_mib(), 100U);
}

TEST(SitemapReader, NoEntityReachesAFileOrTheNetwork) {
  for (const auto* system : {"file:///etc/passwd", "http://127.0.0.1:1/x", "/etc/passwd"}) {
    const auto got = read("<?xml version='1.0'?><!DOCTYPE urlset [<!ENTITY x SYSTEM '" + std::string(system) +
                          "'>]><urlset><url><loc>https://example.com/&x;</loc></url></urlset>");
    EXPECT_EQ(got.result.error, "a sitemap must not declare a document type");
    EXPECT_EQ(got.result.urls, 0U);
  }
  const auto dtd = read("<!DOCTYPE urlset SYSTEM 'file:///etc/passwd'><urlset/>");
  EXPECT_EQ(dtd.result.error, "a sitemap must not declare a document type");
  EXPECT_EQ(read("<urlset><url><loc>https://example.com/&nbsp;</loc></url></urlset>").result.error,
            "the XML is broken");
}

TEST(SitemapReader, AGzipBombIsAnErrorInFlatMemory) {
  const std::string bomb = gzipped("<urlset>" + std::string(std::size_t{64} << 20U, ' '), 9);
  const PeakMemory memory;
  const auto got = read(bomb, {.bytes = std::size_t{1} << 40U});
  EXPECT_EQ(got.result.error, "the sitemap is too large when it is unpacked");
  EXPECT_LT(memory.risen_mib(), 50U);
}

// A fault of the predecessor: quadratic parsing. These would take hours; how ordinary ones grow:
// docs/sitemaps.md.
TEST(SitemapReader, ParsingIsNotQuadraticWhateverItsShape) {
  const auto fill = [](std::string_view head, std::string_view piece, std::size_t size) {
    std::string out(head);
    while (out.size() < size) out += piece;
    return out;
  };
  const PeakMemory memory;
  for (const auto& bytes : {fill("<urlset>", "<a>", 5'000'000), fill("<urlset ", "a='b' ", 5'000'000),
                            fill("<urlset a='", "x", 20'000'000), fill("<urlset><url><loc>", "x", 20'000'000),
                            fill("<urlset><!--", "x", 20'000'000),
                            fill("<urlset><url><loc><![CDATA[", "x", 20'000'000), fill("<", "x", 20'000'000),
                            fill("<urlset><url>", "&amp;", 20'000'000), fill("<?", "x", 20'000'000)}) {
    const auto got = read(bytes, {}, 65'536);
    EXPECT_TRUE(got.result.error) << bytes.substr(0, 30);
  }
  EXPECT_EQ(read(fill("", " ", 10'000'000), {}, 65'536).result.error, "the sitemap is empty");
  EXPECT_LT(memory.risen_mib(), 400U);
}

TEST(SitemapReader, NulBytesAreNoXml) {
  EXPECT_EQ(read("<urlset><url><loc>https://example.com/a\0b</loc></url></urlset>"sv).result.error,
            "the XML is broken");
}

// Memory does not grow with the sitemap: 20 MB are read in less than a tenth of that.
TEST(SitemapReader, MemoryIsFlat) {
  const auto one = urlset(1'000);
  std::string_view head = one;
  head.remove_suffix("</urlset>"sv.size());
  const auto entries = head.substr(head.find("<url>"));
  std::size_t urls = 0;
  SitemapReader reader("https://example.com/s", {.bytes = std::size_t{1} << 30U, .urls = 1'000'000},
                       [&](std::vector<SitemapEntry>& batch) { urls += batch.size(); });
  ASSERT_TRUE(reader.feed(head));
  const PeakMemory memory;
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(reader.feed(entries));
  EXPECT_LT(memory.risen_mib(), 10U);
  ASSERT_TRUE(reader.feed("</urlset>"));
  EXPECT_EQ(reader.finish().urls, 501'000U);
  EXPECT_EQ(urls, 501'000U);
}

TEST(SitemapReader, LastModifiedAsTheProtocolWritesIt) {
  const auto at = [](const char* text) { return base::parse_utc(text); };
  EXPECT_EQ(parse_lastmod("2024"), at("2024-01-01T00:00:00Z"));
  EXPECT_EQ(parse_lastmod("2024-05"), at("2024-05-01T00:00:00Z"));
  EXPECT_EQ(parse_lastmod("2024-05-06"), at("2024-05-06T00:00:00Z"));
  EXPECT_EQ(parse_lastmod("2024-05-06T10:11+02:00"), at("2024-05-06T08:11:00Z"));
  EXPECT_EQ(parse_lastmod("2024-05-06T10:11:12+00:00"), at("2024-05-06T10:11:12Z"));
  EXPECT_EQ(parse_lastmod("2024-05-06T10:11:12.5Z"), at("2024-05-06T10:11:12.5Z"));
  for (const auto* bad : {"", "now", "06.05.2024", "2024-13-01", "9999-01-01", "2024-05-06T25:00:00Z"})
    EXPECT_EQ(parse_lastmod(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace fencepost::connect

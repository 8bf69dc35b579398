#include "connect/sitemap/rules.hpp"

#include <gtest/gtest.h>

#include "connect/domain.hpp"

namespace fencepost::connect {
namespace {

using Kind = UrlVerdict::Kind;

UrlVerdict judged(const std::string& path) { return judge_url("https://example.com" + path); }

TEST(UrlRules, ContactCareerAndLegalPagesAreSelected) {
  const UrlVerdict contact{Kind::selected, 0.9, "contact"};
  const UrlVerdict career{Kind::selected, 0.7, "career"};
  const UrlVerdict legal{Kind::selected, 0.6, "legal"};
  for (const auto* path :
       {"/contact", "/contact/", "/en/contact-us.html", "/Kontakt", "/de/kontakt.php", "/contacto",
        "/contatti", "/contactez-nous", "/KONTAKT.HTML?x=1", "/contact/berlin", "/%63ontact"})
    EXPECT_EQ(judged(path), contact) << path;
  for (const auto* path : {"/careers", "/jobs/", "/de/karriere", "/stellenangebote", "/carri%C3%A8res",
                           "/nous-rejoindre/emplois", "/lavora-con-noi", "/vacatures", "/job_offers"})
    EXPECT_EQ(judged(path), career) << path;
  for (const auto* path : {"/impressum", "/legal", "/en/privacy-policy", "/mentions-l%c3%a9gales",
                           "/terms.html", "/aviso-legal", "/datenschutz", "/datenschutzerkl%C3%A4rung"})
    EXPECT_EQ(judged(path), legal) << path;
}

TEST(UrlRules, TheBestOfSeveralCounts) {
  EXPECT_EQ(judged("/legal/contact").reason, "contact");
  EXPECT_EQ(judged("/jobs-privacy").reason, "career");
}

TEST(UrlRules, DeeperThanTwoSegmentsNothingIsSelected) {
  EXPECT_EQ(judged("/a/contact").kind, Kind::selected);
  EXPECT_EQ(judged("/a/b/contact"), UrlVerdict{});
  EXPECT_EQ(judged("/contact/a/b"), UrlVerdict{});
}

TEST(UrlRules, WordsAreComparedWhole) {
  for (const auto* path : {"/contactless-payment", "/jobsite", "/illegal", "/legally-blonde", "/termsheet",
                           "/", "", "/about", "/kontaktlinsen", "/?q=contact", "/a%2Fcontact2"})
    EXPECT_EQ(judged(path), UrlVerdict{}) << path;
  EXPECT_EQ(judge_url("https://contact.example.com/"), UrlVerdict{});
  EXPECT_EQ(judge_url("nonsense"), UrlVerdict{});
}

TEST(UrlRules, WhatIsNotWorthALookIsFiltered) {
  const auto reason = [](const std::string& path) {
    const auto verdict = judged(path);
    EXPECT_EQ(verdict.kind, Kind::filtered) << path;
    EXPECT_EQ(verdict.score, 0) << path;
    return verdict.reason;
  };
  for (const auto* path :
       {"/blog/", "/blog/contact", "/en/Blog/2", "/BLOG", "/2024/05/a-post", "/x/2019/1/contact"})
    EXPECT_EQ(reason(path), "blog") << path;
  for (const auto* path :
       {"/media/x", "/a.JPG", "/files/terms.pdf", "/x/y.mp4?v=1", "/wp/uploads/x", "/contact.png"})
    EXPECT_EQ(reason(path), "media") << path;
  for (const auto* path : {"/tag/x", "/category/jobs", "/author/me", "/news/page/2", "/archive"})
    EXPECT_EQ(reason(path), "archive") << path;
  for (const auto* path : {"/feed", "/contact/feed/", "/wp-json/v2", "/wp-content/x"})
    EXPECT_EQ(reason(path), "feed") << path;
}

TEST(UrlRules, WhatOnlyLooksLikeThatIsNot) {
  for (const auto* path : {"/blogger", "/my-blog-about-x", "/2024", "/product/2024/123", "/page/about",
                           "/image.html", "/mediation", "/v2.0", "/node.js/docs"})
    EXPECT_EQ(judged(path).kind, Kind::plain) << path;
}

TEST(UrlRules, TheUsualPlacesOfSitemapsAreUrls) {
  EXPECT_EQ(common_sitemap_paths().front(), "/sitemap.xml");
  for (const auto& path : common_sitemap_paths())
    EXPECT_EQ(absolute_url("https://example.com/x", path), "https://example.com" + path);
}

}  // namespace
}  // namespace fencepost::connect

#include "connect/text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unicode/brkiter.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/error.hpp"

namespace fencepost::connect {
namespace {

using Unit = TextRules::Unit;

const TextRules kX{Unit::weighted, 280, 23, true};
const TextRules kBluesky{Unit::graphemes, 300};
const TextRules kMastodon{Unit::graphemes, 500, 23};
const TextRules kDiscord{Unit::code_points, 2000};
const TextRules kThreads{Unit::emoji_bytes, 500};

TextRules with_limit(TextRules rules, int limit) {
  rules.limit = limit;
  return rules;
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}

// The places where a grapheme ends, in bytes.
std::set<std::size_t> grapheme_ends(const std::string& text) {
  UErrorCode status = U_ZERO_ERROR;
  const auto unicode = icu::UnicodeString::fromUTF8(text);
  const std::unique_ptr<icu::BreakIterator> breaks(
      icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
  breaks->setText(unicode);
  std::set<std::size_t> ends;
  for (auto at = breaks->first(); at != icu::BreakIterator::DONE; at = breaks->next()) {
    std::string head;
    unicode.tempSubString(0, at).toUTF8String(head);
    ends.insert(head.size());
  }
  return ends;
}

TEST(Measure, CountsAsEachPlatformDoes) {
  struct {
    const char* text;
    int x, bluesky, mastodon, discord, threads;
  } const cases[] = {
      {"", 0, 0, 0, 0, 0},
      {"Grüße", 5, 5, 5, 5, 5},
      {"e\u0301", 1, 1, 1, 2, 2},  // X composes first
      {"生放送", 6, 3, 3, 3, 3},
      {"😀", 2, 1, 1, 1, 4},
      {"👩🏽‍💻", 2, 1, 1, 4, 15},
      {"🇩🇪", 2, 1, 1, 2, 8},
      {"1️⃣", 2, 1, 1, 3, 7},
      {"❤️", 2, 1, 1, 2, 6},
      {"2 © 3", 5, 5, 5, 5, 5},  // not shown as pictures
      {"see https://youtu.be/dQw4w9WgXcQ now", 31, 36, 31, 36, 36},
      {"see example.com now", 31, 19, 19, 19, 19},
      {"http://127.0.0.1:8080/x", 23, 23, 23, 23, 23},
      {"http://localhost/a", 18, 18, 18, 18, 18},  // no such domain is public
  };
  for (const auto& it : cases) {
    EXPECT_EQ(measure(it.text, kX), it.x) << it.text;
    EXPECT_EQ(measure(it.text, kBluesky), it.bluesky) << it.text;
    EXPECT_EQ(measure(it.text, kMastodon), it.mastodon) << it.text;
    EXPECT_EQ(measure(it.text, kDiscord), it.discord) << it.text;
    EXPECT_EQ(measure(it.text, kThreads), it.threads) << it.text;
  }
}

TEST(Measure, AnInvalidTextHasNoLengthAndNoUrls) {
  for (const std::string text : {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf"}) {
    EXPECT_EQ(measure(text, kX), 0);
    EXPECT_TRUE(urls_in(text + " example.com", true).empty());
    EXPECT_THROW(fit(text, "", kX), base::UserError);
    EXPECT_THROW(fit("", text, kX), base::UserError);
  }
}

TEST(UrlsIn, FindsThemInBytes) {
  const std::string text = "日本 https://example.com/a_(b)?c=1, example.org/x. user@example.net";
  const auto parts = [&](bool bare) {
    std::vector<std::string> found;
    for (const auto& [begin, end] : urls_in(text, bare)) found.push_back(text.substr(begin, end - begin));
    return found;
  };
  EXPECT_EQ(parts(false), (std::vector<std::string>{"https://example.com/a_(b)?c=1"}));
  EXPECT_EQ(parts(true), (std::vector<std::string>{"https://example.com/a_(b)?c=1", "example.org/x"}));
}

// A regular expression would take minutes: for each character it goes over all that follow.
TEST(UrlsIn, TakesALongTextInItsStride) {
  for (const char* part :
       {"a.", "日", "a-", "a.b_.", "-", "http://", "(", "a.com/(", "日.", "xn--", "t.co/a"}) {
    const auto text = repeated(part, 100000);
    EXPECT_GE(measure(text, kX), 0) << part;
  }
}

TEST(Fit, LeavesAloneWhatFits) {
  EXPECT_EQ(fit("On air!", "", kX).text, "On air!");
  EXPECT_EQ(fit("On air!", "https://youtu.be/x", kX).text, "On air!\nhttps://youtu.be/x");
  EXPECT_EQ(fit("On air!  \n", "https://youtu.be/x", kX).text, "On air!\nhttps://youtu.be/x");
  EXPECT_EQ(fit("", "https://youtu.be/x", kX).text, "https://youtu.be/x");
  const auto fitted = fit("Now: https://youtu.be/x (live)", "https://youtu.be/x", kX);
  EXPECT_EQ(fitted.text, "Now: https://youtu.be/x (live)");
  EXPECT_EQ(fitted.length, 35);
  EXPECT_EQ(fitted.limit, 280);
  EXPECT_FALSE(fitted.shortened);
}

TEST(Fit, TakesAnotherUrlForAnotherOne) {
  EXPECT_EQ(fit("https://youtu.be/xyz", "https://youtu.be/x", kX).text,
            "https://youtu.be/xyz\nhttps://youtu.be/x");
  EXPECT_EQ(fit("https://youtu.be/x/y", "https://youtu.be/x", kX).text,
            "https://youtu.be/x/y\nhttps://youtu.be/x");
  EXPECT_EQ(fit("(https://youtu.be/x).", "https://youtu.be/x", kX).text, "(https://youtu.be/x).");
  EXPECT_EQ(fit("http://localhost:1/x.", "http://localhost:1/x", kX).text, "http://localhost:1/x.");
}

TEST(Fit, CutsAtTheEndOfAWord) {
  EXPECT_EQ(fit("Three hosts, one show", "", with_limit(kDiscord, 15)).text, "Three hosts…");
  EXPECT_EQ(fit("Three hosts, one show", "https://a.de", with_limit(kDiscord, 25)).text,
            "Three hosts…\nhttps://a.de");
  EXPECT_EQ(fit("Wonderfully", "", with_limit(kDiscord, 5)).text, "Wond…");  // no word to end at
  EXPECT_EQ(fit("それは東京の生放送です", "", with_limit(kX, 14)).text, "それは東京の…");
  EXPECT_EQ(fit("👩🏽‍💻👩🏽‍💻👩🏽‍💻", "", with_limit(kX, 5)).text,
            "👩🏽‍💻…");
  EXPECT_EQ(fit("see example.com/a-b-c now", "", with_limit(kDiscord, 20)).text, "see…");
  EXPECT_TRUE(fit("see example.com/a-b-c now", "", with_limit(kDiscord, 20)).shortened);
}

TEST(Fit, ShortensInFrontOfTheUrlAndOnlyThenBehindIt) {
  const auto rules = with_limit(kDiscord, 40);
  EXPECT_EQ(fit("A title that goes on and on https://a.de/x #live", "https://a.de/x", rules).text,
            "A title that goes… https://a.de/x #live");
  EXPECT_EQ(fit("Now https://a.de/x and then a tale without end, really", "https://a.de/x", rules).text,
            "Now https://a.de/x and then a tale…");
  EXPECT_EQ(fit("What a very long opening https://a.de/x and then a tale without end", "https://a.de/x",
                with_limit(kDiscord, 20))
                .text,
            "What… https://a.de/x");
}

// SYSTEMS.md, announce: "texts over the limit when the URL is long".
TEST(Fit, TextsOverTheLimitWhenTheUrlIsLong) {
  const auto url =
      "https://www.youtube.com/watch?v=dQw4w9WgXcQ&" + repeated("list=abcdefghij&", 12) + "index=1";
  const auto text = repeated("word ", 60);
  for (const auto& rules : {kX, kBluesky, kMastodon, kDiscord, kThreads}) {
    const auto fitted = fit(text, url, rules);
    EXPECT_LE(measure(fitted.text, rules), rules.limit);
    EXPECT_TRUE(fitted.text.ends_with("\n" + url));
  }
  try {
    fit("On air", url, with_limit(kDiscord, 100));
    FAIL();
  } catch (const base::UserError& error) {
    EXPECT_EQ(error.code(), "invalid_text");
  }
}

// -- properties

std::string any_text() {
  static const std::vector<std::string> parts = {"word",
                                                 "Grüße",
                                                 "e\u0301",
                                                 "a\u0323\u0302",
                                                 "日本語",
                                                 "ไทย",
                                                 "हिन्दी",
                                                 "한국어",
                                                 "ᄒ\u1161\u11AB",
                                                 "😀",
                                                 "👩🏽‍💻",
                                                 "🇩🇪",
                                                 "🇽",
                                                 "1️⃣",
                                                 "❤️",
                                                 "🧑‍🤝‍🧑",
                                                 "\u200D",
                                                 "\uFE0F",
                                                 ".",
                                                 ",",
                                                 "-",
                                                 "(",
                                                 ")",
                                                 "\"",
                                                 " ",
                                                 " ",
                                                 " ",
                                                 "\n",
                                                 "\u00A0",
                                                 "…",
                                                 "example.com",
                                                 "a.b.example.de/x_(y)?z=1",
                                                 "https://example.org/a/b?c=d#e",
                                                 "http://127.0.0.1:8080/live",
                                                 "@user",
                                                 "#tag",
                                                 "x.c",
                                                 "http://",
                                                 "https://youtu.be/dQw4w9WgXcQ"};
  std::string text;
  for (const auto& part : *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(parts)))
    text += part;
  return text;
}

TextRules any_rules() {
  auto rules = *rc::gen::element(kX, kBluesky, kMastodon, kDiscord, kThreads);
  rules.limit = *rc::gen::inRange(40, 120);
  return rules;
}

// What stands before "…" is a beginning of what was there, which ends with a grapheme.
RC_GTEST_PROP(FitProperty, KeepsTheUrlAndTheLimitAndWholeGraphemes, ()) {
  const auto rules = any_rules();
  const std::string url =
      *rc::gen::element<std::string>("", "https://youtu.be/dQw4w9WgXcQ", "http://127.0.0.1:8787/x");
  const auto text = any_text();
  const auto fitted = fit(text, url, rules);
  RC_ASSERT(fitted.length == measure(fitted.text, rules));
  RC_ASSERT(fitted.length <= rules.limit);
  RC_ASSERT(fitted.text.find(url) != std::string::npos);
  RC_ASSERT(icu::UnicodeString::fromUTF8(fitted.text).indexOf(UChar(0xFFFD)) < 0);
  if (rules.unit == Unit::weighted) return;  // what was there was composed first
  if (!fitted.shortened) {
    RC_ASSERT(fitted.text.find(text.substr(0, text.find_last_not_of(" \n\u00A0") + 1)) == 0);
    return;
  }
  auto ends = grapheme_ends(text);
  // A mark that follows a URL is no part of it.
  for (auto at = text.find(url); !url.empty() && at != text.npos; at = text.find(url, at + 1))
    ends.insert(at + url.size());
  RC_ASSERT(std::any_of(ends.begin(), ends.end(), [&](std::size_t end) {
    if (!fitted.text.starts_with(text.substr(0, end))) return false;
    const auto rest = fitted.text.substr(end);
    return rest.starts_with("…") || rest.empty() || (end == 0 && rest.starts_with(url));
  }));
}

RC_GTEST_PROP(FitProperty, CutsNoUrl, ()) {
  auto rules = any_rules();
  RC_PRE(rules.unit != Unit::weighted);
  const auto text = any_text();
  const auto fitted = fit(text, "", rules);
  std::set<std::string> known;
  for (const auto& [begin, end] : urls_in(text, true)) known.insert(text.substr(begin, end - begin));
  for (const auto& [begin, end] : urls_in(fitted.text, true))
    RC_ASSERT(known.contains(fitted.text.substr(begin, end - begin)));
}

RC_GTEST_PROP(FitProperty, FittedTwiceIsFittedOnce, ()) {
  const auto rules = any_rules();
  const std::string url = *rc::gen::element<std::string>("", "https://youtu.be/dQw4w9WgXcQ");
  const auto once = fit(any_text(), url, rules);
  const auto twice = fit(once.text, url, rules);
  RC_ASSERT(twice.text == once.text);
  RC_ASSERT(!twice.shortened);
}

}  // namespace
}  // namespace fencepost::connect

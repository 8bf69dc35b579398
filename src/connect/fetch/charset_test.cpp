#include "connect/fetch/charset.hpp"

#include <gtest/gtest.h>

namespace fencepost::connect {
namespace {

using namespace std::string_view_literals;

std::string text_of(std::string_view bytes, std::string_view declared = {}) {
  return to_utf8(bytes, declared).text;
}

TEST(Charset, AByteOrderMarkGoesFirst) {
  EXPECT_EQ(text_of("\xEF\xBB\xBFgr\xC3\xBC\xC3\x9F", "iso-8859-1"), "grüß");
  EXPECT_EQ(text_of("\xFF\xFEg\0r\0\xFC\0\xDF\0"sv, "utf-8"), "grüß");
  EXPECT_EQ(text_of("\xFE\xFF\0g\0r\0\xFC\0\xDF"sv, "utf-8"), "grüß");
}

TEST(Charset, ThenTheHeaderThenTheMeta) {
  EXPECT_EQ(text_of("\xE4\xEE\xEC", "windows-1251"), "дом");
  EXPECT_EQ(text_of("<meta charset=windows-1252>\xE4\xEE\xEC", "windows-1251"),
            "<meta charset=windows-1252>дом");
  EXPECT_EQ(text_of("<META content='text/html; charset = KOI8-R' http-equiv=x>\xC4\xCF\xCD").substr(57),
            "дом");
  EXPECT_EQ(text_of("<meta charset=\"Shift_JIS\">\x93\xFA\x96\x7B").substr(26), "日本");
  EXPECT_EQ(text_of("<?xml version='1.0' encoding='euc-kr'?>\xC7\xD1").substr(39), "한");
  EXPECT_EQ(text_of("\x93\xFA\x96\x7B", "shift_jis"), "日本");
  EXPECT_EQ(to_utf8("<meta charset=utf-16>a", "").charset, "UTF-8");  // who could read this far
}

TEST(Charset, OldWesternNamesMeanWindows1252AsInBrowsers) {
  for (const auto* name : {"iso-8859-1", "ISO-8859-1", "latin1", "us-ascii", "windows-1252"})
    EXPECT_EQ(text_of("\x80 5 \x93so\x94", name), "€ 5 “so”") << name;
  EXPECT_EQ(to_utf8("\x80", "latin1").charset, "windows-1252");
}

TEST(Charset, WhatTheBytesContradictIsNotBelieved) {
  EXPECT_EQ(text_of("Caf\xE9 au lait, cr\xE8me br\xFBl\xE9"
                    "e",
                    "utf-8"),
            "Café au lait, crème brûlée");
  EXPECT_EQ(text_of("<meta charset=utf-8>\xE9t\xE9"), "<meta charset=utf-8>été");
  EXPECT_EQ(text_of("gr\xC3\xBC\xC3\x9F", "iso-8859-1"), "grüß");
  EXPECT_EQ(text_of("gr\xC3\xBC\xC3\x9F", "windows-1251"), "grüß");
}

TEST(Charset, ADamagedByteDoesNotChangeTheCharset) {
  const std::string good = "äöüäöüäöüäöü";
  const auto read = to_utf8(good + "\xFF" + good, "utf-8");
  EXPECT_EQ(read.text, good + "\xEF\xBF\xBD" + good);
  EXPECT_EQ(read.charset, "UTF-8");
}

TEST(Charset, NobodyHasToNameIt) {
  EXPECT_EQ(text_of("plain"), "plain");
  EXPECT_EQ(text_of(""), "");
  EXPECT_EQ(text_of("gr\xC3\xBC\xC3\x9F"), "grüß");
  const auto russian = to_utf8(
      "\xCF\xF0\xE8\xE2\xE5\xF2, \xFD\xF2\xEE \xF1\xF2\xF0\xE0\xED\xE8\xF6\xE0 \xED\xE0 "
      "\xF0\xF3\xF1\xF1\xEA\xEE\xEC "
      "\xFF\xE7\xFB\xEA\xE5 \xE1\xE5\xE7 \xEA\xEE\xE4\xE8\xF0\xEE\xE2\xEA\xE8",
      "");
  EXPECT_EQ(russian.text, "Привет, это страница на русском языке без кодировки");
}

TEST(Charset, UnknownAndHidingNamesArePassedOver) {
  EXPECT_EQ(text_of("caf\xC3\xA9", "no-such-charset"), "café");
  EXPECT_EQ(text_of("caf\xC3\xA9", "../../etc/passwd"), "café");
  EXPECT_EQ(text_of("caf\xC3\xA9", std::string(1'000, 'x')), "café");
  EXPECT_EQ(text_of("+ADw-script+AD4-", "utf-7"), "+ADw-script+AD4-");
  EXPECT_EQ(text_of("\x4C\x83", "ibm037"), text_of("\x4C\x83", "windows-1252"));
}

TEST(Charset, WhateverComesIsCleanUtf8) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  for (const auto* name : {"", "utf-8", "utf-16", "utf-16be", "utf-32", "gb18030", "big5", "euc-jp",
                           "iso-2022-jp", "windows-874", "koi8-u", "macintosh"}) {
    for (const auto& bytes :
         {all, all + "\xE9", std::string("\0\0\0", 3), std::string("\xED\xA0\x80\xF4\x90\x80\x80")}) {
      EXPECT_TRUE(is_clean_utf8(text_of(bytes, name))) << name;
      EXPECT_EQ(text_of(bytes, name), text_of(bytes, name)) << name;
    }
  }
}

TEST(Charset, CleanUtf8IsWhatADatabaseStores) {
  EXPECT_TRUE(is_clean_utf8("aé日😀\xF4\x8F\xBF\xBF"));
  for (const auto bad : {"a\0b"sv, "\xC0\x80"sv, "\xC3"sv, "\xE9t"sv, "\xED\xA0\x80"sv, "\xF4\x90\x80\x80"sv,
                         "\xE0\x80\x80"sv, "\xF0\x80\x80\x80"sv, "\x80"sv, "\xFF"sv, "\xE6\x97"sv})
    EXPECT_FALSE(is_clean_utf8(bad));
}

TEST(Charset, OfAContentType) {
  EXPECT_EQ(charset_of("text/html; charset=UTF-8"), "utf-8");
  EXPECT_EQ(charset_of("text/html;Charset=\"windows-1251\"; x=y"), "windows-1251");
  EXPECT_EQ(charset_of("text/html"), "");
  EXPECT_EQ(charset_of("text/html; charset="), "");
}

}  // namespace
}  // namespace fencepost::connect

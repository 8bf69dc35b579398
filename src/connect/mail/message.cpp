#include "connect/mail/message.hpp"

#include <sodium.h>

#include <algorithm>
#include <ctime>
#include <vector>

#include "base/error.hpp"

namespace fencepost::connect::mail {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::size_t kWordBytes = 45;                     // 60 of base64 and 12 around them: at most 75
constexpr std::size_t kBodyLine = 57;                      // bytes that make 76 characters

std::string base64(std::string_view text) {
  std::string out(sodium_base64_ENCODED_LEN(text.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  out.pop_back();  // libsodium's terminating NUL
  return out;
}

// How long the character at `at` is; 0: it is none (RFC 3629: no overlong form, no surrogate).
std::size_t character(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned lead = byte(0);
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (size == 0 || lead > 0xF4 || at + size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F)) return 0;
  if ((lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F)) return 0;
  return size;
}

std::vector<std::string> characters(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const auto size = character(text, at);
    out.emplace_back(size == 0 ? kReplacement : text.substr(at, size));
    at += std::max<std::size_t>(size, 1);
  }
  return out;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// RFC 5322, section 3.3; English whatever the locale is.
std::string date_of(base::Micros at) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = at / 1'000'000;
  std::tm t{};
  gmtime_r(&seconds, &t);
  const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return std::string(kDays[t.tm_wday]) + ", " + two(t.tm_mday) + " " + kMonths[t.tm_mon] + " " +
         std::to_string(t.tm_year + 1900) + " " + two(t.tm_hour) + ":" + two(t.tm_min) + ":" + two(t.tm_sec) +
         " +0000";
}

bool is_id(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

bool is_address(std::string_view text) {
  const auto at = text.find('@');
  if (text.size() > 254 || at == 0 || at == std::string_view::npos || at + 1 == text.size()) return false;
  if (text.find('@', at + 1) != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f && std::string_view("<>()[]\\\",;:").find(c) == std::string_view::npos;
  });
}

std::string encoded_words(std::string_view text) {
  std::string clean(text);
  std::replace_if(clean.begin(), clean.end(), is_control, ' ');
  // "=?" would be read as a word of its own; long lines would have to be folded.
  const bool plain = clean.size() <= 60 && clean.find("=?") == std::string::npos &&
                     std::all_of(clean.begin(), clean.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (plain) return clean;
  std::string out, word;
  const auto flush = [&] {
    if (!word.empty()) out += (out.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?") + base64(word) + "?=";
    word.clear();
  };
  for (const auto& one : characters(clean)) {
    if (word.size() + one.size() > kWordBytes) flush();
    word += one;
  }
  flush();
  return out;
}

std::string render(const Mail& mail, const std::string& from) {
  FENCEPOST_ASSERT(is_address(from) && is_address(mail.to) && is_id(mail.id));
  std::string body, lines;
  for (const auto& one : characters(mail.text)) body += one == "\n" ? "\r\n" : one;
  for (std::size_t at = 0; at < body.size(); at += kBodyLine)
    lines += base64(std::string_view(body).substr(at, kBodyLine)) + "\r\n";
  return "Date: " + date_of(mail.date) + "\r\nFrom: Fencepost <" + from + ">\r\nTo: <" + mail.to +
         ">\r\nMessage-ID: <" + mail.id + from.substr(from.find('@')) +
         ">\r\nSubject: " + encoded_words(mail.subject) +
         "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
         "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
         lines;
}

}  // namespace fencepost::connect::mail

#include "connect/fetch/charset.hpp"

#include <unicode/ucnv.h>
#include <unicode/ucsdet.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.hpp"

namespace fencepost::connect {

namespace {

using Converter = std::unique_ptr<UConverter, decltype(&ucnv_close)>;

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_name(std::string_view name) {
  constexpr std::size_t kLongest = 40;
  return !name.empty() && name.size() <= kLongest && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_.:+").find(c) != std::string_view::npos;
  });
}

// The WHATWG encoding standard's view of old names, where it matters: the C1 range is printable, UTF-16
// without a mark is little-endian.
std::string as_browsers_read(const std::string& name) {
  for (const auto* western :
       {"iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1", "us-ascii", "ascii"})
    if (name == western) return "windows-1252";
  if (name == "utf-16") return "utf-16le";
  if (name == "utf8") return "utf-8";
  if (name == "gb2312") return "gbk";
  return name;
}

// Null for a name that ICU does not know, and for what browsers refuse: those that hide ASCII in other bytes.
Converter converter_of(const std::string& name) {
  if (!is_name(name)) return {nullptr, &ucnv_close};
  UErrorCode status = U_ZERO_ERROR;
  Converter converter(ucnv_open(as_browsers_read(lower(name)).c_str(), &status), &ucnv_close);
  if (U_FAILURE(status)) return {nullptr, &ucnv_close};
  const std::string_view canonical = ucnv_getName(converter.get(), &status);
  for (const std::string_view hidden :
       {"UTF-7", "IMAP", "SCSU", "BOCU", "ebcdic", "ibm-37", "HZ", "ISO-2022-CN"})
    if (canonical.starts_with(hidden)) converter.reset();
  return converter;
}

std::string usual_name(UConverter* converter) {
  UErrorCode status = U_ZERO_ERROR;
  const auto* name = ucnv_getName(converter, &status);
  for (const auto* standard : {"MIME", "IANA"}) {
    status = U_ZERO_ERROR;
    if (const auto* usual = ucnv_getStandardName(name, standard, &status)) return usual;
  }
  return name;
}

// Without U+0000, which PostgreSQL does not store.
Decoded decoded(UConverter* converter, std::string_view bytes) {
  FENCEPOST_ASSERT(bytes.size() < (std::size_t{1} << 29));  // ICU counts in 32 bits
  UErrorCode status = U_ZERO_ERROR;
  Decoded out{{}, usual_name(converter)};
  out.text.resize(bytes.size() * 3 + 16);
  status = U_ZERO_ERROR;
  const auto convert = [&] {
    ucnv_reset(converter);
    status = U_ZERO_ERROR;
    return ucnv_toAlgorithmic(UCNV_UTF8, converter, out.text.data(), static_cast<int>(out.text.size()),
                              bytes.data(), static_cast<int>(bytes.size()), &status);
  };
  auto size = convert();
  if (status == U_BUFFER_OVERFLOW_ERROR) {
    out.text.resize(static_cast<std::size_t>(size) + 1);
    size = convert();
  }
  out.text.resize(U_SUCCESS(status) ? static_cast<std::size_t>(size) : 0);
  std::erase(out.text, '\0');
  return out;
}

// Whether the text shows that it was read as the wrong charset: more than a tenth of what is not ASCII could
// not be read. A page with a damaged byte or two is still what it says.
bool contradicted(const Decoded& read) {
  std::size_t foreign = 0;
  std::size_t unread = 0;
  const std::string_view text = read.text;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (static_cast<unsigned char>(text[at]) < 0xC0) continue;
    ++foreign;
    if (text.substr(at, 3) == "\xEF\xBF\xBD") ++unread;
  }
  return unread * 10 > foreign;
}

bool has_foreign(std::string_view bytes) {
  return std::any_of(bytes.begin(), bytes.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

bool is_utf8(std::string_view text) {
  std::size_t at = 0;
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  while (at < text.size()) {
    const auto lead = byte(at);
    if (lead < 0x80) {
      ++at;
      continue;
    }
    const std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4) return false;
    for (std::size_t i = 1; i <= more; ++i)
      if ((byte(at + i) & 0xC0U) != 0x80) return false;
    const auto second = byte(at + 1);
    // Overlong, surrogate, or beyond U+10FFFF.
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
        (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F))
      return false;
    at += more + 1;
  }
  return true;
}

std::string value_behind(std::string_view text, std::string_view name) {
  const auto found = lower(text);
  constexpr std::string_view kBlank = " \t\r\n";
  for (auto at = found.find(name); at != std::string::npos; at = found.find(name, at + 1)) {
    auto value = found.find_first_not_of(kBlank, at + name.size());
    if (value == std::string::npos || found[value] != '=') continue;
    value = found.find_first_not_of(" \t\r\n\"'", value + 1);
    if (value == std::string::npos) break;
    return found.substr(value, found.find_first_of(" \t\r\n\"';,/>?", value) - value);
  }
  return {};
}

// The HTML standard's "prescan", without its corner cases; also XML's declaration.
std::string charset_in(std::string_view bytes) {
  const auto head = lower(bytes.substr(0, 1'024));
  if (head.starts_with("<?xml")) {
    auto name = value_behind(std::string_view(head).substr(0, head.find("?>")), "encoding");
    if (!name.empty()) return name;
  }
  for (auto at = head.find("<meta"); at != std::string::npos; at = head.find("<meta", at + 1)) {
    auto name = value_behind(std::string_view(head).substr(at, head.find('>', at) - at), "charset");
    // Who can read this much without a mark is not reading UTF-16.
    if (!name.empty()) return name.starts_with("utf-16") ? "utf-8" : name;
  }
  return {};
}

std::string guessed(std::string_view bytes) {
  constexpr std::size_t kEnough = std::size_t{64} << 10;
  constexpr int kUnsure = 20;  // of 100
  bytes = bytes.substr(0, kEnough);
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UCharsetDetector, decltype(&ucsdet_close)> detector(ucsdet_open(&status),
                                                                            &ucsdet_close);
  if (U_FAILURE(status)) return {};
  ucsdet_setText(detector.get(), bytes.data(), static_cast<int>(bytes.size()), &status);
  ucsdet_enableInputFilter(detector.get(), true);  // looks at what stands between tags
  const auto* match = ucsdet_detect(detector.get(), &status);
  if (U_FAILURE(status) || match == nullptr || ucsdet_getConfidence(match, &status) < kUnsure) return {};
  return ucsdet_getName(match, &status);
}

std::optional<std::pair<std::size_t, const char*>> mark(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) return {{3, "utf-8"}};
  if (bytes.starts_with("\xFE\xFF")) return {{2, "utf-16be"}};
  if (bytes.starts_with("\xFF\xFE")) return {{2, "utf-16le"}};
  return std::nullopt;
}

}  // namespace

Decoded to_utf8(std::string_view bytes, std::string_view declared) {
  if (const auto found = mark(bytes))
    return decoded(converter_of(found->second).get(), bytes.substr(found->first));
  const bool utf8 = is_utf8(bytes);
  for (const auto& name : {std::string(declared), charset_in(bytes)}) {
    const auto converter = converter_of(name);
    if (!converter) continue;
    // Servers name a western charset for everything; text that is UTF-8 by chance does not exist.
    if (utf8 && has_foreign(bytes) && ucnv_getMaxCharSize(converter.get()) == 1) break;
    auto read = decoded(converter.get(), bytes);
    if (!contradicted(read)) return read;
  }
  if (utf8) return decoded(converter_of("utf-8").get(), bytes);
  if (const auto converter = converter_of(guessed(bytes))) {
    auto read = decoded(converter.get(), bytes);
    if (!contradicted(read)) return read;
  }
  return decoded(converter_of("windows-1252").get(), bytes);
}

std::string charset_of(std::string_view content_type) { return value_behind(content_type, "charset"); }

bool is_clean_utf8(std::string_view text) {
  return text.find('\0') == std::string_view::npos && is_utf8(text);
}

}  // namespace fencepost::connect

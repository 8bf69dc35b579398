#include <algorithm>
#include <array>

#include "connect/html/contacts.hpp"

namespace fencepost::connect {

namespace {

constexpr std::size_t kMostDigits = 15;  // E.164
constexpr std::size_t kMostNational = 12;
constexpr std::size_t kLeastDigits = 6;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_letter(char c) { return is_ascii_letter(c) || static_cast<unsigned char>(c) >= 0x80; }

// The text in bytes: what typesetters use between digits becomes what typewriters do.
std::string typewritten(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto two = text.substr(at, 2);
    const auto three = text.substr(at, 3);
    if (two == "\xC2\xA0") {  // no-break space
      out += ' ';
      at += 2;
    } else if (three == "\xE2\x80\xAF" || three == "\xE2\x80\x89" ||
               three == "\xE2\x80\x87") {  // narrow spaces
      out += ' ';
      at += 3;
    } else if (three >= "\xE2\x80\x90" && three <= "\xE2\x80\x95") {  // hyphens and dashes
      out += '-';
      at += 3;
    } else {
      out += text[at++];
    }
  }
  return out;
}

struct Written {
  std::string digits;
  bool plus = false;
  std::vector<std::size_t> groups;  // how many digits stand together
};

Written taken_apart(std::string_view text) {
  Written out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    // The trunk 0 that is dialled only inside the country: +49 (0)30 …
    if (text.substr(at, 3) == "(0)" && out.plus) {
      at += 2;
      out.groups.push_back(0);
    } else if (is_digit(text[at])) {
      if (out.groups.empty() || (at > 0 && !is_digit(text[at - 1]))) out.groups.push_back(0);
      ++out.groups.back();
      out.digits += text[at];
    } else if (text[at] == '+' && out.digits.empty()) {
      out.plus = true;
    }
  }
  std::erase(out.groups, std::size_t{0});
  if (!out.plus && out.digits.starts_with("00") && out.digits.size() > 9) {
    out.plus = true;
    out.digits.erase(0, 2);
  }
  return out;
}

bool is_monotone(const std::string& digits) {
  return std::all_of(digits.begin(), digits.end(), [&](char c) { return c == digits.back(); });
}

enum class Label { none, phone, fax };

// The last word in front of a number, if a number belongs to it.
Label label_before(std::string_view text) {
  constexpr std::size_t kNear = 24;
  constexpr auto kPhones = std::to_array<std::string_view>(
      {"tel", "telefon", "telephone", "telefono", "teléfono", "telefoon", "téléphone", "phone", "fon", "call",
       "mobil", "mobile", "mobiel", "cell", "handy", "hotline", "ruf"});
  constexpr auto kFaxes = std::to_array<std::string_view>({"fax", "telefax", "faks"});
  text = text.substr(text.size() - std::min(text.size(), kNear));
  std::string word;
  Label label = Label::none;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size() && is_letter(text[at])) {
      word += text[at] >= 'A' && text[at] <= 'Z' ? static_cast<char>(text[at] - 'A' + 'a') : text[at];
      continue;
    }
    if (std::find(kPhones.begin(), kPhones.end(), word) != kPhones.end()) label = Label::phone;
    if (std::find(kFaxes.begin(), kFaxes.end(), word) != kFaxes.end()) label = Label::fax;
    word.clear();
    // Another number stands between: the word was that one's.
    if (at < text.size() && is_digit(text[at])) label = Label::none;
  }
  return label;
}

bool plausible(const Written& number, Label label) {
  const auto size = number.digits.size();
  if (size < kLeastDigits || size > kMostDigits || is_monotone(number.digits.substr(1))) return false;
  if (number.plus) return size >= 8 && number.digits.front() != '0';
  if (size > kMostNational) return false;
  if (label == Label::phone) return true;
  const auto& groups = number.groups;
  if (groups == std::vector<std::size_t>{3, 3, 4} && number.digits.front() != '0') return true;
  // A trunk 0 with an area code. Dates and opening hours are shorter; ISBNs begin with a single digit.
  return number.digits.front() == '0' && groups.size() >= 2 && groups.front() >= 2 && size >= 9;
}

std::string stored(const Written& number) { return (number.plus ? "+" : "") + number.digits; }

// Not in the middle of a word, of a longer number, or of a date.
bool begins_at(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c != '+' && c != '(' && !is_digit(c)) return false;
  if (at == 0) return true;
  const char before = text[at - 1];
  if (is_ascii_letter(before) || is_digit(before) ||
      std::string_view("_=#@&%+").find(before) != std::string_view::npos)
    return false;
  const bool joint = std::string_view(".,:/-").find(before) != std::string_view::npos;
  return !joint || at == 1 || !is_digit(text[at - 2]);
}

// Where the number that begins at `at` ends: digits, and at most `apart` separators between two of them.
std::size_t end_of(std::string_view text, std::size_t at, std::size_t apart) {
  constexpr std::size_t kLongest = 40;
  auto end = at + 1;
  for (auto i = end; i < text.size() && i - at < kLongest && i - end <= apart; ++i) {
    if (is_digit(text[i])) {
      end = i + 1;
    } else if (std::string_view(" -./()").find(text[i]) == std::string_view::npos) {
      break;
    }
  }
  return end;
}

bool cut_off(std::string_view text, std::size_t end) {
  const char after = end < text.size() ? text[end] : ' ';
  return is_ascii_letter(after) || is_digit(after) || after == '@' || after == '%';
}

}  // namespace

std::vector<Phone> phones_in(std::string_view raw) {
  std::vector<Phone> found;
  const auto whole = typewritten(raw);
  const std::string_view text = whole;
  for (std::size_t at = 0; at < text.size();) {
    if (!begins_at(text, at)) {
      ++at;
      continue;
    }
    const auto label = label_before(text.substr(0, at));
    // "030 - 123456" is one number, "030 123456 / 030 123457" are two: the longest that is plausible.
    auto end = at + 1;
    for (const std::size_t apart : {4, 2, 1}) {
      end = end_of(text, at, apart);
      const auto number = taken_apart(text.substr(at, end - at));
      if (cut_off(text, end) || !plausible(number, label)) continue;
      if (label != Label::fax) found.push_back({stored(number), false});
      break;
    }
    at = end;
  }
  return found;
}

std::optional<Phone> phone_of_link(std::string_view target) {
  const auto whole = unescaped(target.substr(0, target.find_first_of(";?")));
  const bool letters = std::any_of(whole.begin(), whole.end(), is_letter);
  const auto number = taken_apart(typewritten(whole));
  if (letters || !plausible(number, Label::phone)) return std::nullopt;
  return Phone{stored(number), true};
}

}  // namespace fencepost::connect

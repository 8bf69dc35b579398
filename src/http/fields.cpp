#include "http/fields.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "http/url.hpp"

namespace fencepost::http {

namespace {
using nlohmann::json;

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

// Collects what is wrong, up to a number that still helps.
class Checker {
 public:
  void object(const std::vector<Field>& fields, const json& value, const std::string& prefix);
  void value(const Field& field, const json& value, const std::string& at);
  void complain(const std::string& at, const std::string& detail) {
    if (errors.size() < kMaxFieldErrors) errors.push_back({at, detail});
  }
  std::vector<FieldError> errors;

 private:
  void string(const Field& field, const json& value, const std::string& at);
  void number(const Field& field, const json& value, const std::string& at);
  void list(const Field& field, const json& value, const std::string& at);
};

bool http_url(const std::string& text) {
  const std::string_view view = text;
  const std::size_t scheme = view.starts_with("https://") ? 8 : view.starts_with("http://") ? 7 : 0;
  if (scheme == 0 || view.size() == scheme || view.find_first_of("/?#", scheme) == scheme) return false;
  return std::none_of(view.begin(), view.end(),
                      [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

bool email_address(const std::string& text) {
  const auto at = text.find('@');
  return at != std::string::npos && at > 0 && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string::npos && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
         });
}

bool uuid(const std::string& text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

// What is wrong with a text of that format, or nothing.
std::string format_error(Format format, const std::string& text) {
  switch (format) {
    case Format::none:
      return {};
    case Format::uri:
      return http_url(text) ? "" : "must be an http:// or https:// URL";
    case Format::email:
      return email_address(text) ? "" : "must be an e-mail address";
    case Format::uuid:
      return uuid(text) ? "" : "must be a UUID";
    case Format::date_time:
      break;
  }
  try {
    base::parse_utc(text);
    return {};
  } catch (const base::UserError&) {
    return "must be a time between 1970 and 2037 such as 2026-11-22T18:00:00Z";
  }
}

void Checker::string(const Field& field, const json& value, const std::string& at) {
  if (!value.is_string()) return complain(at, "must be a string");
  const auto& text = value.get_ref<const std::string&>();
  const auto length = code_points(text);
  if (length > field.max_length)
    return complain(at, "has " + std::to_string(length) + " characters: shorten it to " +
                            std::to_string(field.max_length));
  if (length < field.min_length)
    return complain(at, field.min_length == 1
                            ? "must not be empty"
                            : "must have at least " + std::to_string(field.min_length) + " characters");
  if (text.find('\0') != std::string::npos) return complain(at, "must not contain the character U+0000");
  if (!field.choices.empty() &&
      std::find(field.choices.begin(), field.choices.end(), text) == field.choices.end())
    return complain(at, "must be one of: " + joined(field.choices));
  if (const auto error = format_error(field.format, text); !error.empty()) complain(at, error);
}

void Checker::number(const Field& field, const json& value, const std::string& at) {
  const bool whole = field.type == FieldType::integer;
  if (!value.is_number()) return complain(at, whole ? "must be a whole number" : "must be a number");
  const double approximate = value.get<double>();
  // Beyond 2^53 a float no longer names one integer, and int64 is what a handler reads.
  const bool exact = value.is_number_unsigned()
                         ? value.get<std::uint64_t>() <= INT64_MAX
                         : value.is_number_integer() || (std::trunc(approximate) == approximate &&
                                                         std::abs(approximate) <= 9007199254740992.0);
  if (whole && !exact) return complain(at, "must be a whole number of at most 63 bits");
  const bool low = field.minimum && (whole ? value.get<std::int64_t>() < *field.minimum
                                           : approximate < static_cast<double>(*field.minimum));
  const bool high = field.maximum && (whole ? value.get<std::int64_t>() > *field.maximum
                                            : approximate > static_cast<double>(*field.maximum));
  if (low) complain(at, "must be at least " + std::to_string(*field.minimum));
  if (high) complain(at, "must be at most " + std::to_string(*field.maximum));
}

void Checker::list(const Field& field, const json& value, const std::string& at) {
  if (!value.is_array()) return complain(at, "must be a list");
  if (value.size() > field.max_items)
    return complain(
        at, "has " + std::to_string(value.size()) + " entries: at most " + std::to_string(field.max_items));
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string here = at + "[" + std::to_string(i) + "]";
    if (field.type == FieldType::strings)
      string(field, value[i], here);
    else if (!value[i].is_object())
      complain(here, "must be an object");
    else if (!field.fields.empty())
      object(field.fields, value[i], here + ".");
  }
}

void Checker::value(const Field& field, const json& value, const std::string& at) {
  if (value.is_null() && field.nullable) return;
  switch (field.type) {
    case FieldType::string:
      return string(field, value, at);
    case FieldType::integer:
    case FieldType::number:
      return number(field, value, at);
    case FieldType::boolean:
      return value.is_boolean() ? void() : complain(at, "must be true or false");
    case FieldType::strings:
    case FieldType::objects:
      return list(field, value, at);
    case FieldType::object:
      if (!value.is_object()) return complain(at, "must be an object");
      if (!field.fields.empty()) object(field.fields, value, at + ".");
  }
}

void Checker::object(const std::vector<Field>& fields, const json& members, const std::string& prefix) {
  std::vector<std::string> known;
  for (const auto& field : fields) {
    known.push_back(field.name);
    const auto at = members.find(field.name);
    if (at != members.end())
      value(field, *at, prefix + field.name);
    else if (field.required)
      complain(prefix + field.name, "is missing and must be given");
  }
  for (const auto& member : members.items()) {
    if (std::find(known.begin(), known.end(), member.key()) != known.end()) continue;
    complain(prefix + clip(member.key(), 64),
             "is not known here: remove it" + (known.empty() ? "" : " (known: " + joined(known) + ")"));
  }
}

std::optional<Refusal> refusal(const Checker& checker, std::string_view what) {
  if (checker.errors.empty()) return std::nullopt;
  const auto& first = checker.errors.front();
  return Refusal{422, "invalid_field", std::string(what) + " '" + first.field + "' " + first.detail,
                 checker.errors};
}

// Watches the parser for what JSON allows and we do not: deep nesting, and a name given twice, which two
// readers resolve in two ways (RFC 8259 §4).
struct Watch {
  bool too_deep = false;
  std::string twice;
  std::vector<std::set<std::string>> names;

  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    using Event = json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      too_deep = too_deep || static_cast<std::size_t>(depth) >= kMaxDepth;
      if (!too_deep && event == Event::object_start) names.emplace_back();
    }
    if (too_deep) return false;
    if (event == Event::object_end) names.pop_back();
    if (event == Event::key && !names.back().insert(parsed.get<std::string>()).second && twice.empty())
      twice = parsed.get<std::string>();
    return true;
  }
};

std::string position(std::string_view body, std::size_t byte) {
  const auto before = body.substr(0, byte == 0 ? 0 : byte - 1);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto newline = before.rfind('\n');
  const auto column = before.size() - (newline == std::string_view::npos ? 0 : newline + 1) + 1;
  return "line " + std::to_string(line) + ", byte " + std::to_string(column);
}

// A text as the JSON value it would be in a body; a text that is none stays a string, which the check then
// refuses.
json from_text(FieldType type, const std::string& text) {
  if (type == FieldType::boolean && (text == "true" || text == "false")) return text == "true";
  const auto number = [&](auto value) -> json {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    // from_chars also reads "nan" and "inf", which no bound would refuse.
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && std::isfinite(static_cast<double>(value)) ? json(value) : json(text);
  };
  if (type == FieldType::integer) return number(std::int64_t{0});
  if (type == FieldType::number) return number(0.0);
  return text;
}
}  // namespace

std::optional<Refusal> parse_body(const std::vector<Field>& fields, std::string_view body, json& out) {
  out = json::object();
  if (!valid_utf8(body)) return Refusal{400, "bad_utf8", "the body is not UTF-8"};
  if (!body.empty()) {
    Watch watch;
    try {
      out = json::parse(body, std::ref(watch));
    } catch (const json::parse_error& error) {
      return Refusal{400, "invalid_json", "the body is not JSON: look at " + position(body, error.byte)};
    } catch (const json::exception&) {
      return Refusal{400, "invalid_json", "the body holds a number that is out of range"};
    }
    if (watch.too_deep)
      return Refusal{400, "too_deep",
                     "the body is nested more than " + std::to_string(kMaxDepth) + " levels deep"};
    if (!watch.twice.empty())
      return Refusal{400, "invalid_json", "the body gives the member '" + clip(watch.twice, 64) + "' twice"};
    if (!out.is_object()) return Refusal{422, "invalid_field", "the body must be a JSON object"};
  }
  Checker checker;
  checker.object(fields, out, "");
  return refusal(checker, "the field");
}

std::optional<Refusal> check_texts(const std::vector<Field>& fields,
                                   const std::map<std::string, std::string>& texts, std::string_view where,
                                   bool closed) {
  json members = json::object();
  for (const auto& [name, text] : texts) {
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
    if (field != fields.end())
      members[name] = from_text(field->type, text);
    else if (closed)
      members[name] = text;
  }
  Checker checker;
  checker.object(fields, members, "");
  return refusal(checker, "the " + std::string(where));
}

}  // namespace fencepost::http

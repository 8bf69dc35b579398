#include "connect/limits.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <sstream>

#include "base/error.hpp"
#include "connect/limits_data.hpp"

namespace fencepost::connect {

namespace {

using Values = std::map<std::string, LimitValue>;

[[noreturn]] void refuse(const std::string& why) { throw base::UserError("invalid_limits", why); }

std::optional<std::variant<std::int64_t, std::string>> value_of(const toml::node& node) {
  if (const auto number = node.value_exact<std::int64_t>()) return *number;
  if (const auto text = node.value_exact<std::string>()) return *text;
  return std::nullopt;
}

// A built-in file was checked by the build (cmake/limits.py), so what is wrong with it here is a bug.
Values built_in(std::string_view file) {
  Values values;
  const toml::table table = toml::parse(file);
  for (const auto& [name, node] : table) {
    const auto* entry = node.as_table();
    FENCEPOST_ASSERT(entry != nullptr);
    const auto value = value_of(*entry->get("value"));
    const auto date = entry->get("date")->value<toml::date>();
    FENCEPOST_ASSERT(value && date);
    std::ostringstream day;
    day << *date;
    values.insert_or_assign(std::string(name.str()),
                            LimitValue{*value, day.str(), *entry->get("source")->value<std::string>()});
  }
  return values;
}

void lay_over(Values& values, const toml::table& table, const std::string& platform,
              const std::string& path) {
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const auto where = path + ": " + platform + "." + name;
    const auto at = values.find(name);
    if (at == values.end()) refuse(where + " is not known");
    const auto value = value_of(node);
    if (!value || value->index() != at->second.value.index())
      refuse(where + (at->second.value.index() == 0 ? " must be a whole number" : " must be a text"));
    if (const auto* number = std::get_if<std::int64_t>(&*value); number != nullptr && *number < 0)
      refuse(where + " must not be below 0");
    at->second = {*value, "", path};
  }
}

toml::table read(const std::string& path) try {
  return toml::parse_file(path);
} catch (const toml::parse_error& error) {
  refuse(path + ":" + std::to_string(error.source().begin.line) + ": " + std::string(error.description()));
}

TextRules::Unit unit_of(const std::string& name) {
  using Unit = TextRules::Unit;
  if (name == "graphemes") return Unit::graphemes;
  if (name == "weighted") return Unit::weighted;
  if (name == "emoji_bytes") return Unit::emoji_bytes;
  FENCEPOST_ASSERT(name == "code_points");
  return Unit::code_points;
}

}  // namespace

const LimitValue& PlatformLimits::named(std::string_view name) const {
  const auto at = values_.find(std::string(name));
  FENCEPOST_ASSERT(at != values_.end());
  return at->second;
}

std::int64_t PlatformLimits::number(std::string_view name) const {
  const auto* number = std::get_if<std::int64_t>(&named(name).value);
  FENCEPOST_ASSERT(number != nullptr);
  return *number;
}

const std::string& PlatformLimits::text(std::string_view name) const {
  const auto* text = std::get_if<std::string>(&named(name).value);
  FENCEPOST_ASSERT(text != nullptr);
  return *text;
}

std::vector<std::string> PlatformLimits::words(std::string_view name) const {
  std::istringstream list(text(name));
  return {std::istream_iterator<std::string>(list), {}};
}

bool PlatformLimits::has_word(std::string_view name, std::string_view word) const {
  const auto all = words(name);
  return std::find(all.begin(), all.end(), word) != all.end();
}

TextRules PlatformLimits::text_rules() const {
  TextRules rules;
  rules.unit = unit_of(text("length-unit"));
  rules.limit = static_cast<int>(number("length"));
  if (values_.contains("url-length")) rules.url_length = static_cast<int>(number("url-length"));
  rules.bare_domains = values_.contains("bare-domains") && number("bare-domains") != 0;
  return rules;
}

Limits::Limits(const std::string& path) {
  const toml::table over = path.empty() ? toml::table{} : read(path);
  std::map<std::string, Values> all;
  for (const auto& file : limits_files) all.emplace(file.platform, built_in(file.content));
  for (const auto& [key, node] : over) {
    const std::string platform(key.str());
    const auto at = all.find(platform);
    if (at == all.end()) refuse(path + ": '" + platform + "' is no platform with limits");
    if (!node.is_table()) refuse(path + ": '" + platform + "' must be a table");
    lay_over(at->second, *node.as_table(), platform, path);
  }
  for (auto& [platform, values] : all) platforms_.emplace(platform, PlatformLimits(std::move(values)));
}

const PlatformLimits& Limits::of(std::string_view platform) const {
  const auto at = platforms_.find(platform);
  FENCEPOST_ASSERT(at != platforms_.end());
  return at->second;
}

}  // namespace fencepost::connect

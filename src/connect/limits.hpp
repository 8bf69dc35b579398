#pragma once
// The numbers that a platform may change any day: lengths, costs, quotas, sizes, versions. One data file a
// platform, src/connect/PLATFORM/limits.toml, each value with its date and its source; built in, and
// overridable by an operator's file (the setting platform-limits), so that none is a constant in the code.
//
//   [length]                                the built-in form
//   value = 280
//   date = 2026-11-22
//   source = "https://…"
//
//   [x]                                     the operator's: only what is to be different
//   post-cost = 20000

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "connect/text.hpp"

namespace fencepost::connect {

struct LimitValue {
  std::variant<std::int64_t, std::string> value;
  std::string date;    // "2026-11-22": when it was looked up; empty for the operator's
  std::string source;  // where it stands
};

// One platform's. Immutable once made; thread-safe. A name that the platform's file does not have, or that is
// of the other type, is a bug of the caller (an assertion).
class PlatformLimits {
 public:
  explicit PlatformLimits(std::map<std::string, LimitValue> values) : values_(std::move(values)) {}

  std::int64_t number(std::string_view name) const;
  const std::string& text(std::string_view name) const;
  // Of a text that is a list: "image/jpeg image/png".
  std::vector<std::string> words(std::string_view name) const;
  bool has_word(std::string_view name, std::string_view word) const;
  // From `length` and `length-unit` (code_points, graphemes, weighted or emoji_bytes); `url-length` and
  // `bare-domains` (1) where the file has them.
  TextRules text_rules() const;
  const std::map<std::string, LimitValue>& all() const { return values_; }

 private:
  const LimitValue& named(std::string_view name) const;
  std::map<std::string, LimitValue> values_;
};

// All platforms'. The references that of() gives live as long as it does.
class Limits {
 public:
  // What was built in, and over it what a file of the operator's says; `path` empty: nothing. Throws
  // UserError("invalid_limits"): the file cannot be read, or names a platform or a value that there is not,
  // or one of another type, or a number below 0.
  explicit Limits(const std::string& path = {});
  // A platform without a file is a bug of the caller.
  const PlatformLimits& of(std::string_view platform) const;
  const std::map<std::string, PlatformLimits, std::less<>>& all() const { return platforms_; }

 private:
  std::map<std::string, PlatformLimits, std::less<>> platforms_;
};

}  // namespace fencepost::connect

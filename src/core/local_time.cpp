#include "core/local_time.hpp"

#include <date/tz.h>

#include "base/error.hpp"
#include "core/window.hpp"

namespace fencepost::core {

namespace {

bool has_offset(const std::string& text) {
  const auto time = text.find_first_of("Tt");
  return time != std::string::npos && text.find_first_of("Zz+-", time) != std::string::npos;
}

// "2026-11-22T20:00" and "2026-11-22T20:00:00"; the seconds are made up where they are missing.
bool is_local(const std::string& text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() != kShape.size() && text.size() != kShape.size() - 3) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return false;
  }
  return true;
}

}  // namespace

base::Micros parse_time(const std::string& text, const std::string& zone) {
  if (has_offset(text)) return base::parse_utc(text);
  if (!is_local(text))
    throw base::UserError(
        "invalid_time",
        quoted(text) + " is not a time: write 2026-11-22T20:00, or 2026-11-22T20:00:00+01:00 with an offset");
  // Of UTC it is a real time, or no clock shows it.
  const auto as_utc = base::parse_utc((text.size() == 16 ? text + ":00" : text) + "Z");
  const date::local_seconds local{std::chrono::seconds(as_utc / 1'000'000)};
  const auto info = require_zone(zone).get_info(local);
  const date::sys_seconds at = info.result == date::local_info::nonexistent
                                   ? info.first.end
                                   : date::sys_seconds{local.time_since_epoch() - info.first.offset};
  const auto micros = std::chrono::duration_cast<base::Duration>(at.time_since_epoch()).count();
  if (micros < 0 || micros >= kEndOfTime)
    throw base::UserError("invalid_time", "the time must lie between 1970 and 2038");
  return micros;
}

std::string format_local(base::Micros at, const std::string& zone) {
  const date::sys_seconds second{std::chrono::seconds(at / 1'000'000)};
  return date::format("%FT%T", require_zone(zone).to_local(second));
}

}  // namespace fencepost::core

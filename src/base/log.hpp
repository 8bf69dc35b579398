#pragma once
// Structured logs: one line an event, written to standard error, as `time level event key=value …` or as
// JSON.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace fencepost::base {

enum class LogLevel { debug, info, warn, error };

// A key and its value; values are escaped, so that no input can forge a line.
struct LogField {
  std::string_view key;
  std::string value;
  LogField(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, std::int64_t v) : key(k), value(std::to_string(v)) {}
  LogField(std::string_view k, int v) : key(k), value(std::to_string(v)) {}
  LogField(std::string_view k, std::size_t v) : key(k), value(std::to_string(v)) {}
};

// `event` names what happened in two or three words ("item settled"). Thread-safe; never throws.
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {}) noexcept;

// Whether a line of this level is written: where many would be made in vain.
bool logs(LogLevel level) noexcept;

// Sets the lowest level that is written and whether lines are JSON; call once at start.
void configure_log(LogLevel lowest, bool json);

}  // namespace fencepost::base

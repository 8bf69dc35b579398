#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <atomic>

namespace fencepost::base {

namespace {
std::atomic<bool> g_json{false};

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = spdlog::stderr_logger_mt("fencepost");
    made->set_pattern("%v");
    made->set_level(spdlog::level::info);
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *instance;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      constexpr char kHex[] = "0123456789abcdef";
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

bool plain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '=' || c == '\\' || c == 0x7f) return false;
  return true;
}

spdlog::level::level_enum spd(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}
}  // namespace

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) noexcept try {
  if (!logger().should_log(spd(level))) return;
  constexpr const char* kNames[] = {"debug", "info", "warn", "error"};
  const auto name = kNames[static_cast<int>(level)];
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char time[40];
  const auto length = std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(time + length, sizeof time - length, ".%03dZ",
                static_cast<int>(now.time_since_epoch().count() % 1000));
  std::string line;
  if (g_json.load(std::memory_order_relaxed)) {
    line = std::string("{\"time\":\"") + time + "\",\"level\":\"" + name + "\",\"event\":" + quoted(event);
    for (const auto& field : fields) line += "," + quoted(field.key) + ":" + quoted(field.value);
    line += "}";
  } else {
    line = std::string(time) + " " + name + " " + std::string(event);
    for (const auto& field : fields)
      line += " " + std::string(field.key) + "=" + (plain(field.value) ? field.value : quoted(field.value));
  }
  logger().log(spd(level), "{}", line);
} catch (...) {
}

bool logs(LogLevel level) noexcept { return logger().should_log(spd(level)); }

void configure_log(LogLevel lowest, bool json) {
  g_json = json;
  logger().set_level(spd(lowest));
}

}  // namespace fencepost::base

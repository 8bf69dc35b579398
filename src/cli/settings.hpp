#pragma once
// The server's settings, in one table: flags > FENCEPOST_* in the environment > fencepost.toml > default.
// From the table come the flags, their help, the names in the environment and in the file, and `config
// check`.

#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace fencepost::cli {

// The command line, the environment or the file says what makes no sense: exit code 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Setting {
  enum class Kind { text, flag, number, count, duration, level, address, url, tls };
  const char* name;  // "token-file": --token-file, FENCEPOST_TOKEN_FILE, token-file = "…"
  Kind kind;
  const char* fallback;  // empty: none
  const char* help;
};
std::span<const Setting> all_settings();
const Setting& setting_named(std::string_view name);
// "FENCEPOST_TOKEN_FILE".
std::string environment_name(std::string_view setting);

// The one of `known` that is meant by a name with one or two slips of the hand; empty: none is near.
std::string closest(const std::string& name, const std::vector<std::string>& known);
// Variables FENCEPOST_* that are nearly, but not quite, those of a setting; with what is meant.
std::vector<std::pair<std::string, std::string>> misspelt_environment();

// Values as they were found, before anything is read into them. Immutable.
class Settings {
 public:
  // `flags`: what the command line gave, by name. `file`: the path of a toml file, or empty for
  // fencepost.toml if there is one. Throws UsageError where the file cannot be read or has a key that is
  // none.
  Settings(std::map<std::string, std::string> flags, const std::string& file);

  struct Found {
    std::string value;
    std::string source;  // "--listen", "FENCEPOST_LISTEN", the file's path or "default"
  };
  Found find(std::string_view name) const;

  // Each throws UsageError, naming the source, where the value cannot be read as that. Durations are at least
  // 1 ms, numbers 1 to 1000.
  std::string text(std::string_view name) const { return find(name).value; }
  bool flag(std::string_view name) const;
  int number(std::string_view name) const;
  int count(std::string_view name) const;  // from 0, of any size
  base::Duration duration(std::string_view name) const;
  // One that must be given somewhere.
  std::string needed(std::string_view name) const;
  // What is wrong with a value, or nothing.
  std::optional<std::string> problem(const Setting& setting) const;

 private:
  std::map<std::string, std::string> flags_, file_;
  std::string path_;
};

// HOST:PORT, [HOST]:PORT for IPv6; port 0 takes a free one. Throws UsageError.
struct Address {
  std::string host;
  std::uint16_t port = 0;
};
Address parse_address(const std::string& text);

// A flag without a value.
CLI::Option* add_switch(CLI::App& command, const std::string& name, const std::string& help);

// What the command line gave of the settings; lives as long as the App.
class SettingFlags {
 public:
  // Adds --config and the named settings to a command.
  SettingFlags(CLI::App& command, const std::vector<std::string_view>& names);
  Settings settings() const;

 private:
  CLI::App& command_;
  std::vector<std::string> names_;
};

}  // namespace fencepost::cli

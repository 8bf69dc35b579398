#pragma once
// The key file against what is stored: which connections can be read with it.

#include <string>
#include <vector>

#include "accounts/connections.hpp"
#include "cli/commands.hpp"

namespace fencepost::cli {

class Settings;

struct KeyReport {
  std::string path;     // empty: none was named
  std::string problem;  // of the file itself; empty: it is a key
  std::vector<accounts::ConnectionInfo> unreadable;
  std::int64_t upload_sessions = 0;  // that it does not open: nothing to be done for

  bool fine() const { return unreadable.empty(); }
  std::string sessions_text() const;  // a line where there are such
  std::string text() const;           // for people: lines
  std::string json() const;
};

// The schema must be current. Makes no key.
KeyReport examine_key(store::Connection& connection, const Settings& settings);

// Adds `check` and `lost` to the noun `key`.
void add_key_check(CLI::App& noun, Chosen& chosen);

}  // namespace fencepost::cli

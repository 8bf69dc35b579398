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

  bool fine() const { return unreadable.empty(); }
  std::string text() const;  // for people: lines
  std::string json() const;
};

// The schema must be current. Makes no key.
KeyReport examine_key(store::Connection& connection, const Settings& settings);

// Adds `check` and `lost` to the noun `key`.
void add_key_check(CLI::App& noun, Chosen& chosen);

}  // namespace fencepost::cli

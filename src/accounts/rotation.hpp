#pragma once
// Rotating the key that encrypts stored secrets.
//
// A rotation puts a new key in front of the file's others, and then seals every row anew, in small steps:
// each row only if it still is as it was read, so that a connection which is changed or disconnected
// meanwhile is left alone. Everything can be read at each moment. A rotation that stopped anywhere is
// finished by the next one, before a new key is made.
//
// Where several hosts have copies of the file: prepare_key() on one, copy the file to all, then
// rotate_keys().

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/vault.hpp"
#include "store/database.hpp"

namespace fencepost::accounts {

// A table's column of sealed texts. `page`: $1 behind this id, $2 how many → id, sealed, by id. `reseal`:
// rows of (id, sealed as it was, sealed anew) → writes where it still is as it was. `context`: before the id.
struct Sealed {
  const store::Statement& page;
  const store::Statement& reseal;
  std::string_view context;
};
Sealed sealed_connections();

struct Rotated {
  bool new_key = false;  // false: one that had stopped was finished
  std::int64_t resealed = 0;
  std::int64_t unreadable = 0;  // with no key of the file: connect those again
};

// Makes a key that all hosts can be given before anything is sealed with it. False: one is ready already.
// Throws UserError: key_unusable, key_busy.
bool prepare_key(const std::string& path);
// `path` of the key file that all servers on this host use; they go on. Throws the same, and InfraError:
// repeat it.
Rotated rotate_keys(store::Database& database, const std::string& path, const std::vector<Sealed>& columns);
// Takes the former keys out of the file, once nothing needs them: they are left in PATH.retired, whose path
// it returns, until somebody deletes that. Empty: there was none. Throws UserError("keys_needed") where
// something is still sealed with one of them.
std::string retire_keys(store::Database& database, const std::string& path,
                        const std::vector<Sealed>& columns);

}  // namespace fencepost::accounts

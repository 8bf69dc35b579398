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
#include <vector>

#include "accounts/vault.hpp"
#include "store/database.hpp"

namespace fencepost::accounts {

// A table's column of sealed texts. Whatever is sealed and stored has one: a former key that something else
// still needed would be retired.
struct Sealed {
  // Behind which key, in its columns, and how many → by key: the key, the sealed text, and what else
  // `context` needs.
  const store::Statement& page;
  // Rows of (the key, sealed as it was, sealed anew) → writes where it still is as it was.
  const store::Statement& reseal;
  store::Params before;  // a key below all of them
  // What a row's text was sealed with.
  std::string (*context)(const store::Row& row);
  // What cannot be read ends or begins anew by itself, and asks nothing of a person.
  bool passes = false;
};

struct Rotated {
  bool new_key = false;  // false: one that had stopped was finished
  std::int64_t resealed = 0;
  std::int64_t unreadable = 0;  // with no key of the file: connect those again. Not what passes
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

// How many texts of the column `vault` cannot open; all of them, where it is null.
std::int64_t count_unreadable(store::Connection& connection, const Vault* vault, const Sealed& column);

}  // namespace fencepost::accounts

#include "accounts/rotation.hpp"

#include "accounts/key_file.hpp"
#include "base/error.hpp"

namespace fencepost::accounts {

namespace {

constexpr int kStep = 100;

KeyRing ring_of(const std::string& path) {
  auto ring = read_keys(path);
  if (!ring)
    throw base::UserError("key_unusable",
                          "the key file '" + path + "' is missing: put it back from your backup");
  return std::move(*ring);
}

// A page of the column, behind this key.
store::Rows page_of(store::Connection& connection, const Sealed& column, store::Params after) {
  after.emplace_back(kStep);
  return connection.run(column.page, after);
}

// Key and text of a row, as a page has them.
store::Params key_of(const Sealed& column, const store::Row& row) {
  return store::Params(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(column.before.size()));
}
const std::string& text_of(const Sealed& column, const store::Row& row) {
  return row[column.before.size()].text();
}

struct Found {
  std::int64_t former = 0;  // sealed with a former key
  std::int64_t unreadable = 0;
  std::int64_t resealed = 0;
};

// Looks at every row, a page at a time; seals those with a former key anew where `anew`.
Found go_through(store::Database& database, const Vault& vault, const Sealed& column, bool anew) {
  Found found;
  for (auto after = column.before;;) {
    const auto rows =
        database.retrying([&](store::Connection& connection) { return page_of(connection, column, after); });
    if (rows.empty()) return found;
    std::vector<store::Params> changes;
    for (const auto& row : rows) {
      after = key_of(column, row);
      const auto& sealed = text_of(column, row);
      const auto context = column.context(row);
      if (vault.is_current(sealed, context)) continue;
      const auto plain = vault.try_unseal(sealed, context);
      if (!plain) {
        if (!column.passes) ++found.unreadable;
        continue;
      }
      changes.push_back(after);
      changes.back().emplace_back(sealed);
      changes.back().emplace_back(vault.seal(*plain, context));
    }
    found.former += static_cast<std::int64_t>(changes.size());
    if (anew && !changes.empty())
      found.resealed += database.retrying([&](store::Connection& connection) {
        return connection.run_batch(column.reseal, changes).changed;
      });
  }
}

Found go_through(store::Database& database, const Vault& vault, const std::vector<Sealed>& columns,
                 bool anew) {
  Found all;
  for (const auto& column : columns) {
    const auto found = go_through(database, vault, column, anew);
    all.former += found.former;
    all.unreadable += found.unreadable;
    all.resealed += found.resealed;
  }
  return all;
}

}  // namespace

bool prepare_key(const std::string& path) {
  const KeyFileLock lock(path);
  auto ring = ring_of(path);
  if (ring.prepared) return false;
  ring.prepared = new_key();
  replace_keys(path, ring);
  return true;
}

Rotated rotate_keys(store::Database& database, const std::string& path, const std::vector<Sealed>& columns) {
  const KeyFileLock lock(path);
  auto ring = ring_of(path);
  Rotated rotated;
  if (go_through(database, Vault::open(path, false), columns, false).former == 0) {
    ring.keys.insert(ring.keys.begin(), ring.prepared ? *ring.prepared : new_key());
    ring.prepared.reset();
    // Before anything is sealed with it: a row must never know a key that the file does not.
    replace_keys(path, ring);
    rotated.new_key = true;
  }
  const auto found = go_through(database, Vault::open(path, false), columns, true);
  rotated.resealed = found.resealed;
  rotated.unreadable = found.unreadable;
  return rotated;
}

std::string retire_keys(store::Database& database, const std::string& path,
                        const std::vector<Sealed>& columns) {
  const KeyFileLock lock(path);
  auto ring = ring_of(path);
  if (ring.keys.size() < 2) return {};
  const auto found = go_through(database, Vault::open(path, false), columns, false);
  if (found.former > 0)
    throw base::UserError(
        "keys_needed", std::to_string(found.former) + " secrets are sealed with a former key: rotate first");
  // Kept aside: a server that was stopped in the middle of sealing may still write a row with the former key.
  const auto aside = path + ".retired";
  KeyRing former = ring;
  if (auto earlier = read_keys(aside))
    former.keys.insert(former.keys.end(), earlier->keys.begin(), earlier->keys.end());
  former.keys.erase(former.keys.begin());
  former.prepared.reset();
  replace_keys(aside, former);
  ring.keys.resize(1);
  replace_keys(path, ring);
  return aside;
}

std::int64_t count_unreadable(store::Connection& connection, const Vault* vault, const Sealed& column) {
  std::int64_t count = 0;
  for (auto after = column.before;;) {
    const auto rows = page_of(connection, column, after);
    if (rows.empty()) return count;
    for (const auto& row : rows) {
      if (vault == nullptr || !vault->try_unseal(text_of(column, row), column.context(row))) ++count;
      after = key_of(column, row);
    }
  }
}

}  // namespace fencepost::accounts

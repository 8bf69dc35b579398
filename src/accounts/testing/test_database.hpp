#pragma once
// A database of its own for a test, on SQLite or PostgreSQL, gone with its object. Tests only.

#include <memory>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace fencepost::accounts::testing {

class TestDatabase {
 public:
  // `kind`: "sqlite" or "postgres". Applies the migrations. Throws, naming the script that sets it, where
  // FENCEPOST_TEST_POSTGRES is needed and missing.
  TestDatabase(const std::string& kind, const std::vector<store::Migration>& migrations);
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  store::Database& operator*() const { return *database_; }
  store::Database* operator->() const { return database_.get(); }
  // A folder of its own, for key and lock files.
  const std::string& folder() const { return folder_; }
  const std::string& url() const { return url_; }
  // Closes all connections and opens the pool again: around a fork, which must not share them.
  void close() { database_.reset(); }
  void open() { database_ = another(); }
  // Another pool on the same database, as another process has it.
  std::unique_ptr<store::Database> another() const;
  // One statement, written as PostgreSQL's; `$1` becomes `?1` on SQLite.
  store::Rows run(std::string statement, const store::Params& params = {}) const;

 private:
  std::string name_, folder_, url_;
  std::unique_ptr<store::Database> database_;
};

}  // namespace fencepost::accounts::testing

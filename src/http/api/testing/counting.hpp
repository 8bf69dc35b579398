#pragma once
// A database that counts the statements that are sent to it. Tests only.

#include <atomic>
#include <memory>

#include "store/database.hpp"

namespace fencepost::http::testing {

class CountingDatabase final : public store::Database {
 public:
  // Over a pool on the same database, which it owns.
  explicit CountingDatabase(std::unique_ptr<store::Database> inner)
      : Database(inner->options()), inner_(std::move(inner)) {}

  // Since the last call. A batch is one, as it is one on PostgreSQL; so are BEGIN and COMMIT.
  int counted() { return statements_.exchange(0); }

  std::unique_ptr<store::Connection> connect() override;
  store::Dialect dialect() const override { return inner_->dialect(); }
  std::string label() const override { return inner_->label(); }

 private:
  friend class CountingConnection;
  std::unique_ptr<store::Database> inner_;
  std::atomic<int> statements_{0};
};

}  // namespace fencepost::http::testing

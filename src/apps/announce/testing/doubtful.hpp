#pragma once
// A database whose commits can be put in doubt: the caller is told that nobody knows, and the transaction was
// committed, or was not. It counts what it is asked. Tests only.

#include <atomic>
#include <memory>

#include "store/database.hpp"

namespace fencepost::announce::testing {

class DoubtfulDatabase final : public store::Database {
 public:
  enum class Fate { kept, lost };
  // Over a pool on the same database, which it owns.
  explicit DoubtfulDatabase(std::unique_ptr<store::Database> inner)
      : Database(inner->options()), inner_(std::move(inner)) {}

  // The next `commits` of transactions that wrote come back in doubt, and met this fate.
  void doubt(Fate fate, int commits = 1) {
    fate_ = fate;
    left_ = commits;
  }
  int left() const { return left_; }
  // Statements so far; a batch is one.
  int statements() const { return statements_; }

  std::unique_ptr<store::Connection> connect() override;
  store::Dialect dialect() const override { return inner_->dialect(); }
  std::string label() const override { return inner_->label(); }

 private:
  friend class DoubtfulConnection;
  std::unique_ptr<store::Database> inner_;
  std::atomic<Fate> fate_{Fate::kept};
  std::atomic<int> left_{0}, statements_{0};
};

}  // namespace fencepost::announce::testing

#pragma once
// A database whose commits can be put in doubt: the caller is told that nobody knows, and the transaction was
// committed, or was not. Tests only.

#include <atomic>
#include <functional>

#include "store/testing/forwarding.hpp"

namespace fencepost::store::testing {

class DoubtfulDatabase final : public ForwardingDatabase {
 public:
  enum class Fate { kept, lost };
  using ForwardingDatabase::ForwardingDatabase;

  // The next `commits` of transactions that wrote come back in doubt, and met this fate.
  void doubt(Fate fate, int commits = 1) {
    fate_ = fate;
    left_ = commits;
  }
  int left() const { return left_; }
  // What is done behind each of them, before the caller hears of it.
  void meanwhile(std::function<void()> others) { others_ = std::move(others); }

  std::unique_ptr<Connection> connect() override;

 private:
  friend class DoubtfulConnection;
  std::atomic<Fate> fate_{Fate::kept};
  std::atomic<int> left_{0};
  std::function<void()> others_;
};

class DoubtfulConnection final : public ForwardingConnection {
 public:
  DoubtfulConnection(DoubtfulDatabase& database, std::unique_ptr<Connection> inner)
      : ForwardingConnection(std::move(inner)), database_(database) {}

  void commit() override {
    if (database_.left_.fetch_sub(1) <= 0) {
      database_.left_ = 0;
      return ForwardingConnection::commit();
    }
    usable_ = false;
    if (database_.fate_ == DoubtfulDatabase::Fate::kept)
      ForwardingConnection::commit();
    else
      rollback();
    if (database_.others_) database_.others_();
    throw base::InfraError("connection lost in COMMIT",
                           {.retryable = true, .poisoned = true, .in_doubt = true});
  }
  bool usable() const override { return usable_ && ForwardingConnection::usable(); }

 private:
  DoubtfulDatabase& database_;
  bool usable_ = true;
};

inline std::unique_ptr<Connection> DoubtfulDatabase::connect() {
  return std::make_unique<DoubtfulConnection>(*this, inner().connect());
}

}  // namespace fencepost::store::testing

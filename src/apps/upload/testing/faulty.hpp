#pragma once
// A database that fails behind a chosen statement of its own. Tests only.

#include <atomic>

#include "store/testing/forwarding.hpp"

namespace fencepost::upload::testing {

class FaultyDatabase final : public store::testing::ForwardingDatabase {
 public:
  using ForwardingDatabase::ForwardingDatabase;

  // Behind the n-th statement from here on (BEGIN, COMMIT and a batch are one each) it throws, once: in doubt
  // where that was the commit. 0: never.
  void fail_behind(int n) { left_ = n; }
  // That the database had to break.
  int deadlocks() const { return deadlocks_; }

  std::unique_ptr<store::Connection> connect() override;

 private:
  friend class FaultyConnection;
  void behind(bool commit = false) {
    if (left_ > 0 && --left_ == 0) throw base::InfraError("a fault", {.in_doubt = commit}, "XX000");
  }
  template <typename Statement>
  auto watched(Statement&& statement) try {
    return statement();
  } catch (const base::InfraError& error) {
    if (error.sqlstate() == "40P01") ++deadlocks_;
    throw;
  }
  std::atomic<int> left_{0}, deadlocks_{0};
};

class FaultyConnection final : public store::testing::ForwardingConnection {
 public:
  FaultyConnection(FaultyDatabase& database, std::unique_ptr<store::Connection> inner)
      : ForwardingConnection(std::move(inner)), database_(database) {}

  store::Rows run(const store::Sql& sql, const store::Params& params) override {
    auto rows = database_.watched([&] { return ForwardingConnection::run(sql, params); });
    database_.behind();
    return rows;
  }
  store::Rows run_batch(const store::Sql& sql, const std::vector<store::Params>& rows,
                        const store::Params& shared) override {
    auto answer = database_.watched([&] { return ForwardingConnection::run_batch(sql, rows, shared); });
    database_.behind();
    return answer;
  }
  void begin() override {
    ForwardingConnection::begin();
    database_.behind();
  }
  void commit() override {
    ForwardingConnection::commit();
    database_.behind(true);
  }

 private:
  FaultyDatabase& database_;
};

inline std::unique_ptr<store::Connection> FaultyDatabase::connect() {
  return std::make_unique<FaultyConnection>(*this, inner().connect());
}

}  // namespace fencepost::upload::testing

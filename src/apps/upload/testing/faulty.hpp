#pragma once
// A database that fails behind a chosen statement of its own. Tests only.

#include <atomic>
#include <memory>

#include "store/database.hpp"

namespace fencepost::upload::testing {

class FaultyDatabase final : public store::Database {
 public:
  // Over a pool on the same database, which it owns.
  explicit FaultyDatabase(std::unique_ptr<store::Database> inner)
      : Database(inner->options()), inner_(std::move(inner)) {}

  // Behind the n-th statement from here on (BEGIN, COMMIT and a batch are one each) it throws, once: in doubt
  // where that was the commit. 0: never.
  void fail_behind(int n) { left_ = n; }
  // That the database had to break.
  int deadlocks() const { return deadlocks_; }

  std::unique_ptr<store::Connection> connect() override;
  store::Dialect dialect() const override { return inner_->dialect(); }
  std::string label() const override { return inner_->label(); }

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
  std::unique_ptr<store::Database> inner_;
  std::atomic<int> left_{0}, deadlocks_{0};
};

class FaultyConnection final : public store::Connection {
 public:
  FaultyConnection(FaultyDatabase& database, std::unique_ptr<store::Connection> inner)
      : database_(database), inner_(std::move(inner)) {}

  store::Dialect dialect() const override { return inner_->dialect(); }
  store::Rows run(const store::Sql& sql, const store::Params& params) override {
    auto rows = database_.watched([&] { return inner_->run(sql, params); });
    database_.behind();
    return rows;
  }
  store::Rows run_batch(const store::Sql& sql, const std::vector<store::Params>& rows,
                        const store::Params& shared) override {
    auto answer = database_.watched([&] { return inner_->run_batch(sql, rows, shared); });
    database_.behind();
    return answer;
  }
  void prepare_only(const store::Sql& sql) override { inner_->prepare_only(sql); }
  void script(const std::string& text) override { inner_->script(text); }
  void begin() override {
    inner_->begin();
    database_.behind();
  }
  void commit() override {
    inner_->commit();
    database_.behind(true);
  }
  void rollback() noexcept override { inner_->rollback(); }
  bool in_transaction() const override { return inner_->in_transaction(); }
  bool usable() const override { return inner_->usable(); }
  std::vector<std::string> wait_notifications(base::BootTime until) override {
    return inner_->wait_notifications(until);
  }
  void wake() override { inner_->wake(); }
  void listen(const std::string& channel) override { inner_->listen(channel); }

 private:
  FaultyDatabase& database_;
  std::unique_ptr<store::Connection> inner_;
};

inline std::unique_ptr<store::Connection> FaultyDatabase::connect() {
  return std::make_unique<FaultyConnection>(*this, inner_->connect());
}

}  // namespace fencepost::upload::testing

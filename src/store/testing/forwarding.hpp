#pragma once
// A database over another one that hands on all it is asked: the base of those that count, fail or leave
// commits in doubt. Tests only.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/database.hpp"

namespace fencepost::store::testing {

class ForwardingConnection : public Connection {
 public:
  explicit ForwardingConnection(std::unique_ptr<Connection> inner) : inner_(std::move(inner)) {}

  Dialect dialect() const override { return inner_->dialect(); }
  Rows run(const Sql& sql, const Params& params) override { return inner_->run(sql, params); }
  Rows run_batch(const Sql& sql, const std::vector<Params>& rows, const Params& shared) override {
    return inner_->run_batch(sql, rows, shared);
  }
  void prepare_only(const Sql& sql) override { inner_->prepare_only(sql); }
  void script(const std::string& text) override { inner_->script(text); }
  void begin() override { inner_->begin(); }
  void commit() override { inner_->commit(); }
  void rollback() noexcept override { inner_->rollback(); }
  bool in_transaction() const override { return inner_->in_transaction(); }
  bool usable() const override { return inner_->usable(); }
  std::vector<std::string> wait_notifications(base::BootTime until) override {
    return inner_->wait_notifications(until);
  }
  void wake() override { inner_->wake(); }
  void listen(const std::string& channel) override { inner_->listen(channel); }

 private:
  std::unique_ptr<Connection> inner_;
};

class ForwardingDatabase : public Database {
 public:
  // Over a pool on the same database, which it owns.
  explicit ForwardingDatabase(std::unique_ptr<Database> inner)
      : Database(inner->options()), inner_(std::move(inner)) {}

  Dialect dialect() const override { return inner_->dialect(); }
  std::string label() const override { return inner_->label(); }

 protected:
  Database& inner() { return *inner_; }

 private:
  std::unique_ptr<Database> inner_;
};

}  // namespace fencepost::store::testing

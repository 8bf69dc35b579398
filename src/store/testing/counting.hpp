#pragma once
// A database that counts the statements that are sent to it. Tests only.

#include <atomic>

#include "store/testing/forwarding.hpp"

namespace fencepost::store::testing {

class CountingDatabase final : public ForwardingDatabase {
 public:
  using ForwardingDatabase::ForwardingDatabase;

  // Since the last call. A batch is one, as it is one on PostgreSQL; so are BEGIN and COMMIT.
  int counted() { return statements_.exchange(0); }

  std::unique_ptr<Connection> connect() override;

 private:
  friend class CountingConnection;
  std::atomic<int> statements_{0};
};

class CountingConnection final : public ForwardingConnection {
 public:
  CountingConnection(CountingDatabase& database, std::unique_ptr<Connection> inner)
      : ForwardingConnection(std::move(inner)), database_(database) {}

  Rows run(const Sql& sql, const Params& params) override {
    ++database_.statements_;
    return ForwardingConnection::run(sql, params);
  }
  Rows run_batch(const Sql& sql, const std::vector<Params>& rows, const Params& shared) override {
    ++database_.statements_;
    return ForwardingConnection::run_batch(sql, rows, shared);
  }
  void script(const std::string& text) override {
    ++database_.statements_;
    ForwardingConnection::script(text);
  }
  void begin() override {
    ++database_.statements_;
    ForwardingConnection::begin();
  }
  void commit() override {
    ++database_.statements_;
    ForwardingConnection::commit();
  }

 private:
  CountingDatabase& database_;
};

inline std::unique_ptr<Connection> CountingDatabase::connect() {
  return std::make_unique<CountingConnection>(*this, inner().connect());
}

}  // namespace fencepost::store::testing

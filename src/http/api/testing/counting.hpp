#pragma once
// A database that counts the statements that are sent to it. Tests only.

#include <atomic>

#include "store/testing/forwarding.hpp"

namespace fencepost::http::testing {

class CountingDatabase final : public store::testing::ForwardingDatabase {
 public:
  using ForwardingDatabase::ForwardingDatabase;

  // Since the last call. A batch is one, as it is one on PostgreSQL; so are BEGIN and COMMIT.
  int counted() { return statements_.exchange(0); }

  std::unique_ptr<store::Connection> connect() override;

 private:
  friend class CountingConnection;
  std::atomic<int> statements_{0};
};

class CountingConnection final : public store::testing::ForwardingConnection {
 public:
  CountingConnection(CountingDatabase& database, std::unique_ptr<store::Connection> inner)
      : ForwardingConnection(std::move(inner)), database_(database) {}

  store::Rows run(const store::Sql& sql, const store::Params& params) override {
    ++database_.statements_;
    return ForwardingConnection::run(sql, params);
  }
  store::Rows run_batch(const store::Sql& sql, const std::vector<store::Params>& rows,
                        const store::Params& shared) override {
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

inline std::unique_ptr<store::Connection> CountingDatabase::connect() {
  return std::make_unique<CountingConnection>(*this, inner().connect());
}

}  // namespace fencepost::http::testing

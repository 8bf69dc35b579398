#pragma once
// One libpq connection. See Connection for the contract.

#include <libpq-fe.h>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "store/database.hpp"

namespace fencepost::store::postgres {

struct FinishConnection {
  bool owned = true;
  void operator()(PGconn* connection) const {
    if (owned) PQfinish(connection);
  }
};
struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ConnectionPtr = std::unique_ptr<PGconn, FinishConnection>;
using ResultPtr = std::unique_ptr<PGresult, ClearResult>;

class PostgresConnection final : public Connection {
 public:
  PostgresConnection(const std::string& url, const DatabaseOptions& options);
  // Borrowed, inside its owner's transaction. No named statements: they would stay behind, or meet his.
  PostgresConnection(PGconn* borrowed, const DatabaseOptions& options);
  ~PostgresConnection() override;

  Dialect dialect() const override { return Dialect::postgres; }
  Rows run(const Sql& sql, const Params& params) override;
  Rows run_batch(const Sql& sql, const std::vector<Params>& rows, const Params& shared) override;
  std::vector<Rows> run_together(const std::vector<Call>& calls) override;
  void prepare_only(const Sql& sql) override;
  void script(const std::string& text) override;
  void begin() override;
  void commit() override;
  void rollback() noexcept override;
  bool in_transaction() const override { return in_transaction_; }
  bool usable() const override { return connection_ != nullptr; }
  PGconn* postgres_handle() override { return connection_.get(); }
  std::vector<std::string> wait_notifications(base::BootTime until) override;
  void wake() override;
  void listen(const std::string& channel) override;

 private:
  // Whether losing the connection during this call leaves a commit in doubt.
  enum class Loss { plain, in_doubt };

  void connect(const std::string& url);
  base::BootTime deadline() const;
  ResultPtr next_result(base::BootTime deadline, Loss loss, const std::string& what);
  void check(const PGresult* result, const std::string& what, Loss loss);
  ResultPtr wait_result(Loss loss, const std::string& what);
  ResultPtr command(const std::string& text, Loss loss);
  std::string prepare(const Sql& sql);
  // `prepared` is the server's name of it, or "".
  void send(const Sql& sql, const std::string& prepared, const Params& params, Loss loss);
  // Waits until the socket is readable (and writable, where asked) or the deadline passes.
  bool wait_socket(bool also_write, base::BootTime deadline);
  void flush(base::BootTime deadline, Loss loss, const std::string& what);
  [[noreturn]] void lose(Loss loss, const std::string& what);
  [[noreturn]] void fail(const PGresult* result, const std::string& what, Loss loss);
  static void on_notice(void* self, const PGresult* result);

  const DatabaseOptions options_;
  ConnectionPtr connection_;
  std::unordered_map<std::string, std::pair<std::string, std::string>>
      statements_;  // name → (text, server name)
  int next_statement_ = 0;
  bool in_transaction_ = false;
  std::string warning_;  // the last WARNING since the command began
  int wake_fd_ = -1;
};

}  // namespace fencepost::store::postgres

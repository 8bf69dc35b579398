#include "store/postgres/postgres_connection.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cstring>

#include "base/error.hpp"
#include "base/log.hpp"
#include "store/postgres/postgres_values.hpp"

namespace fencepost::store::postgres {

namespace {

// Worth another try as it is: deadlock, serialization, lock not available, admin shutdown, crash recovery,
// cannot connect now, too many connections.
bool retryable(std::string_view state) {
  static const std::set<std::string_view> kStates{"40P01", "40001", "55P03", "57P01", "57P02",
                                                  "57P03", "53300", "25P03", "25P04"};
  return kStates.contains(state) || state.starts_with("08");
}

std::string trimmed(const char* message) {
  std::string text = message ? message : "";
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace

PostgresConnection::PostgresConnection(const std::string& url, const DatabaseOptions& options)
    : options_(options) {
  wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  FENCEPOST_ASSERT(wake_fd_ >= 0);
  try {
    connect(url);
  } catch (...) {
    close(wake_fd_);
    throw;
  }
}

namespace {
DatabaseOptions without_session_state(DatabaseOptions options) {
  options.poll_only = true;
  return options;
}
}  // namespace

PostgresConnection::PostgresConnection(PGconn* borrowed, const DatabaseOptions& options)
    : options_(without_session_state(options)), connection_(borrowed, FinishConnection{false}) {
  const auto unusable = [](const std::string& why) {
    return base::UserError("connection_unusable", "the PostgreSQL connection cannot be borrowed: " + why);
  };
  if (borrowed == nullptr || PQstatus(borrowed) != CONNECTION_OK) throw unusable("it is closed");
  const auto state = PQtransactionStatus(borrowed);
  if (state == PQTRANS_IDLE) throw unusable("begin a transaction first");
  if (state == PQTRANS_INERROR) throw unusable("its transaction has failed: roll it back");
  if (state != PQTRANS_INTRANS) throw unusable("a command of yours is still running on it");
  if (PQserverVersion(borrowed) < 150000) throw unusable("the server must be PostgreSQL 15 or newer");
  const char* encoding = PQparameterStatus(borrowed, "client_encoding");
  if (encoding == nullptr || std::strcmp(encoding, "UTF8") != 0)
    throw unusable("its client encoding must be UTF8");
  in_transaction_ = true;
  // What an act answers is a promise, whatever the owner's session thinks of its other commits (rule 13).
  command("SET LOCAL synchronous_commit = on", Loss::plain);
}

PostgresConnection::~PostgresConnection() {
  connection_.reset();
  if (wake_fd_ >= 0) close(wake_fd_);
}

void PostgresConnection::connect(const std::string& url) {
  // The URL is expanded first, so that what stands in it wins over nothing but these keep-alives.
  const char* keys[] = {"application_name",
                        "client_encoding",
                        "keepalives",
                        "keepalives_idle",
                        "keepalives_interval",
                        "keepalives_count",
                        "tcp_user_timeout",
                        "dbname",
                        nullptr};
  const char* values[] = {
      options_.application.c_str(), "UTF8", "1", "10", "5", "3", "20000", url.c_str(), nullptr};
  connection_.reset(PQconnectStartParams(keys, values, 1));
  if (!connection_) throw std::bad_alloc();
  const auto deadline = base::BootClock::now() + options_.connect_deadline;
  auto state = PQstatus(connection_.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    const bool waited =
        state != PGRES_POLLING_FAILED && wait_socket(state == PGRES_POLLING_WRITING, deadline);
    if (!waited) {
      const auto why =
          state == PGRES_POLLING_FAILED ? trimmed(PQerrorMessage(connection_.get())) : "timed out";
      connection_.reset();
      throw base::InfraError("cannot connect: " + why, {.retryable = true, .poisoned = true}, "08001");
    }
    state = PQconnectPoll(connection_.get());
  }
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  PQsetNoticeReceiver(connection_.get(), on_notice, this);
  FENCEPOST_ASSERT(PQsetnonblocking(connection_.get(), 1) == 0);
  if (PQserverVersion(connection_.get()) < 150000)
    throw base::UserError("database_unusable", "the PostgreSQL server is older than 15: upgrade it");
  if (options_.poll_only) return;
  const auto ms = [](base::Duration d) { return std::to_string(d.count() / 1000); };
  script(
      "SET synchronous_commit = on; SET default_transaction_isolation = 'read committed';"
      "SET idle_in_transaction_session_timeout = " +
      ms(options_.idle_in_transaction) + "; SET lock_timeout = " + ms(options_.lock_timeout) +
      ";"
      "SET statement_timeout = " +
      ms(options_.statement_deadline) +
      "; SET bytea_output = 'hex';"
      "SET client_min_messages = warning");
}

void PostgresConnection::on_notice(void* self, const PGresult* result) {
  auto& connection = *static_cast<PostgresConnection*>(self);
  const char* severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (severity && std::strcmp(severity, "WARNING") == 0)
    connection.warning_ = trimmed(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

bool PostgresConnection::wait_socket(bool also_write, base::BootTime deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - base::BootClock::now()).count();
    if (left <= 0) return false;
    pollfd fd{PQsocket(connection_.get()), static_cast<short>(also_write ? POLLIN | POLLOUT : POLLIN), 0};
    if (fd.fd < 0) return true;  // libpq will say what is wrong
    const int ready = poll(&fd, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return true;
  }
}

void PostgresConnection::lose(Loss loss, const std::string& what) {
  const std::string why = trimmed(PQerrorMessage(connection_.get()));
  connection_.reset();
  in_transaction_ = false;
  throw base::InfraError("connection lost in " + what + ": " + why,
                         {.retryable = true, .poisoned = true, .in_doubt = loss == Loss::in_doubt}, "08006");
}

void PostgresConnection::flush(base::BootTime deadline, Loss loss, const std::string& what) {
  for (;;) {
    const int state = PQflush(connection_.get());
    if (state == 0) return;
    if (state < 0 || !wait_socket(true, deadline)) lose(loss, what);
    if (!PQconsumeInput(connection_.get())) lose(loss, what);
  }
}

base::BootTime PostgresConnection::deadline() const {
  // A little longer than the server's own statement_timeout, so that a plain slow statement ends as an error
  // of its own and only what nothing else ends (a wait for a synchronous standby) is cut off here.
  return base::BootClock::now() + options_.statement_deadline + std::chrono::seconds(2);
}

ResultPtr PostgresConnection::next_result(base::BootTime deadline, Loss loss, const std::string& what) {
  while (PQisBusy(connection_.get()))
    if (!wait_socket(false, deadline) || !PQconsumeInput(connection_.get())) lose(loss, what);
  return ResultPtr(PQgetResult(connection_.get()));
}

void PostgresConnection::check(const PGresult* result, const std::string& what, Loss loss) {
  const auto status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
    fail(result, what, loss);
}

ResultPtr PostgresConnection::wait_result(Loss loss, const std::string& what) {
  const auto deadline = this->deadline();
  flush(deadline, loss, what);
  ResultPtr last;
  while (auto next = next_result(deadline, loss, what)) {
    // Of a script the first error is the one that counts.
    if (!last || PQresultStatus(last.get()) != PGRES_FATAL_ERROR) last = std::move(next);
  }
  if (PQstatus(connection_.get()) == CONNECTION_BAD) lose(loss, what);
  FENCEPOST_ASSERT(last != nullptr);
  check(last.get(), what, loss);
  return last;
}

void PostgresConnection::fail(const PGresult* result, const std::string& what, Loss loss) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string sqlstate = state ? state : "08006";
  if (PQstatus(connection_.get()) == CONNECTION_BAD) lose(loss, what);
  // 57P01/57P02: the server ends this connection; whether a commit went through is not said.
  const bool ending = sqlstate == "57P01" || sqlstate == "57P02" || sqlstate.starts_with("08");
  const std::string why = trimmed(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
  // A table was altered under a prepared statement, or a pooler lost it: prepare anew.
  const bool stale = sqlstate == "0A000" || sqlstate == "26000";
  if (stale) statements_.clear();
  if (ending) {
    connection_.reset();
    in_transaction_ = false;
  }
  throw base::InfraError(what + ": " + why,
                         {.retryable = stale || retryable(sqlstate),
                          .poisoned = ending,
                          .in_doubt = ending && loss == Loss::in_doubt},
                         sqlstate);
}

ResultPtr PostgresConnection::command(const std::string& text, Loss loss) {
  if (!connection_)
    throw base::InfraError("connection is closed", {.retryable = true, .poisoned = true}, "08003");
  warning_.clear();
  if (!PQsendQuery(connection_.get(), text.c_str())) lose(loss, text);
  return wait_result(loss, text.substr(0, 60));
}

void PostgresConnection::script(const std::string& text) {
  command(text, in_transaction_ ? Loss::plain : Loss::in_doubt);
}

void PostgresConnection::begin() {
  FENCEPOST_ASSERT(!in_transaction_);
  if (options_.poll_only) {
    // Behind a pooler in transaction mode nothing of the session lasts; the settings go with the transaction.
    command(
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on;"
        "SET LOCAL client_min_messages = warning; SET LOCAL idle_in_transaction_session_timeout = " +
            std::to_string(options_.idle_in_transaction.count() / 1000) +
            ";"
            "SET LOCAL lock_timeout = " +
            std::to_string(options_.lock_timeout.count() / 1000) +
            ";"
            "SET LOCAL statement_timeout = " +
            std::to_string(options_.statement_deadline.count() / 1000),
        Loss::plain);
  } else {
    command("BEGIN ISOLATION LEVEL READ COMMITTED", Loss::plain);
  }
  in_transaction_ = true;
}

void PostgresConnection::commit() {
  FENCEPOST_ASSERT(in_transaction_);
  // Over whatever the answer is: a deferred constraint that fails here has ended it too.
  in_transaction_ = false;
  const auto result = command("COMMIT", Loss::in_doubt);
  if (std::strcmp(PQcmdStatus(result.get()), "COMMIT") != 0)
    throw base::InfraError("the transaction was rolled back", {.retryable = true}, "40000");
  if (!warning_.empty())
    throw base::InfraError("commit answered with a warning: " + warning_,
                           {.retryable = true, .in_doubt = true});
}

void PostgresConnection::rollback() noexcept {
  if (!in_transaction_) return;
  in_transaction_ = false;
  try {
    command("ROLLBACK", Loss::plain);
  } catch (const std::exception&) {
    connection_.reset();
  }
}

std::string PostgresConnection::prepare(const Sql& sql) {
  auto& known = statements_[sql.name];
  if (known.first == sql.text && !known.second.empty()) return known.second;
  const std::string name = "s" + std::to_string(next_statement_++);
  warning_.clear();
  if (!PQsendPrepare(connection_.get(), name.c_str(), sql.text.c_str(), 0, nullptr))
    lose(Loss::plain, sql.name);
  wait_result(Loss::plain, sql.name);
  known = {sql.text, name};
  return name;
}

void PostgresConnection::prepare_only(const Sql& sql) {
  if (!options_.poll_only) prepare(sql);
}

void PostgresConnection::send(const Sql& sql, const std::string& prepared, const Params& params, Loss loss) {
  std::vector<std::optional<std::string>> texts;
  for (const auto& param : params) texts.push_back(as_text(param));
  std::vector<const char*> values;
  for (const auto& text : texts) values.push_back(text ? text->c_str() : nullptr);
  const int count = static_cast<int>(values.size());
  warning_.clear();
  const int sent = prepared.empty() ? PQsendQueryParams(connection_.get(), sql.text.c_str(), count, nullptr,
                                                        values.data(), nullptr, nullptr, 0)
                                    : PQsendQueryPrepared(connection_.get(), prepared.c_str(), count,
                                                          values.data(), nullptr, nullptr, 0);
  if (!sent) lose(loss, sql.name);
}

Rows PostgresConnection::run(const Sql& sql, const Params& params) {
  if (!connection_)
    throw base::InfraError("connection is closed", {.retryable = true, .poisoned = true}, "08003");
  if (!in_transaction_ && options_.poll_only) {
    Transaction wrapped(*this);
    Rows rows = run(sql, params);
    wrapped.commit();
    return rows;
  }
  const auto loss = in_transaction_ ? Loss::plain : Loss::in_doubt;
  send(sql, options_.poll_only ? "" : prepare(sql), params, loss);
  const auto result = wait_result(loss, sql.name);
  auto out = as_rows(result.get());
  if (!in_transaction_ && !warning_.empty() && out.changed > 0)
    throw base::InfraError("commit answered with a warning: " + warning_,
                           {.retryable = true, .in_doubt = true});
  return out;
}

Rows PostgresConnection::run_batch(const Sql& sql, const std::vector<Params>& rows, const Params& shared) {
  return rows.empty() ? Rows{} : run(sql, as_arrays(rows, shared));
}

std::vector<Rows> PostgresConnection::run_together(const std::vector<Call>& calls) {
  if (calls.size() < 2 || options_.poll_only || !in_transaction_) return Connection::run_together(calls);
  std::vector<Sql> statements;
  std::vector<std::string> prepared;
  for (const auto& call : calls)
    prepared.push_back(prepare(statements.emplace_back(render(call.statement.get(), dialect()))));
  PQenterPipelineMode(connection_.get());
  for (std::size_t n = 0; n < calls.size(); ++n)
    send(statements[n], prepared[n],
         calls[n].rows ? as_arrays(*calls[n].rows, calls[n].params) : calls[n].params, Loss::plain);
  if (!PQpipelineSync(connection_.get())) lose(Loss::plain, statements[0].name);
  const auto deadline = this->deadline();
  flush(deadline, Loss::plain, statements[0].name);
  // Each has its result and an end; what stands behind one that failed was not run.
  std::vector<ResultPtr> results;
  for (const auto& statement : statements) {
    results.push_back(next_result(deadline, Loss::plain, statement.name));
    while (next_result(deadline, Loss::plain, statement.name)) {
    }
  }
  next_result(deadline, Loss::plain, "sync");
  if (PQstatus(connection_.get()) == CONNECTION_BAD || !PQexitPipelineMode(connection_.get()))
    lose(Loss::plain, statements[0].name);
  std::vector<Rows> all;
  for (std::size_t n = 0; n < results.size(); ++n) {
    check(results[n].get(), statements[n].name, Loss::plain);
    all.push_back(as_rows(results[n].get()));
  }
  return all;
}

void PostgresConnection::listen(const std::string& channel) {
  if (!options_.poll_only) script("LISTEN \"" + channel + "\"");
}

std::vector<std::string> PostgresConnection::wait_notifications(base::BootTime until) {
  std::set<std::string> channels;
  const auto collect = [&] {
    if (!PQconsumeInput(connection_.get())) lose(Loss::plain, "listen");
    while (auto* notify = PQnotifies(connection_.get())) {
      channels.insert(notify->extra);
      PQfreemem(notify);
    }
  };
  if (!connection_)
    throw base::InfraError("connection is closed", {.retryable = true, .poisoned = true}, "08003");
  collect();
  while (channels.empty()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - base::BootClock::now()).count();
    if (left <= 0) break;
    pollfd fds[] = {{PQsocket(connection_.get()), POLLIN, 0}, {wake_fd_, POLLIN, 0}};
    const int ready = poll(fds, 2, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready < 0 && errno != EINTR) lose(Loss::plain, "listen");
    if (ready > 0 && fds[1].revents) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto bytes = read(wake_fd_, &count, sizeof count);
      break;
    }
    if (ready > 0) collect();
  }
  return {channels.begin(), channels.end()};
}

void PostgresConnection::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto bytes = write(wake_fd_, &one, sizeof one);
}

}  // namespace fencepost::store::postgres

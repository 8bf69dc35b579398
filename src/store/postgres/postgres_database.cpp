#include "store/postgres/postgres_database.hpp"

#include "base/error.hpp"
#include "store/postgres/postgres_connection.hpp"

namespace fencepost::store::postgres {

namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// Host and database of the URL, for logs; never its user's password.
std::string label_of(const PQconninfoOption* options) {
  std::string host = "local", name;
  for (const auto* option = options; option->keyword; ++option) {
    if (!option->val) continue;
    if (std::string_view(option->keyword) == "host") host = option->val;
    if (std::string_view(option->keyword) == "dbname") name = option->val;
  }
  return "postgresql://" + host + "/" + name;
}

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(std::string url, std::string label, const DatabaseOptions& options)
      : Database(options), url_(std::move(url)), label_(std::move(label)) {}
  std::unique_ptr<Connection> connect() override {
    return std::make_unique<PostgresConnection>(url_, options());
  }
  Dialect dialect() const override { return Dialect::postgres; }
  std::string label() const override { return label_; }

 private:
  const std::string url_;
  const std::string label_;
};

}  // namespace

std::unique_ptr<Database> open(const std::string& url, const DatabaseOptions& options) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> parsed(PQconninfoParse(url.c_str(), &message));
  if (!parsed) {
    PQfreemem(message);
    throw base::UserError(
        "invalid_database_url",
        "the database URL cannot be read: write it as postgresql://USER:PASSWORD@HOST:PORT/NAME");
  }
  auto database = std::make_unique<PostgresDatabase>(url, label_of(parsed.get()), options);
  try {
    auto probe = database->acquire();
  } catch (const base::InfraError& error) {
    throw base::UserError("database_unusable",
                          "no connection to " + database->label() + " (" + error.what() +
                              "): check that the server runs, and the URL's user, password and name");
  }
  return database;
}

std::unique_ptr<Connection> borrow(pg_conn* connection, const DatabaseOptions& options) {
  return std::make_unique<PostgresConnection>(connection, options);
}

}  // namespace fencepost::store::postgres

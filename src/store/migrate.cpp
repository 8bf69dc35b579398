#include "store/migrate.hpp"

#include <algorithm>
#include <set>

#include "store/sql.hpp"

namespace fencepost::store {

namespace {
// CREATE TABLE IF NOT EXISTS of two processes can collide on PostgreSQL, so the lock comes first.
std::set<std::int64_t> applied(Connection& connection, int newest) {
  connection.run(sql::lock_migrations);
  connection.run(sql::create_migrations);
  std::set<std::int64_t> numbers;
  for (const auto& row : connection.run(sql::applied_migrations)) numbers.insert(row[0].integer());
  if (!numbers.empty() && *numbers.rbegin() > newest)
    throw base::UserError("schema_too_new",
                          "the database was written by a newer version of fencepost (schema " +
                              std::to_string(*numbers.rbegin()) + ", this program knows " +
                              std::to_string(newest) +
                              "): run that version, or restore a backup from before its migration");
  return numbers;
}
}  // namespace

Rows rows_if_migrated(Connection& connection, const Statement& query) try {
  return connection.run(query);
} catch (const base::InfraError& error) {
  // No such table is what an empty database says; that it is away is another matter.
  if (error.retryable() || error.poisoned()) throw;
  return {};
}

std::vector<std::string> migrate(Connection& connection, std::vector<Migration> migrations,
                                 int newest_of_program) {
  std::sort(migrations.begin(), migrations.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  const int newest = std::max(newest_of_program, migrations.empty() ? 0 : migrations.back().number);
  // The lock is taken once where nothing is missing; what is missing is looked at again under each lock.
  Transaction look(connection);
  const auto before = applied(connection, newest);
  look.commit();
  std::vector<std::string> names;
  for (const auto& migration : migrations) {
    if (before.contains(migration.number)) continue;
    Transaction transaction(connection);
    if (applied(connection, newest).contains(migration.number)) continue;
    connection.script(
        render({migration.name, migration.sqlite, migration.postgres}, connection.dialect(), {}).text);
    connection.run(sql::add_migration, {migration.number, migration.name});
    transaction.commit();
    names.push_back(migration.name);
  }
  return names;
}

std::string own_schema(Connection& connection) {
  const auto rows = connection.run(sql::current_schema);
  return rows[0][0].is_null() ? "" : rows[0][0].text();
}

}  // namespace fencepost::store

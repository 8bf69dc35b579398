#include "store/testing/fresh_database.hpp"

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "base/random.hpp"
#include "store/database.hpp"
#include "store/migrate.hpp"

namespace fencepost::store::testing {

namespace {

// By what is applied, not by its names: a mutant's migrations are others.
std::size_t key_of(const std::vector<Migration>& migrations, Dialect dialect) {
  std::string all;
  for (const auto& migration : migrations)
    all += std::to_string(migration.number) + ' ' + migration.name + '\n' +
           render({migration.name, migration.sqlite, migration.postgres}, dialect).text;
  return std::hash<std::string>{}(all);
}

// However long a busy machine takes.
std::unique_ptr<Database> open(const std::string& url) {
  return Database::open(url, {.connections = 1,
                              .lock_timeout = std::chrono::minutes(5),
                              .statement_deadline = std::chrono::minutes(5),
                              .idle_in_transaction = std::chrono::minutes(5)});
}

void migrate_at(const std::string& url, const std::vector<Migration>& migrations) {
  migrate(*open(url)->acquire(), migrations);
}

bool exists(Connection& connection, const std::string& name) {
  return !connection.run(Sql{"exists", "SELECT 1 FROM pg_database WHERE datname = $1"}, {name}).empty();
}

// Under a lock of its own, so that of the programs of a test run one migrates and the others wait for it.
void make_template(const std::string& server_url, const std::string& name,
                   const std::vector<Migration>& migrations) {
  const auto pool = open(server_url);
  const auto connection = pool->acquire();
  Transaction transaction(*connection);
  connection->run(Sql{"lock", "SELECT pg_advisory_xact_lock(hashtext($1))"}, {name});
  if (exists(*connection, name)) return;
  const auto other = open(server_url);
  const auto maker = other->acquire();
  const auto unfinished = name + '_' + base::random_hex(4);
  maker->script("CREATE DATABASE " + unfinished);
  migrate_at(with_database(server_url, unfinished), migrations);
  // Nobody can be at what nobody may connect to, so that it can be copied at any time.
  maker->script("ALTER DATABASE " + unfinished + " ALLOW_CONNECTIONS false");
  maker->script("ALTER DATABASE " + unfinished + " RENAME TO " + name);
}

}  // namespace

std::filesystem::path files_folder() {
  const char* memory = std::getenv("FENCEPOST_TEST_MEMORY");
  return memory != nullptr && *memory != '\0' ? memory : std::filesystem::temp_directory_path();
}

DatabaseOptions patient(int connections) {
  DatabaseOptions options;
  options.connections = connections;
  options.lock_timeout = std::chrono::minutes(2);
  options.statement_deadline = std::chrono::minutes(3);
  options.idle_in_transaction = std::chrono::minutes(5);
  return options;
}

std::string with_database(const std::string& url, const std::string& name) {
  return url.substr(0, url.rfind('/') + 1) + name;
}

void make_database(const std::string& server_url, const std::string& name,
                   const std::vector<Migration>& migrations) {
  static std::mutex mutex;
  static std::set<std::string> known;
  const auto origin = "fencepost_template_" + std::to_string(key_of(migrations, Dialect::postgres));
  {
    const std::lock_guard lock(mutex);
    if (known.insert(origin).second) make_template(server_url, origin, migrations);
  }
  // Files are copied in a sixth of the time that the log of their pages takes.
  open(server_url)
      ->acquire()
      ->script("CREATE DATABASE " + name + " TEMPLATE " + origin + " STRATEGY FILE_COPY");
}

void make_file(const std::string& path, const std::vector<Migration>& migrations) {
  static std::mutex mutex;
  static std::map<std::size_t, std::string> known;
  const std::lock_guard lock(mutex);
  auto& bytes = known[key_of(migrations, Dialect::sqlite)];
  if (bytes.empty()) {
    migrate_at("sqlite:" + path, migrations);  // closed again, so that the file is all there is
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
    return;
  }
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace fencepost::store::testing

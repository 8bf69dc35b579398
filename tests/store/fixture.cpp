#include "fixture.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "base/random.hpp"
#include "store/migrate.hpp"
#include "store/sql.hpp"
#include "store/sqlite/sqlite_database.hpp"

namespace fencepost::store::testing {

namespace {

constexpr const char* kOnceColumns =
    "title TEXT NOT NULL DEFAULT 'v1', status TEXT NOT NULL DEFAULT 'queued', "
    "enabled BOOLEAN NOT NULL DEFAULT TRUE, effect_key TEXT, ";
constexpr const char* kRepeatableColumns =
    "title TEXT NOT NULL DEFAULT 'v1', state VARCHAR(20) NOT NULL DEFAULT "
    "'Queued', is_active BOOLEAN NOT NULL DEFAULT TRUE, ";

std::string fence_columns(const std::string& p) {
  return p + "fence BIGINT NOT NULL DEFAULT 0, " + p + "claim_id BIGINT, " + p + "effect BIGINT, " + p +
         "lease_until BIGINT, " + p + "run_at BIGINT NOT NULL DEFAULT 0, " + p +
         "attempt INTEGER NOT NULL DEFAULT 0, " + p + "stop_wanted BOOLEAN NOT NULL DEFAULT FALSE, " + p +
         "last_error TEXT";
}

std::string table_sql(const core::Queue& queue, Dialect dialect) {
  const bool sqlite = dialect == Dialect::sqlite;
  const std::string extra = sqlite ? "extra TEXT, " : "extra JSON, ";
  if (queue.kind == core::Kind::once)
    return std::string("CREATE TABLE posts (id ") +
           (sqlite ? "INTEGER PRIMARY KEY AUTOINCREMENT, " : "BIGINT PRIMARY KEY, ") + kOnceColumns + extra +
           fence_columns("") + ")";
  return "CREATE TABLE \"Places\" (\"place id\" TEXT PRIMARY KEY NOT NULL, " +
         std::string(kRepeatableColumns) + extra + fence_columns("fp_") + ")";
}

// As long as the process.
struct SharedDatabase {
  const std::string name = "t_" + base::random_hex(8);
  const std::string url = with_database(postgres_url(), name);
  SharedDatabase() { Database::open(postgres_url())->acquire()->script("CREATE DATABASE " + name); }
  ~SharedDatabase() {
    try {
      Database::open(postgres_url())->acquire()->script("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
    } catch (const std::exception&) {
      // The server itself goes away after the tests.
    }
  }
};

std::vector<Migration> migrations() { return {std::begin(sql::migrations), std::end(sql::migrations)}; }

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

}  // namespace

core::Queue queue_of(core::Kind kind) {
  core::Queue queue;
  queue.kind = kind;
  queue.payload = {"title", "extra"};
  if (kind == core::Kind::once) {
    queue.name = "posts";
    queue.table = "posts";
    queue.enabled = "enabled";
    return queue;
  }
  queue.name = "places";
  queue.table = "Places";
  queue.key = "place id";
  queue.key_type = core::KeyType::text;
  queue.status = "state";
  queue.status_type = "varchar(20)";
  queue.enabled = "is_active";
  queue.column_prefix = "fp_";
  queue.words = {"Queued", "Processing", "Sending", "Completed", "Error", "Unknown", "Cancelled"};
  return queue;
}

std::string postgres_url() {
  const char* url = std::getenv("FENCEPOST_TEST_POSTGRES");
  if (url == nullptr || *url == '\0')
    throw std::runtime_error("FENCEPOST_TEST_POSTGRES is not set: run these tests with scripts/test");
  return url;
}

std::string with_address(const std::string& url, const std::string& host_and_port) {
  const auto begin = url.rfind('@') + 1;
  return url.substr(0, begin) + host_and_port + url.substr(url.find('/', begin));
}

void World::make_home(Home home) {
  name_ = "t_" + base::random_hex(8);
  if (dialect_ == Dialect::sqlite) {
    file_ = (files_folder() / (name_ + ".db")).string();
    make_file(file_, migrations());
    url_ = "sqlite:" + file_;
    return;
  }
  if (home == Home::database) {
    url_ = with_database(postgres_url(), name_);
    drop_ = "DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)";
    make_database(postgres_url(), name_, migrations());
    return;
  }
  static const SharedDatabase shared;
  home_url_ = shared.url;
  url_ = shared.url + "?options=-csearch_path%3D" + name_;
  drop_ = "DROP SCHEMA IF EXISTS " + name_ + " CASCADE";
  Database::open(shared.url)->acquire()->script("CREATE SCHEMA " + name_);
}

World::World(Dialect dialect, core::Kind kind, const DatabaseOptions& options, Home home)
    : dialect_(dialect), queue_(queue_of(kind)) {
  make_home(home);
  database_ = Database::open(url_, options);
  a_ = connect();
  b_ = connect();
  onlooker_ = connect();
  if (!home_url_.empty()) migrate(*onlooker_, migrations());
  onlooker_->script(table_sql(queue_, dialect_));
  install();
}

World::~World() {
  a_.reset();
  b_.reset();
  onlooker_.reset();
  database_.reset();
  try {
    if (dialect_ == Dialect::postgres)
      Database::open(home_url_.empty() ? postgres_url() : home_url_)->acquire()->script(drop_);
  } catch (const std::exception&) {
    // The server itself goes away after the tests.
  }
  for (const auto* suffix : {"", "-wal", "-shm"}) {
    std::error_code ignored;
    if (!file_.empty()) std::filesystem::remove(file_ + suffix, ignored);
  }
}

std::unique_ptr<Connection> World::connect() {
  auto connection = database_->connect();
  // Durability is not what the races are about, and a flush for each of some ten thousand transactions is
  // slow.
  if (dialect_ == Dialect::sqlite) connection->script("PRAGMA synchronous=OFF");
  return connection;
}

void World::install() {
  fence_ = std::make_unique<Fence>(queue_, dialect_, own_schema(*onlooker_));
  fence_->install(*onlooker_);
}

std::string World::sql(std::string text) const {
  const auto quoted = [](const std::string& name) { return '"' + name + '"'; };
  replace_all(text, "{table}", quoted(queue_.table));
  replace_all(text, "{key}", quoted(queue_.key));
  replace_all(text, "{status}", quoted(queue_.status));
  replace_all(text, "{enabled}", quoted(*queue_.enabled));
  replace_all(text, "{payload}", quoted(queue_.payload[0]));
  replace_all(text, "{q}", "'" + queue_.name + "'");
  replace_all(text, "{effect_key}", once() ? "effect_key" : "NULL");
  for (const auto* column :
       {"fence", "claim_id", "effect", "lease_until", "run_at", "attempt", "stop_wanted", "last_error"})
    replace_all(text, "{" + std::string(column) + "}", quoted(queue_.column_prefix + column));
  if (dialect_ == Dialect::postgres)
    for (char digit = '1'; digit <= '9'; ++digit)
      replace_all(text, std::string("?") + digit, std::string("$") + digit);
  return text;
}

Rows World::run(Connection& connection, const std::string& text, const Params& params) const {
  const auto ready = sql(text);
  return connection.run(Sql{ready, ready}, params);
}

std::string World::add(const std::string& key) {
  run("INSERT INTO {table} ({key}, {status}) VALUES (?1, ?2)", {key, queue_.words.queued});
  return key;
}

void World::script(const std::string& text) {
  if (dialect_ == Dialect::postgres) return onlooker_->script(sql(text));
  Transaction transaction(*onlooker_);
  onlooker_->script(sql(text));
  transaction.commit();
}

void World::vacuum() {
  if (dialect_ == Dialect::postgres)
    onlooker_->script(sql("VACUUM {table}, fencepost_effects, fencepost_events"));
}

void shift_clock(World& world, Duration by) {
  sqlite::shift_clock_for_tests(world.dialect() == Dialect::sqlite ? by : Duration(0));
  if (world.dialect() != Dialect::postgres) return;
  world.onlooker().script(
      "CREATE OR REPLACE FUNCTION fencepost_now() RETURNS BIGINT LANGUAGE sql VOLATILE PARALLEL SAFE AS "
      "$$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + " +
      std::to_string(by.count()) + " $$");
}

int backend_pid(Connection& connection) {
  return static_cast<int>(connection.run(Sql{"pid", "SELECT pg_backend_pid()"})[0][0].integer());
}

}  // namespace fencepost::store::testing

#include "accounts/testing/test_database.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "base/random.hpp"
#include "store/testing/fresh_database.hpp"

namespace fencepost::accounts::testing {

namespace {

constexpr int kConnections = 16;

std::string server() {
  const char* url = std::getenv("FENCEPOST_TEST_POSTGRES");
  if (url == nullptr || *url == '\0')
    throw std::runtime_error("FENCEPOST_TEST_POSTGRES is not set: run this test by scripts/test");
  return url;
}

}  // namespace

TestDatabase::TestDatabase(const std::string& kind, const std::vector<store::Migration>& migrations)
    : name_("t_" + base::random_hex(8)), folder_(store::testing::files_folder() / ("fencepost-" + name_)) {
  std::filesystem::create_directory(folder_);
  std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
  if (kind == "postgres") {
    store::testing::make_database(server(), name_, migrations);
    url_ = store::testing::with_database(server(), name_);
  } else {
    store::testing::make_file(folder_ + "/test.db", migrations);
    url_ = "sqlite:" + folder_ + "/test.db";
  }
  open();
}

TestDatabase::~TestDatabase() {
  database_.reset();
  try {
    if (!url_.starts_with("sqlite:"))
      store::Database::open(server())->acquire()->script("DROP DATABASE IF EXISTS " + name_ +
                                                         " WITH (FORCE)");
  } catch (const std::exception&) {
    // The server itself goes away after the tests.
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::unique_ptr<store::Database> TestDatabase::another() const {
  return store::Database::open(url_, store::testing::patient(kConnections));
}

store::Rows TestDatabase::run(std::string statement, const store::Params& params) const {
  if (database_->dialect() == store::Dialect::sqlite)
    for (auto at = statement.find('$'); at != std::string::npos; at = statement.find('$', at))
      statement[at] = '?';
  return database_->acquire()->run(store::Sql{statement, statement}, params);
}

}  // namespace fencepost::accounts::testing

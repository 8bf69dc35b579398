#pragma once
// The schema of announcements and of what they stand on. Tests only.

#include <iterator>
#include <vector>

#include "accounts/sql.hpp"
#include "announce/sql.hpp"
#include "store/sql.hpp"

namespace fencepost::announce::testing {

inline std::vector<store::Migration> migrations() {
  std::vector<store::Migration> all(std::begin(store::sql::migrations), std::end(store::sql::migrations));
  all.insert(all.end(), std::begin(accounts::sql::migrations), std::end(accounts::sql::migrations));
  all.insert(all.end(), std::begin(sql::migrations), std::end(sql::migrations));
  return all;
}

}  // namespace fencepost::announce::testing

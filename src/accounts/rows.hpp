#pragma once
// Rows as values, for those who share a table. Inside accounts/ only.

#include "accounts/people.hpp"

namespace fencepost::accounts {

// id, email, name, role, version, created_at, disabled_at. A role that this version does not know is the
// least.
inline Person person_of(const store::Row& row) {
  return {row[0].integer(),      row[1].text(),
          row[2].text(),         role_named(row[3].text()).value_or(Role::member),
          row[4].integer(),      row[5].integer(),
          row[6].maybe_integer()};
}

}  // namespace fencepost::accounts

#pragma once
// Statements that an embedding program writes itself.

#include <string>

#include "store/database.hpp"

namespace fencepost::store {

// $1, $2 … outside of literals and comments as the dialect writes them: ?1, ?2 … on SQLite, where $1 would be
// numbered by its place in the text.
std::string with_placeholders(const std::string& text, Dialect dialect);

Rows run_own(Connection& connection, const std::string& text, const Params& params);

}  // namespace fencepost::store

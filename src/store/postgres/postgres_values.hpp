#pragma once
// Values on their way to PostgreSQL and back.

#include <libpq-fe.h>
#include <optional>
#include <string>
#include <vector>

#include "store/value.hpp"

namespace fencepost::store::postgres {

// Parameters travel as text; the server takes their types from the statement. nullopt: NULL.
std::optional<std::string> as_text(const Value& value);

// The parameters of a batch: each column of `rows` an array, `shared` behind them.
Params as_arrays(const std::vector<Params>& rows, const Params& shared);

Rows as_rows(const PGresult* result);

}  // namespace fencepost::store::postgres

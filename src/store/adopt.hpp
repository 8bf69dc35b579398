#pragma once
// `fencepost adopt`: makes a table that somebody else has made, with rows in it and programs at work on it,
// into a queue. First it looks (what stands against it, and what would be done); then it does that, under the
// table's lock, after looking again.
//
// Functions without state. They throw InfraError, and UserError where what is asked for makes no sense in any
// table; what this table has against it are the plan's problems.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/descriptor.hpp"
#include "store/survey.hpp"

namespace fencepost::store {

struct AdoptRequest {
  // As far as the caller knows it: name, key, key_type and status_type are found out. Words that a repeatable
  // queue needs not to have are those of claimed (sending) and failed (unknown, stopped).
  core::Queue queue;
  bool key_given = false;               // else the primary key
  std::optional<std::string> backfill;  // the word for rows whose status is NULL or none of the queue's
  std::vector<std::string> leave;       // words that are none of the queue's business, and stay
  bool concurrently = false;            // PostgreSQL: build the indexes without holding up writers
};

// Something that stands against adoption, and what would mend it.
struct Problem {
  std::string what;
  std::string mend;  // SQL or a flag; may be empty
};

struct AdoptPlan {
  Descriptor descriptor;                                                    // complete
  std::optional<Descriptor> before;                                         // adopted already, like this
  std::vector<std::pair<std::optional<std::string>, std::int64_t>> counts;  // status words; none: NULL
  std::vector<Problem> problems;
  std::vector<std::string> warnings;
  std::vector<std::string> statements;    // what would be run, in order
  std::vector<std::string> concurrently;  // of these, what runs outside a transaction, before the last ones
  std::int64_t rows = 0;
  std::int64_t backfilled = 0;
  bool add_columns = false;
  bool nothing_to_do = false;
};

// Rows from which on the indexes are built CONCURRENTLY.
constexpr std::int64_t kLargeTable = 100'000;

// Looks, and changes nothing: on SQLite it tries the words on a row and takes that back. `schema_missing`:
// our own tables are not there yet. Joins the caller's transaction, if there is one.
AdoptPlan plan_adoption(Connection& connection, const AdoptRequest& request, bool schema_missing = false);

// Looks and, where nothing stands against it, does it; the plan that it answers is what was done. Our own
// tables must be there. Not in a transaction.
AdoptPlan adopt(Connection& connection, const AdoptRequest& request);

// Whether our own tables are there, as this version needs them for adoption.
bool has_schema(Connection& connection);

// The protocol's columns that a queue must have: the protocol's name and the table's. And what is wrong with
// one that is there.
std::vector<std::pair<std::string, std::string>> protocol_columns(const core::Queue& queue);
std::optional<std::string> column_problem(const std::string& protocol_name, const Column& found);

}  // namespace fencepost::store

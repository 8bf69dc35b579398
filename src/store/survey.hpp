#pragma once
// What a table of somebody else's is: for adoption, and for doctor. Reads the catalogue only; as thread-safe
// as its connection; throws InfraError.

#include <optional>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace fencepost::store {

struct Column {
  std::string name;
  std::string type;  // as a cast wants it: varchar(20), "crm"."mood"
  std::string kind;  // text, enum, integer, uuid, boolean, char or other
  bool nullable = false;
  bool generated = false;
  bool has_default = false;
};

struct Table {
  std::string schema;  // empty on SQLite
  std::string name;
  std::string kind;  // "table", or what it is instead: view, partitioned table, virtual table …
  std::string owner;
  bool owned = true;          // by this role
  bool row_security = false;  // hides rows from this role
  bool rules = false;         // PostgreSQL's rewrite rules
  bool ids_reused = false;    // SQLite: no AUTOINCREMENT
  bool unlogged = false;
  std::vector<Column> columns;
  std::vector<std::string> unique;          // columns that alone name a row, the primary key first
  std::optional<std::string> primary;       // the primary key, where it is one column
  std::vector<std::string> later_triggers;  // others', that fire after ours

  // As core::Queue::table has it.
  std::string qualified() const { return schema.empty() ? name : schema + "." + name; }
  // By its name; on SQLite in any case.
  const Column* column(const std::string& name) const;
};

// `name` is TABLE, or SCHEMA.TABLE on PostgreSQL; nullopt: there is none.
std::optional<Table> survey(Connection& connection, const std::string& name);
// Names of tables that differ from `name` by their case only.
std::vector<std::string> similar_tables(Connection& connection, const std::string& name);

// "crm.places" as a schema (NULL: the search path's) and a table; a dot is part of the name on SQLite.
std::pair<Value, std::string> schema_and_table(Dialect dialect, const std::string& name);

}  // namespace fencepost::store

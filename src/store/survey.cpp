#include "store/survey.hpp"

#include <algorithm>
#include <cctype>

#include "store/sql.hpp"

namespace fencepost::store {

namespace {
std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}
}  // namespace

const Column* Table::column(const std::string& wanted) const {
  for (const auto& one : columns)
    if (one.name == wanted) return &one;
  if (!schema.empty()) return nullptr;
  for (const auto& one : columns)
    if (lower(one.name) == lower(wanted)) return &one;
  return nullptr;
}

std::pair<Value, std::string> schema_and_table(Dialect dialect, const std::string& name) {
  const auto dot = name.find('.');
  if (dialect == Dialect::sqlite || dot == std::string::npos) return {Value(), name};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

std::optional<Table> survey(Connection& connection, const std::string& name) {
  const auto [schema, table] = schema_and_table(connection.dialect(), name);
  const auto found = connection.run(sql::survey_table, {schema, table});
  if (found.empty()) return std::nullopt;
  const auto& row = found[0];
  Table out;
  out.schema = row[0].text();
  out.name = row[1].text();
  out.kind = row[2].text();
  out.owned = row[3].boolean();
  out.owner = row[4].text();
  out.row_security = row[5].boolean();
  out.rules = row[6].boolean();
  out.ids_reused = row[7].boolean();
  out.unlogged = row[8].boolean();
  const Params where{out.schema, out.name};
  for (const auto& c : connection.run(sql::survey_columns, where))
    out.columns.push_back(
        {c[0].text(), c[1].text(), c[2].text(), c[3].boolean(), c[4].boolean(), c[5].boolean()});
  for (const auto& u : connection.run(sql::survey_unique, where)) {
    if (u[1].boolean()) out.primary = u[0].text();
    out.unique.push_back(u[0].text());
  }
  for (const auto& t : connection.run(sql::survey_later_triggers, where))
    out.later_triggers.push_back(t[0].text());
  return out;
}

std::vector<std::string> similar_tables(Connection& connection, const std::string& name) {
  const auto [schema, table] = schema_and_table(connection.dialect(), name);
  std::vector<std::string> out;
  for (const auto& row : connection.run(sql::survey_similar, {schema, table}))
    out.push_back((schema.is_null() ? "" : schema.text() + ".") + row[0].text());
  return out;
}

}  // namespace fencepost::store

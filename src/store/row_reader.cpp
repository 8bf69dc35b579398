#include "store/row_reader.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "store/adopt.hpp"
#include "store/quote.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

namespace {
using nlohmann::json;
constexpr int kColumnsAnObject = 40;

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

// json_object() refuses blobs; they come as hexadecimal digits, as people see them in the shell.
std::string objects_of(const std::vector<std::string>& columns) {
  std::string out;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto name = "t." + identifier(columns[i]);
    out += i % kColumnsAnObject == 0 ? (i == 0 ? "json_object(" : "), json_object(") : ", ";
    out += literal(columns[i]) + ", CASE typeof(" + name + ") WHEN 'blob' THEN hex(" + name + ") ELSE " +
           name + " END";
  }
  return out + ")";
}
}  // namespace

RowReader::RowReader(Connection& connection, const Fence& fence) : sql_(fence.over(sql::loop_row)) {
  std::vector<std::string> own, columns;
  for (const auto& [protocol, name] : protocol_columns(fence.queue())) own.push_back(name);
  without_ = dumped(own);
  const auto table = survey(connection, fence.queue().table);
  if (!table) return;
  for (const auto& column : table->columns)
    if (std::find(own.begin(), own.end(), column.name) == own.end()) columns.push_back(column.name);
  const std::string mark = "[row]";
  if (const auto at = sql_.text.find(mark); at != std::string::npos)
    sql_.text.replace(at, mark.size(), objects_of(columns));
}

std::optional<std::string> RowReader::read(Connection& connection, const Claim& claim) const {
  const auto rows = connection.run(sql_, {claim.item, claim.claim, claim.fence, without_});
  if (rows.empty()) return std::nullopt;
  const auto parts = json::parse(rows[0][0].text(), nullptr, false);
  json out = json::object();
  for (const auto& part : parts) out.update(part);
  return dumped(out);
}

std::string claim_json(const core::Queue& queue, const Claim& claim) {
  auto out = json::parse(claim.payload, nullptr, false);
  if (!out.is_object()) out = json::object();
  out[queue.key] = queue.key_type == core::KeyType::bigint ? json::parse(claim.item) : json(claim.item);
  return dumped(out);
}

bool remaining(Connection& connection, const Fence& fence) {
  // A `once` item whose word somebody has changed against what its effect says is brought back by the
  // sweeper.
  return connection.run(fence.over(sql::loop_remaining))[0][0].boolean() ||
         !fence.misplaced(connection, 1).empty();
}

}  // namespace fencepost::store

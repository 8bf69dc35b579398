#include "store/backup/manifest.hpp"

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace fencepost::store::backup {

using nlohmann::json;

std::string to_json(const Manifest& m) {
  json tables = json::array();
  for (const auto& table : m.tables) {
    tables.push_back({{"name", table.name}, {"rows", table.rows}});
    if (!table.queue.empty()) tables.back()["adopted_as"] = table.queue;
  }
  return json{{"format", m.format},
              {"program", m.program},
              {"database", m.database},
              {"engine", m.engine},
              {"engine_major", m.engine_major},
              {"made_by", m.made_by},
              {"made_at", base::format_utc(m.made_at)},
              {"schema", m.schema},
              {"own_schema", m.own_schema},
              {"identity", m.identity},
              {"epoch", m.epoch},
              {"tables", std::move(tables)}}
             .dump(2) +
         "\n";
}

Manifest manifest_of(const std::string& text) try {
  const auto all = json::parse(text);
  Manifest m;
  m.format = all.at("format").get<int>();
  m.program = all.at("program").get<std::string>();
  if (m.format != Manifest::kFormat)
    throw base::UserError("backup_too_new", "the backup was made by a newer version (" + m.program +
                                                ", format " + std::to_string(m.format) +
                                                "): restore it with that one; nothing was changed");
  m.database = all.at("database").get<std::string>();
  m.engine = all.at("engine").get<std::string>();
  m.engine_major = all.at("engine_major").get<int>();
  m.made_by = all.at("made_by").get<std::string>();
  m.made_at = base::parse_utc(all.at("made_at").get<std::string>());
  m.schema = all.at("schema").get<int>();
  m.own_schema = all.at("own_schema").get<std::string>();
  m.identity = all.at("identity").get<std::string>();
  m.epoch = all.at("epoch").get<std::int64_t>();
  for (const auto& table : all.at("tables"))
    m.tables.push_back({table.at("name").get<std::string>(), table.at("rows").get<std::int64_t>(),
                        table.value("adopted_as", std::string())});
  return m;
} catch (const json::exception&) {
  throw base::UserError("backup_damaged", "the backup's manifest cannot be read; nothing was restored");
}

}  // namespace fencepost::store::backup

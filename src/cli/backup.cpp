// `fencepost backup` and `fencepost restore`.

#include "store/backup/backup.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/key_check.hpp"
#include "cli/program.hpp"
#include "cli/progress.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"
#include "store/identity.hpp"
#include "store/sql.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;
using store::backup::Manifest;

struct Given {
  std::string file, replace;
  bool overwrite = false, check = false, as_json = false;
};

int newest_schema() {
  int newest = 0;
  for (const auto& migration : all_migrations()) newest = std::max(newest, migration.number);
  return newest;
}

void show(const Manifest& manifest) {
  print(sheet({{"made", base::format_utc(manifest.made_at)},
               {"of", manifest.database},
               {"by", manifest.program + ", " + manifest.made_by},
               {"schema", std::to_string(manifest.schema)}}));
  Table rows;
  for (const auto& table : manifest.tables)
    rows.push_back({table.name, std::to_string(table.rows),
                    table.queue.empty() ? "-" : "of others, adopted as " + table.queue});
  print(table({"TABLE", "ROWS", "NOTE"}, rows, 100));
}

int make_backup(const Settings& settings, const Given& given) {
  const auto url = settings.needed("database");
  Manifest manifest;
  {
    LongWork work("backing up", LongWork::Unit::bytes);
    manifest = store::backup::make(url, given.file, {"fencepost " FENCEPOST_VERSION, given.overwrite},
                                   work.progress());
  }
  const std::string key =
      "the key file is not in it: keep a copy elsewhere, or connections must be connected again";
  if (given.as_json) {
    print(json{{"file", given.file}, {"manifest", json::parse(to_json(manifest))}, {"note", key}}.dump() +
          "\n");
    return 0;
  }
  show(manifest);
  print("written to " + given.file + "\n" + key + "\n");
  return 0;
}

// What a person must know of a database that is in the past (rule 13).
struct Aftermath {
  std::string reason;
  int unknown = 0;
  std::vector<std::string> paused;
  KeyReport key;
};

Aftermath settle(store::Connection& connection, const Settings& settings, base::Micros made_at) {
  Aftermath after;
  bring_up(connection);
  const auto fences = make_fences(connection);
  // On PostgreSQL a server that began in this moment may have been quicker; then it has paused them.
  after.unknown = store::check_identity(connection, fences, 0, false).marked;
  after.unknown += store::backup::end_past_work(connection, fences, made_at);
  for (const auto& row : connection.run(store::sql::queues)) {
    if (!row[2].boolean()) continue;
    after.paused.push_back(row[0].text());
    if (!row[3].is_null()) after.reason = row[3].text();
  }
  after.key = examine_key(connection, settings);
  return after;
}

void tell(const Manifest& manifest, const Aftermath& after, const std::string& kept) {
  print("restored as it was at " + base::format_utc(manifest.made_at) + "\n");
  if (!kept.empty()) print("what was there is kept as " + kept + "\n");
  std::string paused;
  for (const auto& name : after.paused) paused += (paused.empty() ? "" : ", ") + name;
  print("What was sent, stopped or revoked after that moment, this database does not know. So\n");
  print("- paused: " + (paused.empty() ? "-" : paused) + "\n");
  print("- unknown, because they were due or under way: " + std::to_string(after.unknown) + "\n");
  print("- tokens that were revoked since are valid again: fencepost token list\n");
  print("When you have looked at what is unknown, and resolved it: fencepost queue resume NAME\n");
  print(after.key.text());
}

int restore(const Settings& settings, const Given& given) {
  const auto url = given.check ? "" : settings.needed("database");
  Aftermath after;
  std::string kept;
  std::unique_ptr<store::backup::Backup> backup;
  {
    LongWork work("checking the backup", LongWork::Unit::bytes);
    backup = std::make_unique<store::backup::Backup>(given.file, newest_schema(), work.progress());
  }
  const auto manifest_json = json::parse(to_json(backup->manifest()));
  if (given.check) {
    if (given.as_json) {
      print(json{{"whole", true}, {"manifest", manifest_json}}.dump() + "\n");
    } else {
      show(backup->manifest());
      print("whole: its checksums are right\n");
    }
    return 0;
  }
  {
    LongWork work("restoring", LongWork::Unit::bytes);
    kept = store::backup::restore(
        url, *backup, {given.replace},
        [&](store::Connection& connection) {
          after = settle(connection, settings, backup->manifest().made_at);
        },
        work.progress());
  }
  if (given.as_json)
    print(json{{"restored", true},
               {"manifest", manifest_json},
               {"paused", after.paused},
               {"paused_why", after.reason},
               {"unknown", after.unknown},
               {"kept", kept.empty() ? json() : json(kept)},
               {"key", json::parse(after.key.json())}}
              .dump() +
          "\n");
  else
    tell(backup->manifest(), after, kept);
  return 0;
}

void add_make(CLI::App& app, Chosen& chosen) {
  auto given = std::make_shared<Given>();
  auto* command = app.add_subcommand("backup", "Back up a database, also while servers work on it");
  command->footer(
      "One moment of the whole database, adopted tables too, as one tar file with a manifest and checksums.\n"
      "PostgreSQL: needs pg_dump of the server's version or newer. The key file is not in it.");
  auto flags = std::make_shared<SettingFlags>(*command, std::vector<std::string_view>{"database"});
  command->add_option("--to", given->file, "The backup's file")->required()->type_name("FILE");
  command->add_flag("--overwrite", given->overwrite, std::string("Also over a file of that name"));
  command->add_flag("--json", given->as_json, std::string("Print JSON instead of a table"));
  command->callback([&chosen, flags, given] {
    chosen = [flags, given] { return make_backup(flags->settings(), *given); };
  });
}

void add_back(CLI::App& app, Chosen& chosen) {
  auto given = std::make_shared<Given>();
  auto* command = app.add_subcommand("restore", "Fill an empty database from a backup");
  command->footer(
      "All or nothing, and never over data. Afterwards `once` queues are paused and what was due is "
      "unknown:\n"
      "a person looks, resolves, and resumes. Stop servers of the old database first.");
  auto flags =
      std::make_shared<SettingFlags>(*command, std::vector<std::string_view>{"database", "key-file"});
  command->add_option("--from", given->file, "The backup's file")->required()->type_name("FILE");
  command
      ->add_option("--replace", given->replace,
                   "SQLite: put it in the place of this file, the one that --database names; it is kept")
      ->type_name("PATH");
  command->add_flag("--check", given->check,
                    std::string("Only look whether the backup is whole, and show it"));
  command->add_flag("--json", given->as_json, std::string("Print JSON"));
  command->callback(
      [&chosen, flags, given] { chosen = [flags, given] { return restore(flags->settings(), *given); }; });
}
}  // namespace

void add_backup(CLI::App& app, Chosen& chosen) {
  add_make(app, chosen);
  add_back(app, chosen);
}

}  // namespace fencepost::cli

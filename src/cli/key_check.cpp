// `fencepost key check` and `lost`: whether the key file opens the stored credentials, and what to do when it
// is lost.

#include "cli/key_check.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "accounts/credentials.hpp"
#include "apps/upload/uploader/sessions.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/program.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

int check(const Settings& settings, bool as_json) {
  const auto database = open_database(settings, 1);
  const auto lease = database->acquire();
  require_current_schema(*lease);
  const auto report = examine_key(*lease, settings);
  print(as_json ? report.json() + "\n" : report.text());
  return report.fine() ? 0 : 1;
}

struct Given {
  bool yes = false, without_key = false;
};

int lost(const Settings& settings, const Given& given, bool as_json) {
  const auto database = open_database(settings, 1);
  const auto lease = database->acquire();
  require_current_schema(*lease);
  const auto report = examine_key(*lease, settings);
  // A slip in its path would look like the loss of everything.
  if (!report.problem.empty() && !report.unreadable.empty() && !given.without_key)
    throw base::UserError("key_file_unusable",
                          report.problem +
                              ": name the key file there is; or, where none is left, say "
                              "--without-key");
  json names = json::array();
  for (const auto& info : report.unreadable) {
    if (given.yes) accounts::disconnect(*lease, info.id);
    names.push_back(info.name);
    if (!as_json)
      print((given.yes ? "disconnected " : "would disconnect ") + info.name + " (" + info.platform + ")" +
            (given.yes ? ": connect it again\n" : "\n"));
  }
  if (as_json)
    print(json{{"disconnected", given.yes ? names : json::array()},
               {"would_disconnect", given.yes ? json::array() : names},
               {"upload_sessions", report.upload_sessions}}
              .dump() +
          "\n");
  else if (report.fine())
    print("nothing to do: the key opens all stored credentials\n");
  else if (!given.yes)
    print("nothing was changed: say --yes to disconnect them\n");
  if (!as_json) print(report.sessions_text());
  return report.fine() || given.yes ? 0 : 1;
}

using Run = std::function<int(const Settings&, bool)>;
void add(CLI::App* command, Run run, Chosen& chosen) {
  auto flags = std::make_shared<SettingFlags>(
      *command, std::vector<std::string_view>{"database", "key-file", "poll-only"});
  auto* json_flag = add_switch(*command, "--json", "Print JSON");
  command->callback([&chosen, flags, json_flag, run = std::move(run)] {
    chosen = [flags, json_flag, run] { return run(flags->settings(), json_flag->count() > 0); };
  });
}
}  // namespace

KeyReport examine_key(store::Connection& connection, const Settings& settings) {
  KeyReport report;
  report.path = key_path(settings);
  std::unique_ptr<accounts::Vault> vault;
  if (report.path.empty()) {
    report.problem = "no key file was named (--key-file, FENCEPOST_KEY_FILE)";
  } else {
    try {
      vault = std::make_unique<accounts::Vault>(accounts::Vault::open(report.path, false));
    } catch (const base::UserError& error) {
      report.problem = error.what();
    }
  }
  report.unreadable = accounts::unreadable_connections(connection, vault.get());
  report.upload_sessions = uploader::unreadable_sessions(connection, vault.get());
  return report;
}

std::string KeyReport::sessions_text() const {
  if (upload_sessions == 0) return "";
  return "It does not open what " + std::to_string(upload_sessions) +
         " uploads have begun at YouTube: each begins anew with its next attempt, or is unknown, for you to\n"
         "resolve, where its last piece may have left.\n";
}

std::string KeyReport::text() const {
  if (fine()) return "key: opens all stored credentials, or none are stored\n" + sessions_text();
  std::string out =
      "key: " +
      (problem.empty() ? "the key file '" + path + "' is not the one that they were encrypted with"
                       : problem) +
      "\nThese connections cannot be used without the right key:\n";
  for (const auto& info : unreadable)
    out += "- " + info.name + " (" + info.platform + ", " + info.target + ")\n";
  return out +
         "Put the right key file back; or, if it is lost: fencepost key lost --yes, which disconnects them, "
         "and\n"
         "connect them again. Everything else works then.\n" +
         sessions_text();
}

std::string KeyReport::json() const {
  auto list = nlohmann::json::array();
  for (const auto& info : unreadable)
    list.push_back({{"id", info.id}, {"name", info.name}, {"platform", info.platform}, {"url", info.target}});
  using Json = nlohmann::json;
  return Json{{"file", path.empty() ? Json() : Json(path)},
              {"problem", problem.empty() ? Json() : Json(problem)},
              {"opens_all", fine()},
              {"upload_sessions", upload_sessions},
              {"connect_again", std::move(list)}}
      .dump();
}

void add_key_check(CLI::App& noun, Chosen& chosen) {
  auto* look = noun.add_subcommand("check", "Whether the key file opens all stored credentials");
  look->footer("Exit code 1 where it does not; the connections are named.");
  add(look, check, chosen);
  auto given = std::make_shared<Given>();
  auto* gone =
      noun.add_subcommand("lost", "Disconnect what the key file at hand cannot open, so that the rest works");
  gone->add_flag("--yes", given->yes, "Do it; otherwise it only says what it would disconnect");
  gone->add_flag("--without-key", given->without_key, "There is no key file any more");
  gone->footer("Exit code 1 where something is to be disconnected and --yes was not said.");
  add(
      gone, [given](const Settings& settings, bool as_json) { return lost(settings, *given, as_json); },
      chosen);
}

}  // namespace fencepost::cli

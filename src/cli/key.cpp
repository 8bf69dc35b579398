// `fencepost key`: the key that encrypts platforms' secrets. On the host whose file it is, beside the
// servers, which go on.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "accounts/authorisations.hpp"
#include "accounts/connections.hpp"
#include "accounts/idempotency.hpp"
#include "accounts/rotation.hpp"
#include "apps/notify/subscriptions.hpp"
#include "apps/upload/uploader/sessions.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/key_check.hpp"
#include "cli/program.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

const std::vector<std::string_view> kNames = {"database", "key-file", "poll-only"};

// Everything that is sealed with the key and stored.
std::vector<accounts::Sealed> sealed_columns() {
  return {accounts::sealed_connections(), notify::sealed_subscriptions(), uploader::sealed_sessions(),
          accounts::sealed_authorisations(), accounts::sealed_answers()};
}

int prepare(const Settings& settings, bool as_json) {
  const auto path = key_file(settings);
  const bool made = accounts::prepare_key(path);
  if (as_json)
    print(json{{"prepared", made}}.dump() + "\n");
  else
    print(made ? "a key is ready in " + path + ": copy the file to all hosts, then `fencepost key rotate`\n"
               : "a key was ready already: copy " + path + " to all hosts, then `fencepost key rotate`\n");
  return 0;
}

int rotate(const Settings& settings, bool as_json) {
  const auto database = open_database(settings, 2);
  require_current_schema(*database->acquire());
  const auto done = accounts::rotate_keys(*database, key_file(settings), sealed_columns());
  if (as_json) {
    print(json({{"new_key", done.new_key}, {"resealed", done.resealed}, {"unreadable", done.unreadable}})
              .dump() +
          "\n");
  } else {
    print(std::string(done.new_key ? "a new key is in use" : "a rotation that had stopped is finished") +
          "; " + std::to_string(done.resealed) + " secrets were sealed anew\n");
    if (done.unreadable > 0)
      print(std::to_string(done.unreadable) +
            " secrets cannot be read with any key of the file: connect those accounts again\n");
  }
  return done.unreadable > 0 ? 1 : 0;
}

int retire(const Settings& settings, bool as_json) {
  const auto database = open_database(settings, 2);
  require_current_schema(*database->acquire());
  const auto aside = accounts::retire_keys(*database, key_file(settings), sealed_columns());
  if (as_json)
    print(json{{"retired", !aside.empty()}, {"kept_in", aside.empty() ? json() : json(aside)}}.dump() + "\n");
  else
    print(aside.empty()
              ? "there is no former key\n"
              : "the former keys are in " + aside + ": delete it when all hosts have the new file\n");
  return 0;
}

void add(CLI::App* command, int (*run)(const Settings&, bool), Chosen& chosen) {
  auto flags = std::make_shared<SettingFlags>(*command, kNames);
  auto* json_flag = add_switch(*command, "--json", "Print JSON instead of text");
  command->callback([&chosen, flags, json_flag, run] {
    chosen = [flags, json_flag, run] { return run(flags->settings(), json_flag->count() > 0); };
  });
}
}  // namespace

void add_key(CLI::App& app, Chosen& chosen) {
  auto* noun = app.add_subcommand("key", "The key that encrypts platforms' secrets")->require_subcommand(1);
  noun->footer("Servers that run go on meanwhile: they follow their key file.");
  add(noun->add_subcommand("prepare",
                           "Make a key ready that seals nothing yet, to copy the file to other hosts"),
      prepare, chosen);
  add(noun->add_subcommand("rotate", "Seal all secrets with a new key; a rotation that stopped is finished"),
      rotate, chosen);
  add(noun->add_subcommand("retire", "Take the former keys out of the file, once nothing needs them"), retire,
      chosen);
  add_key_check(*noun, chosen);
}

}  // namespace fencepost::cli

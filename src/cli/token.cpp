// `fencepost token`: through the API, or, where the last token was lost, directly in the database.

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "accounts/tokens.hpp"
#include "cli/noun.hpp"
#include "cli/pages.hpp"
#include "cli/program.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"
#include "cli/token_file.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

// Makes a token, writes it to the file that was named, and shows it.
void hand_out(const std::string& path, bool as_json, const std::function<json()>& make) {
  // Before there is a token that could not be written down.
  refuse_taken_token_file(path);
  TokenFile file(path);
  const auto made = make();
  const auto token = made.at("token").get<std::string>();
  if (!path.empty()) file.write(base::Secret(token));
  if (as_json)
    print_json(made);
  else
    print(token + "\n");
}

json create_directly(const Settings& settings, const std::string& name) {
  const auto database = open_database(settings, 1);
  const auto lease = database->acquire();
  require_current_schema(*lease);
  return {{"name", name}, {"token", accounts::create_token(*lease, name).reveal()}};
}

void add_create(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string name, output, database, expires;
    std::vector<std::string> scopes;
  };
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("create", "Make a token; it is shown this once");
  command->add_option("--name", given->name, "The actor of what is done with it, in histories")->required();
  command->add_option("--output", given->output, "Also write it to this new file (mode 0600)")
      ->type_name("FILE");
  command
      ->add_option(
          "--scope", given->scopes,
          "What it may be used for: read, announce, upload, curate, queues, admin; several times or with "
          "commas. Without: all that you may")
      ->delimiter(',');
  command->add_option("--expires", given->expires, "For how long: 12h, 30d. Without: until it is revoked")
      ->type_name("DURATION");
  command
      ->add_option("--database", given->database,
                   "Make it in this database instead of through the API: for whoever has lost the last token")
      ->type_name("URL");
  auto options = std::make_shared<ClientOptions>(*command);
  command->callback([&chosen, given, options] {
    chosen = [given, options] {
      if (!given->database.empty() && (!given->scopes.empty() || !given->expires.empty()))
        throw UsageError("--database makes a token for everything: leave out --scope and --expires");
      if (!given->database.empty()) {
        hand_out(given->output, options->json(), [&] {
          return create_directly(Settings({{"database", given->database}}, ""), given->name);
        });
        return 0;
      }
      json body = {{"name", given->name}};
      if (!given->scopes.empty()) body["scopes"] = given->scopes;
      if (!given->expires.empty())
        body["expires_in"] =
            std::chrono::duration_cast<std::chrono::seconds>(parse_duration(given->expires)).count();
      hand_out(given->output, options->json(),
               [&] { return Client(*options).send("POST", "/tokens", body); });
      return 0;
    };
  });
}

std::string words(const json& list) {
  std::string out;
  for (const auto& word : list) out += (out.empty() ? "" : " ") + word.get<std::string>();
  return out.empty() ? "-" : out;
}

int list(Client& client, bool as_json) {
  const auto body = all_pages(client, "/tokens");
  if (as_json) {
    print_json(body);
    return 0;
  }
  Table rows;
  for (const auto& item : body.at("items"))
    rows.push_back({cell(item, "id"), cell(item, "name"), cell(item, "prefix"), cell(item, "person_id"),
                    words(item.at("scopes")), cell(item, "expires_at"), cell(item, "last_used_at"),
                    cell(item, "revoked")});
  print(table({"ID", "NAME", "BEGINS", "PERSON", "SCOPES", "EXPIRES", "LAST USED", "REVOKED"}, rows));
  return 0;
}
}  // namespace

void add_token(CLI::App& app, Chosen& chosen) {
  auto* noun = app.add_subcommand("token", "API tokens")->require_subcommand(1);
  add_create(*noun, chosen);
  speaks(*noun->add_subcommand("list", "Show all tokens, but not what they are"), chosen, list);
  auto* revoke = noun->add_subcommand("revoke", "Revoke a token");
  auto id = std::make_shared<std::string>();
  revoke->add_option("ID", *id, "As list shows it")->required();
  speaks(*revoke, chosen, [id](Client& client, bool as_json) {
    client.send("DELETE", item_path("tokens", *id), nullptr);
    show_answer("token " + *id, {{"answer", "revoked"}}, as_json);
    return 0;
  });
}

}  // namespace fencepost::cli

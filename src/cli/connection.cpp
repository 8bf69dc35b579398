// `fencepost connection`: accounts on outside platforms.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/connection_transfer.hpp"
#include "cli/noun.hpp"
#include "cli/pages.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

Table details(const json& item) {
  return {{"id", cell(item, "id")},
          {"name", cell(item, "name")},
          {"platform", cell(item, "platform")},
          {"url", cell(item, "url")},
          {"status", cell(item, "status")},
          {"created", cell(item, "created_at")},
          {"last error", cell(item, "last_error")}};
}

void add_add(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string name, platform = "webhook", url, secret_file;
  };
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("add", "Connect an account");
  command->add_option("--name", given->name, "How you call it")->required();
  command->add_option("--platform", given->platform, "What it is: webhook")->capture_default_str();
  command->add_option("--url", given->url, "What is posted to")->required()->type_name("URL");
  command
      ->add_option(
          "--secret-file", given->secret_file,
          "Has the signing secret, whsec_… (Standard Webhooks); without it one is made and shown this once")
      ->type_name("FILE");
  speaks(*command, chosen, [given](Client& client, bool as_json) {
    json body = {{"name", given->name}, {"platform", given->platform}, {"url", given->url}};
    if (!given->secret_file.empty()) body["secret"] = secret_of(given->secret_file);
    const auto made = client.send("POST", "/connections", body);
    if (as_json) {
      print_json(made);
      return 0;
    }
    auto rows = details(made);
    if (made.contains("secret")) rows.push_back({"secret (shown this once)", cell(made, "secret")});
    print(sheet(rows));
    return 0;
  });
}

int list(Client& client, bool as_json) {
  const auto body = all_pages(client, "/connections");
  if (as_json) {
    print_json(body);
    return 0;
  }
  Table rows;
  for (const auto& item : body.at("items"))
    rows.push_back({cell(item, "id"), cell(item, "name"), cell(item, "platform"), cell(item, "status"),
                    cell(item, "url"), cell(item, "last_error")});
  print(table({"ID", "NAME", "PLATFORM", "STATUS", "URL", "LAST ERROR"}, rows));
  return 0;
}
}  // namespace

void add_connection(CLI::App& app, Chosen& chosen) {
  auto* noun = app.add_subcommand("connection", "Accounts that are posted to")->require_subcommand(1);
  add_add(*noun, chosen);
  add_connection_transfer(*noun, chosen);
  speaks(*noun->add_subcommand("list", "Show all connections"), chosen, list);
  auto* show = noun->add_subcommand("show", "Show one connection");
  auto id = std::make_shared<std::string>();
  show->add_option("ID", *id, "As list shows it")->required();
  speaks(*show, chosen, [id](Client& client, bool as_json) {
    const auto item = client.get(item_path("connections", *id));
    as_json ? print_json(item) : print(sheet(details(item)));
    return 0;
  });
  auto* drop = noun->add_subcommand("disconnect", "Disconnect an account: nothing more is sent to it");
  drop->add_option("ID", *id, "As list shows it")->required();
  speaks(*drop, chosen, [id](Client& client, bool as_json) {
    client.send("DELETE", item_path("connections", *id), nullptr);
    show_answer("connection " + *id, {{"answer", "disconnected"}}, as_json);
    return 0;
  });
}

}  // namespace fencepost::cli

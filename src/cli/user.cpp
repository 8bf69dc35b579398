// `fencepost user`: people and invitations, through the API.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/noun.hpp"
#include "cli/pages.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

int list(Client& client, bool as_json) {
  const auto body = all_pages(client, "/users");
  if (as_json) {
    print_json(body);
    return 0;
  }
  Table rows;
  for (const auto& item : body.at("items"))
    rows.push_back({cell(item, "id"), cell(item, "name"), cell(item, "email"), cell(item, "role"),
                    item.at("disabled_at").is_null() ? "-" : "disabled", cell(item, "created_at")});
  print(table({"ID", "NAME", "E-MAIL", "ROLE", "STATE", "CREATED"}, rows));
  return 0;
}

int invitations(Client& client, bool as_json) {
  const auto body = all_pages(client, "/invitations");
  if (as_json) {
    print_json(body);
    return 0;
  }
  Table rows;
  for (const auto& item : body.at("items"))
    rows.push_back({cell(item, "id"), cell(item, "state"), cell(item, "role"), cell(item, "show_id"),
                    cell(item, "show_role"), cell(item, "note"), cell(item, "expires_at")});
  print(table({"ID", "STATE", "ROLE", "SHOW", "AS", "NOTE", "EXPIRES"}, rows));
  return 0;
}

void add_invite(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string role = "member", show, as = "host", note;
  };
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("invite", "Make a link by which somebody joins; it is shown this once");
  command->add_option("--role", given->role, "member, operator or owner")->capture_default_str();
  command->add_option("--show", given->show, "A show that it opens too")->type_name("ID");
  command->add_option("--as", given->as, "What they are in the show: host or admin")->capture_default_str();
  command->add_option("--note", given->note, "For whom, as lists show it");
  auto options = std::make_shared<ClientOptions>(*command);
  command->callback([&chosen, given, options] {
    chosen = [given, options] {
      json body = {{"role", given->role}, {"note", given->note}};
      if (!given->show.empty()) {
        item_path("shows", given->show);
        body["show_id"] = std::stoll(given->show);
        body["show_role"] = given->as;
      }
      const auto made = Client(*options).send("POST", "/invitations", body);
      if (options->json())
        print_json(made);
      else
        print(sheet({{"link (shown this once)", options->server() + made.at("link").get<std::string>()},
                     {"valid until", cell(made, "expires_at")}}));
      return 0;
    };
  });
}

// Changes somebody as they are now: who was changed in between is told, and asks again.
void change(Client& client, const std::string& id, const json& change, const std::string& done,
            bool as_json) {
  const auto path = item_path("users", id);
  client.get(path);
  const auto body = client.send("PATCH", path, change, {{"If-Match", client.etag()}});
  if (as_json)
    print_json(body);
  else
    show_answer(cell(body, "name"), {{"answer", done}}, false);
}
}  // namespace

void add_user(CLI::App& app, Chosen& chosen) {
  auto* noun = app.add_subcommand("user", "People, their roles, and invitations")->require_subcommand(1);
  speaks(*noun->add_subcommand("list", "Show all people"), chosen, list);
  add_invite(*noun, chosen);
  speaks(*noun->add_subcommand("invitations", "Show invitations, but not their links"), chosen, invitations);
  auto id = std::make_shared<std::string>();
  auto role = std::make_shared<std::string>();
  const auto of_id = [&](const char* name, const char* help, const char* which, Talk talk) {
    auto* command = noun->add_subcommand(name, help);
    command->add_option("ID", *id, which)->required();
    if (std::string_view(name) == "role")
      command->add_option("ROLE", *role, "member, operator or owner")->required();
    speaks(*command, chosen, std::move(talk));
  };
  of_id("revoke", "Revoke an invitation", "As invitations shows it", [id](Client& client, bool as_json) {
    client.send("DELETE", item_path("invitations", *id), nullptr);
    show_answer("invitation " + *id, {{"answer", "revoked"}}, as_json);
    return 0;
  });
  of_id("role", "Change somebody's role", "As list shows it", [id, role](Client& client, bool as_json) {
    change(client, *id, {{"role", *role}}, *role, as_json);
    return 0;
  });
  of_id("disable", "End somebody's sessions and tokens, and let them sign in no more", "As list shows it",
        [id](Client& client, bool as_json) {
          change(client, *id, {{"disabled", true}}, "disabled", as_json);
          return 0;
        });
  of_id("enable", "Let somebody sign in again", "As list shows it", [id](Client& client, bool as_json) {
    change(client, *id, {{"disabled", false}}, "enabled", as_json);
    return 0;
  });
  of_id("remove", "Remove somebody for good; what they connected is disconnected", "As list shows it",
        [id](Client& client, bool as_json) {
          client.send("DELETE", item_path("users", *id), nullptr);
          show_answer("person " + *id, {{"answer", "removed"}}, as_json);
          return 0;
        });
}

}  // namespace fencepost::cli

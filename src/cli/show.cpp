// `fencepost show`: shows and who is in them, through the API.

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
  const auto body = all_pages(client, "/shows");
  if (as_json) {
    print_json(body);
    return 0;
  }
  Table rows;
  for (const auto& item : body.at("items"))
    rows.push_back({cell(item, "id"), cell(item, "slug"), cell(item, "name"), cell(item, "created_at")});
  print(table({"ID", "SLUG", "NAME", "CREATED"}, rows));
  return 0;
}

int members(Client& client, const std::string& id, bool as_json) {
  const auto body = all_pages(client, item_path("shows", id, "members"));
  if (as_json) {
    print_json(body);
    return 0;
  }
  Table rows;
  for (const auto& item : body.at("items"))
    rows.push_back({cell(item, "person_id"), cell(item, "name"), cell(item, "email"), cell(item, "role"),
                    cell(item, "since")});
  print(table({"PERSON", "NAME", "E-MAIL", "ROLE", "SINCE"}, rows));
  return 0;
}

void add_create(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string name, slug;
  };
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("create", "Make a show; who makes it is its admin");
  command->add_option("--name", given->name, "As people see it")->required();
  command->add_option("--slug", given->slug, "In addresses: a-z, 0-9 and hyphens")->required();
  speaks(*command, chosen, [given](Client& client, bool as_json) {
    const auto made = client.send("POST", "/shows", {{"name", given->name}, {"slug", given->slug}});
    if (as_json)
      print_json(made);
    else
      print(sheet({{"id", cell(made, "id")}, {"name", cell(made, "name")}, {"slug", cell(made, "slug")}}));
    return 0;
  });
}

void add_members(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string show, set, as = "host", remove;
  };
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("members", "Show who is in a show, or change that");
  command->footer(
      "Without --set or --remove it shows them. To let somebody in, invite them: user invite --show ID.");
  command->add_option("SHOW", given->show, "As list shows it")->required();
  auto* set = command->add_option("--set", given->set, "Give this person a role")->type_name("PERSON");
  command->add_option("--as", given->as, "The role: host or admin")->capture_default_str()->needs(set);
  command->add_option("--remove", given->remove, "Take this person out")->type_name("PERSON")->excludes(set);
  speaks(*command, chosen, [given](Client& client, bool as_json) {
    const auto path = [&](const std::string& person) {
      item_path("users", person);  // is it an id?
      return item_path("shows", given->show, "members/" + person);
    };
    if (!given->set.empty()) {
      client.send("PUT", path(given->set), {{"role", given->as}});
      show_answer("person " + given->set, {{"answer", given->as}}, as_json);
      return 0;
    }
    if (!given->remove.empty()) {
      client.send("DELETE", path(given->remove), nullptr);
      show_answer("person " + given->remove, {{"answer", "removed"}}, as_json);
      return 0;
    }
    return members(client, given->show, as_json);
  });
}

void add_live_check(CLI::App& noun, Chosen& chosen) {
  auto show = std::make_shared<std::string>();
  auto* command =
      noun.add_subcommand("live-check", "Look at a show's channel by every way, and say what is seen");
  command->footer(
      "Nothing is bound or announced. With an API key it costs a unit of the quota day, at most two.");
  command->add_option("SHOW", *show, "As list shows it")->required();
  speaks(*command, chosen, [show](Client& client, bool as_json) {
    const auto seen = client.send("POST", item_path("shows", *show, "live-check"), nullptr);
    if (as_json) {
      print_json(seen);
      return 0;
    }
    print(sheet({{"channel", cell(seen, "channel_id")}, {"answer", cell(seen, "answer")}}));
    Table ways, streams;
    for (const auto& way : seen.at("ways"))
      ways.push_back({cell(way, "way"), cell(way, "answer"), cell(way, "units"), cell(way, "why")});
    print(table({"WAY", "ANSWER", "UNITS", "WHY"}, ways));
    for (const auto& stream : seen.at("streams"))
      streams.push_back(
          {cell(stream, "video_id"), cell(stream, "episode_id"), cell(stream, "title"), cell(stream, "why")});
    if (!streams.empty()) print(table({"VIDEO", "EPISODE", "TITLE", "WHY"}, streams));
    return 0;
  });
}
}  // namespace

void add_show(CLI::App& app, Chosen& chosen) {
  auto* noun = app.add_subcommand("show", "Shows and who is in them")->require_subcommand(1);
  speaks(*noun->add_subcommand("list", "Show all shows, or those that you are in"), chosen, list);
  add_create(*noun, chosen);
  add_members(*noun, chosen);
  add_live_check(*noun, chosen);
}

}  // namespace fencepost::cli

// `fencepost show`: shows and who is in them, through the API.

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/noun.hpp"
#include "cli/pages.hpp"
#include "cli/settings.hpp"
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

void show_show(const json& item, bool as_json) {
  if (as_json) return print_json(item);
  Table rows;
  for (const char* name : {"id", "name", "slug", "description", "channel_id", "title_filter", "filter_titles",
                           "zone", "enabled", "needs_approval", "stagger", "template", "version"})
    rows.push_back({name, cell(item, name)});
  print(sheet(rows));
}

json edited(Client& client, const std::string& id, const json& change) {
  const auto path = item_path("shows", id);
  client.get(path);
  return client.send("PATCH", path, change, {{"If-Match", client.etag()}});
}

// What a show wants, of create and edit alike; only what was given is sent.
struct Wishes {
  std::map<std::string, std::string> texts;
  std::map<std::string, bool> flags;
  std::int64_t stagger = -1;

  json body() const {
    json out = json::object();
    for (const auto& [member, value] : texts) out[member] = value;
    for (const auto& [member, value] : flags) out[member] = value;
    if (stagger >= 0) out["stagger"] = stagger;
    return out;
  }
};

// Answers --channel. `wishes` lives as long as the command.
CLI::Option* add_wishes(CLI::App& command, const std::shared_ptr<Wishes>& wishes, bool creating) {
  const auto text = [&](const char* option, const char* member, const char* help) {
    return command.add_option_function<std::string>(
        option, [wishes, member](const std::string& value) { wishes->texts[member] = value; }, help);
  };
  text("--name", "name", "As people see it")->required(creating);
  text("--slug", "slug", "In addresses: a-z, 0-9 and hyphens")->required(creating);
  text("--description", "description", "What it is about");
  auto* channel = text("--channel", "channel_id", "YouTube's channel id: UC and 22 characters");
  text("--title-filter", "title_filter", "A part of the title that its streams have");
  text("--zone", "zone", "IANA, such as Europe/Berlin");
  text("--template", "template", "Of announcements without a text: {title} {url} {number} {host} {show}");
  const auto flag = [&](const char* option, const char* member, const char* help) {
    command.add_option_function<bool>(
        option, [wishes, member](const bool& value) { wishes->flags[member] = value; }, help);
  };
  flag("--filter-titles", "filter_titles", "Whether the title filter counts: true or false");
  flag("--needs-approval", "needs_approval", "Whether an admin approves each announcement: true or false");
  command.add_option("--stagger", wishes->stagger, "Seconds between the announcements of an episode")
      ->check(CLI::Range(0, 3600));
  return channel;
}

void add_create(CLI::App& noun, Chosen& chosen) {
  auto wishes = std::make_shared<Wishes>();
  auto* command = noun.add_subcommand("create", "Make a show; who makes it is its admin");
  add_wishes(*command, wishes, true);
  speaks(*command, chosen, [wishes](Client& client, bool as_json) {
    show_show(client.send("POST", "/shows", wishes->body()), as_json);
    return 0;
  });
}

void add_edit(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string id;
    bool no_channel = false;
  };
  auto given = std::make_shared<Given>();
  auto wishes = std::make_shared<Wishes>();
  auto* command = noun.add_subcommand("edit", "Change a show and what it wants of its announcements");
  command->add_option("ID", given->id, "As list shows it")->required();
  auto* channel = add_wishes(*command, wishes, false);
  command->add_flag("--no-channel", given->no_channel, "No channel is watched")->excludes(channel);
  speaks(*command, chosen, [given, wishes](Client& client, bool as_json) {
    auto change = wishes->body();
    if (given->no_channel) change["channel_id"] = nullptr;
    if (change.empty()) throw UsageError("say what to change: see --help");
    show_show(edited(client, given->id, change), as_json);
    return 0;
  });
}

// The kill switch, and one's own word in a show.
void add_switches(CLI::App& noun, Chosen& chosen) {
  auto id = std::make_shared<std::string>();
  const auto add = [&](const char* name, const char* help, const std::function<json(Client&)>& act) {
    auto* command = noun.add_subcommand(name, help);
    command->add_option("ID", *id, "As list shows it")->required();
    speaks(*command, chosen, [id, act](Client& client, bool as_json) {
      const auto body = act(client);
      if (as_json) {
        print_json(body);
      } else if (body.value("opted_in", false)) {
        print("opted in\n");
      } else if (body.contains("stopped")) {
        const auto& stopped = body.at("stopped");
        print("prevented: " + cell(stopped, "prevented") + ", in flight: " + cell(stopped, "in_flight") +
              ", outcome unknown: " + cell(stopped, "outcome_unknown") +
              ", waiting: " + cell(stopped, "waiting") + "\n");
      } else {
        print("show " + *id + " is on\n");
      }
      return 0;
    });
  };
  add("off", "The kill switch: nothing of this show is posted", [id](Client& client) {
    return edited(client, *id, {{"enabled", false}});
  });
  add("on", "Let it post again; what came due meanwhile is not posted late", [id](Client& client) {
    return edited(client, *id, {{"enabled", true}});
  });
  const auto own = [id](bool in) {
    return [id, in](Client& client) {
      return client.send("PUT", item_path("shows", *id, "members/me"), {{"opted_in", in}});
    };
  };
  add("opt-in", "Let admins make announcements over your connections that are on", own(true));
  add("opt-out", "Take that back, and stop what was to be posted for you in this show", own(false));

  auto style = std::make_shared<std::string>();
  auto* command = noun.add_subcommand("style", "How you want to sound there, where a model writes for you");
  command->add_option("ID", *id, "As list shows it")->required();
  auto* given = command->add_option("STYLE", *style, "\"\": none; without it the present one is shown");
  speaks(*command, chosen, [id, style, given](Client& client, bool as_json) {
    const auto path = item_path("shows", *id, "members/me");
    const auto body = given->count() > 0 ? client.send("PUT", path, {{"style", *style}}) : client.get(path);
    if (as_json) {
      print_json(body);
    } else {
      print(cell(body, "style") + "\n");
    }
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
  auto id = std::make_shared<std::string>();
  auto* one = noun->add_subcommand("show", "Show one show");
  one->add_option("ID", *id, "As list shows it")->required();
  speaks(*one, chosen, [id](Client& client, bool as_json) {
    show_show(client.get(item_path("shows", *id)), as_json);
    return 0;
  });
  add_edit(*noun, chosen);
  add_switches(*noun, chosen);
  auto* remove = noun->add_subcommand("delete", "Remove one with its episodes; what was posted stays");
  remove->add_option("ID", *id, "As list shows it")->required();
  speaks(*remove, chosen, [id](Client& client, bool as_json) {
    client.send("DELETE", item_path("shows", *id), nullptr);
    show_answer("show " + *id, {{"answer", "removed"}}, as_json);
    return 0;
  });
  add_members(*noun, chosen);
  add_live_check(*noun, chosen);
}

}  // namespace fencepost::cli

// `fencepost episode`: episodes of shows and their announcements, through the API.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/noun.hpp"
#include "cli/pages.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

void show_episode(const json& item, bool as_json) {
  if (as_json) return print_json(item);
  Table rows;
  for (const char* name : {"id", "show_id", "title", "number", "status", "starts_at", "url", "live_at",
                           "ended_at", "topics", "notes", "version"})
    rows.push_back({name, cell(item, name)});
  print(sheet(rows));
}

// What a person says of an episode; only what was given is sent.
struct Facts {
  std::string title, starts_at, status, notes, url;
  std::vector<std::string> topics;
  std::int64_t number = -1;
  bool no_start = false, no_url = false;

  void add_to(CLI::App& command) {
    command.add_option("--number", number, "Within the show")->check(CLI::NonNegativeNumber);
    auto* start = command.add_option("--start", starts_at,
                                     "When: 2026-11-27T20:00 in the show's zone, or with an offset");
    command.add_flag("--no-start", no_start, "Not planned yet")->excludes(start);
    command.add_option("--notes", notes, "For whoever writes texts, and for models");
    command.add_option("--topic", topics, "One topic; may be given again");
    auto* address = command.add_option("--url", url, "Of the stream; filled when it is on the air");
    command.add_flag("--no-url", no_url, "Without one")->excludes(address);
  }
  json body() const {
    json out = json::object();
    const auto text = [&](const char* name, const std::string& value) {
      if (!value.empty()) out[name] = value;
    };
    text("title", title);
    text("starts_at", starts_at);
    text("status", status);
    text("notes", notes);
    text("url", url);
    if (number >= 0) out["number"] = number;
    if (!topics.empty()) out["topics"] = topics;
    if (no_start) out["starts_at"] = nullptr;
    if (no_url) out["url"] = nullptr;
    return out;
  }
};

void add_create(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string show;
    bool draft = false;
    Facts facts;
  };
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("create", "Make an episode of a show");
  command->add_option("SHOW,--show", given->show, "As show list shows it")->required();
  command->add_option("--title", given->facts.title, "What it is called")->required();
  given->facts.add_to(*command);
  command->add_flag("--draft", given->draft, "Releases nothing until it is scheduled");
  speaks(*command, chosen, [given](Client& client, bool as_json) {
    auto body = given->facts.body();
    if (given->draft) body["status"] = "draft";
    show_episode(client.send("POST", item_path("shows", given->show, "episodes"), body), as_json);
    return 0;
  });
}

void add_list(CLI::App& noun, Chosen& chosen) {
  auto show = std::make_shared<std::string>();
  auto* command = noun.add_subcommand("list", "Show the episodes of a show, the newest first");
  command->add_option("SHOW", *show, "As show list shows it")->required();
  speaks(*command, chosen, [show](Client& client, bool as_json) {
    const auto body = all_pages(client, item_path("shows", *show, "episodes"));
    if (as_json) {
      print_json(body);
      return 0;
    }
    Table rows;
    for (const auto& item : body.at("items"))
      rows.push_back({cell(item, "id"), cell(item, "number"), cell(item, "status"), cell(item, "starts_at"),
                      cell(item, "title"), cell(item, "url")});
    print(table({"ID", "NUMBER", "STATUS", "START", "TITLE", "URL"}, rows));
    return 0;
  });
}

void add_edit(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string id;
    Facts facts;
  };
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("edit", "Change an episode; its announcements move with it");
  command->add_option("ID", given->id, "As list shows it")->required();
  command->add_option("--title", given->facts.title, "What it is called");
  command
      ->add_option("--status", given->facts.status, "draft, scheduled, live or ended; the last two for good")
      ->check(CLI::IsMember({"draft", "scheduled", "live", "ended"}));
  given->facts.add_to(*command);
  speaks(*command, chosen, [given](Client& client, bool as_json) {
    const auto change = given->facts.body();
    if (change.empty()) throw UsageError("say what to change: see --help");
    const auto path = item_path("episodes", given->id);
    client.get(path);
    show_episode(client.send("PATCH", path, change, {{"If-Match", client.etag()}}), as_json);
    return 0;
  });
}

void add_announcements(CLI::App& noun, Chosen& chosen) {
  auto id = std::make_shared<std::string>();
  auto* listed = noun.add_subcommand("announcements", "Show the announcements of an episode, everybody's");
  listed->add_option("ID", *id, "As list shows it")->required();
  speaks(*listed, chosen, [id](Client& client, bool as_json) {
    const auto body = all_pages(client, item_path("episodes", *id, "announcements"));
    if (as_json) {
      print_json(body);
      return 0;
    }
    Table rows;
    for (const auto& item : body.at("items"))
      rows.push_back({cell(item, "id"), cell(item, "status"), cell(item, "host"), cell(item, "connection"),
                      cell(item, "trigger"), cell(item, "run_at"), cell(item, "post_url"),
                      cell(item, "last_error")});
    print(table({"ID", "STATUS", "HOST", "CONNECTION", "TRIGGER", "TIME", "POST", "LAST ERROR"}, rows, 50));
    return 0;
  });
  auto* all = noun.add_subcommand("announce-all", "Make an announcement for every member's connections");
  all->add_option("ID", *id, "As list shows it")->required();
  all->footer("Enabled for members who opted in (fencepost show opt-in), disabled for the others.");
  speaks(*all, chosen, [id](Client& client, bool as_json) {
    const auto made =
        client.send("POST", item_path("episodes", *id, "announcements/create-all"), json::object());
    if (as_json)
      print_json(made);
    else
      print("episode " + *id + ": " + cell(made, "enabled") + " enabled, " + cell(made, "disabled") +
            " disabled\n" +
            (made.at("enabled") == 0 && made.at("disabled") == 0
                 ? "no member's connection is on and without an announcement of it: see fencepost show "
                   "members, "
                   "connection list\n"
                 : ""));
    return 0;
  });
}
}  // namespace

void add_episode(CLI::App& app, Chosen& chosen) {
  auto* noun = app.add_subcommand("episode", "Episodes of shows")->require_subcommand(1);
  add_create(*noun, chosen);
  add_list(*noun, chosen);
  auto id = std::make_shared<std::string>();
  auto* show = noun->add_subcommand("show", "Show one episode");
  show->add_option("ID", *id, "As list shows it")->required();
  speaks(*show, chosen, [id](Client& client, bool as_json) {
    show_episode(client.get(item_path("episodes", *id)), as_json);
    return 0;
  });
  add_edit(*noun, chosen);
  add_announcements(*noun, chosen);
  auto* remove = noun->add_subcommand("delete", "Delete one; what was posted stays");
  remove->add_option("ID", *id, "As list shows it")->required();
  speaks(*remove, chosen, [id](Client& client, bool as_json) {
    client.send("DELETE", item_path("episodes", *id), nullptr);
    show_answer("episode " + *id, {{"answer", "deleted"}}, as_json);
    return 0;
  });
}

void add_scheduler(CLI::App& app, Chosen& chosen) {
  auto* noun = app.add_subcommand("scheduler", "What goes out when")->require_subcommand(1);
  speaks(*noun->add_subcommand("status", "Show how the scheduler of announcements stands"), chosen,
         [](Client& client, bool as_json) {
           const auto now = client.get("/scheduler");
           if (as_json) {
             print_json(now);
             return 0;
           }
           Table rows;
           for (const char* name : {"paused", "due", "late", "pending", "in_flight", "unknown", "next_at"})
             rows.push_back({name, cell(now, name)});
           print(sheet(rows));
           return 0;
         });
  speaks(*noun->add_subcommand("due", "Show what goes out next, the soonest first"), chosen,
         [](Client& client, bool as_json) {
           const auto body = all_pages(client, "/scheduler/due");
           if (as_json) {
             print_json(body);
             return 0;
           }
           Table rows;
           for (const auto& item : body.at("items"))
             rows.push_back({cell(item, "run_at"), cell(item, "id"), cell(item, "episode_id"),
                             cell(item, "connection"), cell(item, "trigger")});
           print(table({"TIME", "ID", "EPISODE", "CONNECTION", "TRIGGER"}, rows));
           return 0;
         });
  add_live(*noun, chosen);
}

}  // namespace fencepost::cli

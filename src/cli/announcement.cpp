// `fencepost announcement` as a thing: create, list, show, edit, history. What acts: announcement_acts.cpp.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/announcement.hpp"
#include "cli/noun.hpp"
#include "cli/pages.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

// --at or --in, as RFC 3339; nothing where neither was given.
struct When {
  std::string at, in;
  void add_to(CLI::App& command) {
    auto* first =
        command
            .add_option("--at", at, "When, with an offset: 2026-11-22T18:00:00Z, 2026-11-22T19:00:00+01:00")
            ->type_name("TIME");
    auto* second =
        command.add_option("--in", in, "In how long, such as 10s or 2h; with an idempotency key take --at")
            ->type_name("DURATION");
    first->excludes(second);
  }
  std::optional<std::string> text() const {
    try {
      if (!in.empty()) return base::format_utc(base::system_clock().wall() + parse_duration(in).count());
      if (!at.empty()) return base::format_utc(base::parse_utc(at));
    } catch (const base::UserError& error) {
      throw UsageError(error.what());
    }
    return std::nullopt;
  }
};

Table details(const json& item) {
  Table rows;
  for (const char* name :
       {"id", "status", "connection", "connection_id", "text", "url", "run_at", "version", "attempts",
        "stop_wanted", "last_error", "posted_at", "post_id", "post_url", "created_at"})
    rows.push_back({name, cell(item, name)});
  for (const auto& part : item.value("parts", json::array()))
    rows.push_back({"part " + part.at("part").dump(),
                    part.at("status").get<std::string>() + "  " + part.at("text").get<std::string>()});
  for (const auto& image : item.value("images", json::array()))
    rows.push_back({"image " + image.at("id").dump(), cell(image, "media_type") + "  " + cell(image, "alt")});
  if (item.value("episode_id", json()).is_null()) return rows;
  for (const char* name : {"episode_id", "host", "trigger", "at", "minutes", "stagger", "include_url",
                           "generated_text", "deadline", "approved", "approved_by"})
    rows.push_back({name, cell(item, name)});
  return rows;
}

// What an episode's announcement has beside its text; only what was given is sent.
struct Release {
  std::string trigger, deadline;
  std::int64_t minutes = 0, stagger = -1;
  bool without_url = false;
  void add_to(CLI::App& command) {
    command.add_option("--trigger", trigger, "Of an episode's: live, at, before (the start) or ended")
        ->check(CLI::IsMember({"live", "at", "before", "ended"}));
    command.add_option("--minutes", minutes, "Of the trigger before")->check(CLI::PositiveNumber);
    command.add_option("--stagger", stagger, "Seconds behind live or ended")->check(CLI::NonNegativeNumber);
    command.add_option("--deadline", deadline, "Not posted after this")->type_name("TIME");
    command.add_flag("--without-url", without_url, "The URL is not posted with it");
  }
  void put_into(json& body) const {
    if (!trigger.empty()) body["trigger"] = trigger;
    if (!deadline.empty()) body["deadline"] = deadline;
    if (minutes > 0) body["minutes"] = minutes;
    if (stagger >= 0) body["stagger"] = stagger;
    if (without_url) body["include_url"] = false;
  }
};

// A connection by its id, or by the name of a connected one.
json connection_id(Client& client, const std::string& given) {
  if (given.find_first_not_of("0123456789") == std::string::npos && !given.empty() && given.size() <= 18)
    return std::stoll(given);
  const auto body = client.get("/connections");
  for (const auto& item : body.at("items"))
    if (item.at("name") == given && item.at("status") == "connected") return item.at("id");
  throw base::UserError("unknown_connection",
                        "there is no connection of the name '" + given + "': see fencepost connection list");
}

void add_create(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string connection, text, url, key, episode;
    std::vector<std::string> parts;
    When when;
    Release release;
  };
  auto given = std::make_shared<Given>();
  auto* command =
      noun.add_subcommand("create", "Make an announcement; it is posted once, at its time or at once");
  command->add_option("--connection", given->connection, "What it is posted to: an id or a name")->required();
  command->add_option("--episode", given->episode, "Of this episode: it goes out by its trigger");
  command->add_option("--text", given->text,
                      "What it says; of an episode's it may be left to the show's template");
  command->add_option("--url", given->url, "Of the show");
  command->add_option("--part", given->parts, "What follows it in its thread; give one for each")
      ->take_all()
      ->type_name("TEXT");
  given->when.add_to(*command);
  given->release.add_to(*command);
  command->add_option("--idempotency-key", given->key,
                      "Your name for this request: repeated, it makes nothing new");
  speaks(*command, chosen, [given](Client& client, bool as_json) {
    const auto when = given->when.text();
    if (given->episode.empty() && given->text.empty()) throw UsageError("say what it says: --text");
    json body = {{"connection_id", connection_id(client, given->connection)}};
    if (!given->text.empty()) body["text"] = given->text;
    if (!given->url.empty()) body["url"] = given->url;
    if (!given->parts.empty()) body["parts"] = given->parts;
    if (when) body[given->episode.empty() ? "run_at" : "at"] = *when;
    given->release.put_into(body);
    if (when && !given->episode.empty()) body.emplace("trigger", "at");
    const auto path =
        given->episode.empty() ? "/announcements" : item_path("episodes", given->episode, "announcements");
    connect::Headers headers;
    if (!given->key.empty()) headers.emplace_back("Idempotency-Key", given->key);
    const auto made = client.send("POST", path, body, headers);
    as_json ? print_json(made) : print(sheet(details(made)));
    return 0;
  });
}

void add_list(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string status, cursor;
    int limit = 50;
  };
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("list", "Show announcements, the newest first");
  command->add_option("--status", given->status,
                      "Only these: pending, queued, sending, posted, failed, unknown or disabled");
  command->add_option("--limit", given->limit, "How many")->check(CLI::Range(1, 200))->capture_default_str();
  command->add_option("--cursor", given->cursor, "Go on where the page before ended");
  speaks(*command, chosen, [given](Client& client, bool as_json) {
    std::string path = "/announcements";
    if (!given->status.empty()) add_query(path, "status", given->status);
    const auto page = one_page(client, as_json, path, given->limit, given->cursor);
    if (!page) return 0;
    Table rows;
    for (const auto& item : page->at("items"))
      rows.push_back({cell(item, "id"), cell(item, "status"), cell(item, "run_at"), cell(item, "connection"),
                      cell(item, "text"), cell(item, "last_error")});
    print(table({"ID", "STATUS", "TIME", "CONNECTION", "TEXT", "LAST ERROR"}, rows, 50));
    say_more(*page);
    return 0;
  });
}

void add_edit(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string id, text, url;
    int version = 0;
    bool no_url = false;
    When when;
    Release release;
  };
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("edit", "Change what is not posted yet");
  command->add_option("ID", given->id, "As list shows it")->required();
  command->add_option("--text", given->text, "What it says");
  auto* url = command->add_option("--url", given->url, "Of the show");
  command->add_flag("--no-url", given->no_url, "Without a URL")->excludes(url);
  given->when.add_to(*command);
  given->release.add_to(*command);
  command->add_option("--version", given->version, "The one that you have seen; otherwise the newest")
      ->check(CLI::PositiveNumber);
  speaks(*command, chosen, [given](Client& client, bool as_json) {
    json change = json::object();
    if (!given->text.empty()) change["text"] = given->text;
    if (!given->url.empty()) change["url"] = given->url;
    if (given->no_url) change["url"] = nullptr;
    given->release.put_into(change);
    const auto when = given->when.text();
    if (change.empty() && !when) throw UsageError("say what to change: see --help");
    const auto path = item_path("announcements", given->id);
    const auto seen = client.get(path);
    if (when) change[seen.at("episode_id").is_null() ? "run_at" : "at"] = *when;
    const auto etag = given->version > 0 ? '"' + std::to_string(given->version) + '"' : client.etag();
    const auto now = client.send("PATCH", path, change, {{"If-Match", etag}});
    as_json ? print_json(now) : print(sheet(details(now)));
    return 0;
  });
}

}  // namespace

void add_announcement(CLI::App& app, Chosen& chosen) {
  auto* noun = app.add_subcommand("announcement", "Announcements")->require_subcommand(1);
  add_create(*noun, chosen);
  add_list(*noun, chosen);
  auto id = std::make_shared<std::string>();
  auto* show = noun->add_subcommand("show", "Show one announcement");
  show->add_option("ID", *id, "As list shows it")->required();
  speaks(*show, chosen, [id](Client& client, bool as_json) {
    const auto item = client.get(item_path("announcements", *id));
    as_json ? print_json(item) : print(sheet(details(item)));
    return 0;
  });
  add_edit(*noun, chosen);
  add_announcement_acts(*noun, chosen);
  add_announcement_images(*noun, chosen);
  auto* history = noun->add_subcommand("history", "Show everything that happened to one, the oldest first");
  history->add_option("ID", *id, "As list shows it")->required();
  speaks(*history, chosen, [id](Client& client, bool as_json) {
    return show_history(client, as_json, item_path("announcements", *id));
  });
}

}  // namespace fencepost::cli

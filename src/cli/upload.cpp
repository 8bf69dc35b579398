// `fencepost upload`: schedules of videos, through the API.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/channel.hpp"
#include "cli/noun.hpp"
#include "cli/pages.hpp"
#include "cli/text.hpp"
#include "cli/upload_file.hpp"
#include "cli/upload_import.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

Table details(const json& upload) {
  Table lines;
  for (const auto* name :
       {"id",          "video",     "channel",  "kind",        "at",           "status",  "title",
        "publish_day", "quota_day", "run_at",   "bytes_sent",  "bytes_total",  "percent", "attempts",
        "last_error",  "post_id",   "post_url", "uploaded_at", "published_at", "version"})
    lines.push_back({name, cell(upload, name)});
  return lines;
}

// A video by its id, or by FOLDER/PATH of a media folder, which records it where it is new.
json video_id(Client& client, const std::string& given) {
  if (!given.empty() && given.size() <= 18 && given.find_first_not_of("0123456789") == std::string::npos)
    return std::stoll(given);
  const auto slash = given.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == given.size())
    throw base::UserError("unknown_video",
                          "name a video by its id, or a file by FOLDER/PATH of a media folder");
  return client
      .send("POST", "/videos", {{"folder", given.substr(0, slash)}, {"path", given.substr(slash + 1)}})
      .at("id");
}

struct Given {
  std::string id, video, channel, kind, at, title, description, language, category, key, status, cursor, from,
      zone, outcome, post_id, post_url;
  std::vector<std::string> tags, videos;
  std::optional<int> number;
  int limit = 50, days = 7;
  bool best_effort = false, next_free = false;
};
using Shared = std::shared_ptr<Given>;

void put_metadata(json& body, const Given& given) {
  for (const auto& [name, text] : {std::pair("title", given.title),
                                   {"description", given.description},
                                   {"language", given.language},
                                   {"category", given.category}})
    if (!text.empty()) body[name] = text;
  if (!given.tags.empty()) body["tags"] = given.tags;
}

void add_metadata(CLI::App& command, const Shared& given) {
  command.add_option("--title", given->title, "At most 100 characters; the video's own where not given");
  command.add_option("--description", given->description, "What YouTube shows below it");
  command.add_option("--tag", given->tags, "Give one for each")->take_all();
  command.add_option("--language", given->language, "As en or pt-BR");
  command.add_option("--category", given->category, "YouTube's number of it");
}

connect::Headers with_key(const Given& given) {
  connect::Headers headers;
  if (!given.key.empty()) headers.emplace_back("Idempotency-Key", given.key);
  return headers;
}

int schedule(Client& client, bool as_json, const Given& given) {
  const auto path = item_path("channels", channel_id(client, given.channel), "uploads");
  if (given.videos.size() == 1) {
    json body = {{"video_id", video_id(client, given.videos[0])}, {"kind", given.kind}};
    if (!given.at.empty()) body["at"] = given.at;
    if (given.number) body["number"] = *given.number;
    put_metadata(body, given);
    const auto made = client.send("POST", path, body, with_key(given));
    as_json ? print_json(made) : print(sheet(details(made)));
    return 0;
  }
  json uploads = json::array();
  for (const auto& video : given.videos) {
    json one = {{"video_id", video_id(client, video)}, {"kind", given.kind}};
    if (given.number) one["number"] = *given.number + static_cast<int>(uploads.size());
    uploads.push_back(std::move(one));
  }
  const auto answers =
      answers_to_many(client, path + "/batch",
                      {{"uploads", uploads}, {"mode", given.best_effort ? "best_effort" : "all_or_nothing"}},
                      with_key(given));
  return show_answers(answers, given.videos, as_json);
}

int list(Client& client, bool as_json, const Given& given) {
  auto path = given.channel.empty() ? std::string("/uploads")
                                    : item_path("channels", channel_id(client, given.channel), "uploads");
  if (!given.status.empty()) add_query(path, "status", given.status);
  const auto page = one_page(client, as_json, path, given.limit, given.cursor);
  if (!page) return 0;
  Table rows;
  for (const auto& item : page->at("items"))
    rows.push_back({cell(item, "id"), cell(item, "status"), cell(item, "at"), cell(item, "channel"),
                    cell(item, "kind"), cell(item, "title"), cell(item, "last_error")});
  print(table({"ID", "STATUS", "SLOT", "CHANNEL", "TYPE", "TITLE", "LAST ERROR"}, rows, 50));
  say_more(*page);
  return 0;
}

int show(Client& client, bool as_json, const Given& given) {
  const auto body = client.get(item_path("uploads", given.id));
  as_json ? print_json(body) : print(sheet(details(body)));
  return 0;
}

int acted(Client& client, bool as_json, const Given& given, const char* act, const json& body) {
  const auto answer = client.send("POST", item_path("uploads", given.id, act), body, with_key(given));
  show_answer("upload " + given.id, answer, as_json);
  if (!as_json && answer.contains("upload")) print("slot: " + cell(answer.at("upload"), "at") + "\n");
  return 0;
}

int cancel(Client& client, bool as_json, const Given& given) {
  return acted(client, as_json, given, "cancel", nullptr);
}

int reschedule(Client& client, bool as_json, const Given& given) {
  json body = json::object();
  if (!given.at.empty()) body["at"] = given.at;
  return acted(client, as_json, given, "reschedule", body);
}

int retry(Client& client, bool as_json, const Given& given) {
  json body = json::object();
  if (!given.at.empty()) body["at"] = given.at;
  if (given.next_free) body["next_free"] = true;
  return acted(client, as_json, given, "retry", body);
}

int resolve(Client& client, bool as_json, const Given& given) {
  json body = {{"outcome", given.outcome == "happened" ? "happened" : "did_not_happen"}};
  if (!given.post_id.empty()) body["post_id"] = given.post_id;
  if (!given.post_url.empty()) body["post_url"] = given.post_url;
  return acted(client, as_json, given, "resolve", body);
}

int history(Client& client, bool as_json, const Given& given) {
  return show_history(client, as_json, item_path("uploads", given.id));
}

std::string use_text(const json& use) {
  return cell(use, "used") + (use.at("limit").is_null() ? "" : "/" + cell(use, "limit"));
}

int calendar(Client& client, bool as_json, const Given& given) {
  auto path = item_path("channels", channel_id(client, given.channel), "calendar");
  add_query(path, "days", std::to_string(given.days));
  if (!given.from.empty()) add_query(path, "from", given.from);
  if (!given.zone.empty()) add_query(path, "zone", given.zone);
  const auto body = client.get(path);
  if (as_json) {
    print_json(body);
    return 0;
  }
  for (const auto& day : body.at("days")) {
    std::string caps = "all " + use_text(day.at("all"));
    for (const auto& kind : day.at("kinds")) caps += ", " + cell(kind, "kind") + " " + use_text(kind);
    print(cell(day, "day") + "  " + caps + "\n");
    for (const auto& slot : day.at("slots")) {
      std::string what;
      for (const auto& one : slot.at("uploads"))
        what += (what.empty() ? "" : "; ") + cell(one, "id") + " " + cell(one, "title") + " (" +
                cell(one, "kind") + ", " + cell(one, "status") + ")";
      print("  " + cell(slot, "local").substr(11, 5) + "  " + (what.empty() ? "free" : what) + "\n");
    }
  }
  return 0;
}
}  // namespace

void add_upload(CLI::App& app, Chosen& chosen) {
  auto* noun = app.add_subcommand("upload", "Videos, their slots and their uploads")->require_subcommand(1);
  add_upload_file(*noun, chosen);
  auto given = std::make_shared<Given>();
  const auto runs = [&](CLI::App* command, int (*run)(Client&, bool, const Given&)) {
    speaks(*command, chosen,
           [given, run](Client& client, bool as_json) { return run(client, as_json, *given); });
  };
  const auto add = [&](const char* name, const char* help, bool id) {
    auto* command = noun->add_subcommand(name, help);
    if (id) command->add_option("ID", given->id, "As list shows it")->required();
    return command;
  };
  const auto at = [&](CLI::App* command, const char* otherwise) {
    command
        ->add_option("--at", given->at,
                     std::string("When it becomes public, as 2026-11-25T10:00 in the channel's zone, or with "
                                 "an offset; ") +
                         otherwise)
        ->type_name("TIME");
  };
  const auto key = [&](CLI::App* command) {
    command->add_option("--idempotency-key", given->key,
                        "Your name for this request: repeated, it makes nothing new");
  };
  auto* schedules = add("schedule", "Give a video a slot, and upload it in time for that", false);
  schedules
      ->add_option("VIDEO", given->videos,
                   "By its id, or FOLDER/PATH of a media folder; several are spread over slots and days")
      ->required()
      ->expected(1, 50);
  schedules->add_option("--type", given->kind, "Its type: one that the channel has a limit for")->required();
  schedules->add_option("--channel", given->channel, "Its id or name; may be left out where there is one");
  at(schedules, "otherwise the next free slot");
  add_metadata(*schedules, given);
  schedules
      ->add_option(
          "--number", given->number,
          "Of the part or the episode, for {number} in the channel's template; of several the first's")
      ->check(CLI::Range(0, 999'999'999));
  schedules->add_flag("--best-effort", given->best_effort, "Of several: those that can be had");
  key(schedules);
  runs(schedules, schedule);
  auto* lists = add("list", "Show uploads, the newest first", false);
  lists->add_option("--channel", given->channel, "Only of this one: its id or name");
  lists->add_option("--status", given->status,
                    "Only these: scheduled, uploading, uploaded, published, failed, unknown or cancelled");
  lists->add_option("--limit", given->limit, "How many")->check(CLI::Range(1, 200))->capture_default_str();
  lists->add_option("--cursor", given->cursor, "Go on where the page before ended");
  runs(lists, list);
  runs(add("show", "Show one upload", true), show);
  auto* cancels = add("cancel", "Prevent the video from appearing, or say why that is too late", true);
  key(cancels);
  runs(cancels, cancel);
  auto* moves = add("reschedule", "Move it to another slot, or not at all", true);
  at(moves, "otherwise the next free slot");
  key(moves);
  runs(moves, reschedule);
  auto* retries = add("retry", "Schedule one that failed or was cancelled anew", true);
  at(retries, "otherwise its old time");
  retries->add_flag("--next-free", given->next_free, "In the next free slot");
  key(retries);
  runs(retries, retry);
  auto* resolves = add("resolve", "Say whether one of unknown outcome is there", true);
  resolves->add_option("OUTCOME", given->outcome, "happened or did-not-happen")
      ->required()
      ->check(CLI::IsMember({"happened", "did-not-happen"}));
  resolves->add_option("--post-id", given->post_id, "YouTube's id of the video");
  resolves->add_option("--post-url", given->post_url, "Where people see it");
  runs(resolves, resolve);
  runs(add("history", "Show everything that happened to one, the oldest first", true), history);
  auto* calendars = add("calendar", "Show a channel's days, slots and what is in them", false);
  calendars->add_option("--channel", given->channel, "Its id or name; may be left out where there is one");
  calendars->add_option("--from", given->from, "A date of the channel's zone; otherwise today")
      ->type_name("DATE");
  calendars->add_option("--days", given->days, "How many")->check(CLI::Range(1, 62))->capture_default_str();
  calendars->add_option("--zone", given->zone, "That times are shown in; otherwise the channel's");
  runs(calendars, calendar);
  add_upload_import(*noun, chosen);
}

}  // namespace fencepost::cli

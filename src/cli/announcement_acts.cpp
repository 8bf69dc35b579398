// What people do with an announcement. The exit code is 0 only where what was asked for is certain.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/announcement.hpp"
#include "cli/noun.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

struct Given {
  std::string id, post_url, style;
  double wait = 5;
  int version = 0;
  bool happened = false, did_not_happen = false, ahead = false, never = false;
};
using Shared = std::shared_ptr<Given>;

CLI::App* add(CLI::App& noun, const char* name, const char* help, const Shared& given) {
  auto* command = noun.add_subcommand(name, help);
  command->add_option("ID", given->id, "As list shows it")->required();
  return command;
}

void add_wait(CLI::App& command, const Shared& given, const char* help) {
  command.add_option("--wait", given->wait, help)
      ->check(CLI::Range(0.0, 30.0))
      ->type_name("SECONDS")
      ->capture_default_str();
}

std::string label(const Given& given) { return "announcement " + given.id; }

json act(Client& client, const Given& given, const char* name, const std::string& query = {},
         const json& body = json::object()) {
  return client.send("POST", item_path("announcements", given.id, name) + query, body);
}

std::string wait_query(const Given& given) { return "?wait=" + json(given.wait).dump(); }

// In flight: it may still be posted, so this is no success.
int disable(Client& client, bool as_json, const Given& given) {
  show_answer(label(given), act(client, given, "disable", wait_query(given)), as_json);
  return client.status() == 202 ? 1 : 0;
}

int post_now(Client& client, bool as_json, const Given& given) {
  const auto body = act(client, given, "post-now", wait_query(given));
  const auto status = body.contains("announcement") ? cell(body.at("announcement"), "status") : "-";
  if (as_json) {
    print_json(body);
  } else {
    auto line = label(given) + ": " + cell(body, "answer");
    line += client.status() == 202 ? ", outcome not known yet" : ", " + status;
    const auto url = body.contains("announcement") ? cell(body.at("announcement"), "post_url") : "-";
    print(line + (url == "-" ? "" : " " + url) + "\n");
  }
  return client.status() == 200 && status != "posted" ? 1 : 0;
}

int resolve(Client& client, bool as_json, const Given& given) {
  if (given.happened == given.did_not_happen) throw UsageError("say either --happened or --did-not-happen");
  json body = {{"outcome", given.happened ? "happened" : "did_not_happen"}};
  if (!given.post_url.empty()) body["post_url"] = given.post_url;
  show_answer(label(given), act(client, given, "resolve", {}, body), as_json);
  return 0;
}

int generate(Client& client, bool as_json, const Given& given) {
  if (given.ahead && given.never) throw UsageError("say either --ahead or --never");
  json body = {{"when", given.ahead ? "ahead" : given.never ? "never" : "now"}};
  if (!given.style.empty()) body["style"] = given.style;
  const auto answer = act(client, given, "generate", wait_query(given), body);
  if (as_json) {
    print_json(answer);
  } else {
    const auto text =
        answer.contains("announcement") ? cell(answer.at("announcement"), "generated_text") : "-";
    print(label(given) + ": " + cell(answer, "answer") + "\n" + (text == "-" ? "" : text + "\n"));
  }
  return answer.at("answer") == "not_written" ? 1 : 0;
}

int remove(Client& client, bool as_json, const Given& given) {
  show_answer(label(given) + " deleted", client.send("DELETE", item_path("announcements", given.id), nullptr),
              as_json);
  return 0;
}

int approve(Client& client, bool as_json, const Given& given) {
  const auto seen = client.get(item_path("announcements", given.id));
  const auto version = given.version > 0 ? json(given.version) : seen.at("version");
  show_answer(label(given), act(client, given, "approve", {}, {{"version", version}}), as_json);
  return 0;
}

int preview(Client& client, bool as_json, const Given& given) {
  const auto body = client.get(item_path("announcements", given.id, "preview"));
  if (as_json) {
    print_json(body);
    return 0;
  }
  const auto limit = cell(body, "limit");
  print(cell(body, "text") + "\n\n" + cell(body, "platform") + ": " + cell(body, "length") +
        (limit == "-" ? " characters, no limit" : " of " + limit + " characters") +
        (body.at("sent").get<bool>() ? ", as it was sent" : "") + "\n");
  if (!body.at("obstacle").is_null()) print("not postable now: " + cell(body, "why") + "\n");
  return 0;
}

int enable(Client& client, bool as_json, const Given& given) {
  show_answer(label(given), act(client, given, "enable"), as_json);
  return 0;
}
}  // namespace

void add_announcement_acts(CLI::App& noun, Chosen& chosen) {
  auto given = std::make_shared<Given>();
  const auto runs = [&](CLI::App* command, int (*run)(Client&, bool, const Given&)) {
    speaks(*command, chosen,
           [given, run](Client& client, bool as_json) { return run(client, as_json, *given); });
  };
  runs(add(noun, "enable", "Let a disabled or failed one be posted at its time", given), enable);
  auto* stop = add(noun, "disable", "Prevent it from being posted, or learn why that is too late", given);
  add_wait(*stop, given, "For the outcome, where it is being sent");
  stop->footer("Exit code 0: prevented or already_stopped, nothing will be posted. 1: it may be, or was.");
  runs(stop, disable);
  auto* post = add(noun, "post-now", "Post it at once", given);
  add_wait(*post, given, "For the outcome");
  post->footer("Exit code 0: posted, or started and not done within --wait. 1: refused or failed.");
  runs(post, post_now);
  auto* text = add(noun, "generate", "Let a language model write its text", given);
  add_wait(*text, given, "For the text");
  text->add_flag("--ahead", given->ahead, "By itself before the start, where it has no text then");
  text->add_flag("--never", given->never, "Not by itself any more");
  text->add_option("--style", given->style, "How its host wants to sound in this show")->type_name("TEXT");
  text->footer("Exit code 1: the model failed, or came too late; the show's template is used.");
  runs(text, generate);
  auto* yes_to_it = add(noun, "approve", "Let it go out in this version, as an admin of its show", given);
  yes_to_it->add_option("--version", given->version, "The one that you have seen; otherwise the newest")
      ->check(CLI::PositiveNumber);
  runs(yes_to_it, approve);
  runs(add(noun, "preview", "Show how it will look on its platform", given), preview);
  runs(add(noun, "delete", "Delete it, where it is not being sent", given), remove);
  auto* word = add(noun, "resolve", "Say what became of one whose outcome is unknown", given);
  auto* yes = word->add_flag("--happened", given->happened, "It was posted");
  auto* no = word->add_flag("--did-not-happen", given->did_not_happen, "It was not posted");
  yes->excludes(no);
  word->add_option("--post-url", given->post_url, "Where it was seen")->excludes(no)->type_name("URL");
  runs(word, resolve);
}

}  // namespace fencepost::cli

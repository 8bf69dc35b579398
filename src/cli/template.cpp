// `fencepost template`: what is said of a channel's videos, through the API.

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

struct Given {
  std::string id, language, thumbnail;
  std::int64_t channel = 0;
  std::map<std::string, std::string> texts;
  std::vector<std::string> tags;
};

int list(Client& client, bool as_json) {
  const auto body = all_pages(client, "/templates");
  if (as_json) {
    print_json(body);
    return 0;
  }
  Table rows;
  for (const auto& item : body.at("items"))
    rows.push_back({cell(item, "id"), cell(item, "channel_id"), cell(item, "language"), cell(item, "title")});
  print(table({"ID", "CHANNEL", "LANGUAGE", "TITLE"}, rows));
  return 0;
}

void show_template(const json& item, bool as_json) {
  if (as_json) return print_json(item);
  Table rows;
  for (const char* name : {"id", "channel_id", "language", "title", "description", "category", "version"})
    if (item.contains(name)) rows.push_back({name, cell(item, name)});
  std::string tags;
  for (const auto& tag : item.at("tags")) tags += (tags.empty() ? "" : ", ") + tag.get<std::string>();
  rows.push_back({"tags", tags});
  print(sheet(rows));
}

// FOLDER/PATH of a picture.
json thumbnail_of(const std::string& text) {
  const auto slash = text.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == text.size())
    throw UsageError("'" + text + "' is no thumbnail: write FOLDER/PATH");
  return {{"folder", text.substr(0, slash)}, {"path", text.substr(slash + 1)}};
}

void add_texts(CLI::App& command, const std::shared_ptr<Given>& given) {
  const auto text = [&](const char* option, const char* member, const char* help) {
    command.add_option_function<std::string>(
        option, [given, member](const std::string& value) { given->texts[member] = value; }, help);
  };
  text("--title", "title", "May have {title} {date} {number} {channel} {language}");
  text("--description", "description", "The same");
  text("--category", "category", "Its number at YouTube");
  command.add_option("--tag", given->tags, "A tag; may be given several times");
  command.add_option("--thumbnail", given->thumbnail, "A JPEG or PNG of at most 2 MB")
      ->type_name("FOLDER/PATH");
}

json body_of(const Given& given) {
  json body = json::object();
  for (const auto& [member, value] : given.texts) body[member] = value;
  if (!given.tags.empty()) body["tags"] = given.tags;
  if (!given.thumbnail.empty()) body["thumbnail"] = thumbnail_of(given.thumbnail);
  return body;
}

void add_changes(CLI::App& noun, Chosen& chosen) {
  auto given = std::make_shared<Given>();
  auto* create = noun.add_subcommand("create", "Make a template of a channel and a language");
  create->add_option("--channel", given->channel, "Whose videos")->required()->check(CLI::PositiveNumber);
  create->add_option("--language", given->language, "As en or pt-BR; any where not given");
  add_texts(*create, given);
  speaks(*create, chosen, [given](Client& client, bool as_json) {
    auto body = body_of(*given);
    body["channel_id"] = given->channel;
    if (!given->language.empty()) body["language"] = given->language;
    show_template(client.send("POST", "/templates", body), as_json);
    return 0;
  });
  auto* edit = noun.add_subcommand("edit", "Change one");
  edit->add_option("ID", given->id, "As list shows it")->required();
  add_texts(*edit, given);
  speaks(*edit, chosen, [given](Client& client, bool as_json) {
    const auto body = body_of(*given);
    if (body.empty()) throw UsageError("say what to change: see --help");
    const auto path = item_path("templates", given->id);
    client.get(path);
    show_template(client.send("PATCH", path, body, {{"If-Match", client.etag()}}), as_json);
    return 0;
  });
}

void add_preview(CLI::App& noun, Chosen& chosen) {
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("preview", "Show what it says of such a video");
  command->add_option("ID", given->id, "As list shows it")->required();
  for (const std::string name : {"title", "date", "number", "channel", "language"})
    command->add_option_function<std::string>(
        "--" + name, [given, name](const std::string& value) { given->texts[name] = value; },
        "What stands for {" + name + "}");
  speaks(*command, chosen, [given](Client& client, bool as_json) {
    auto path = item_path("templates", given->id, "preview");
    for (const auto& [name, value] : given->texts) add_query(path, name, value);
    show_template(client.get(path), as_json);
    return 0;
  });
}
}  // namespace

void add_template(CLI::App& app, Chosen& chosen) {
  auto* noun = app.add_subcommand("template", "What is said of a channel's videos")->require_subcommand(1);
  speaks(*noun->add_subcommand("list", "Show all"), chosen, list);
  auto id = std::make_shared<std::string>();
  auto* one = noun->add_subcommand("show", "Show one");
  one->add_option("ID", *id, "As list shows it")->required();
  speaks(*one, chosen, [id](Client& client, bool as_json) {
    show_template(client.get(item_path("templates", *id)), as_json);
    return 0;
  });
  add_changes(*noun, chosen);
  add_preview(*noun, chosen);
  auto* remove = noun->add_subcommand("delete", "Delete one");
  remove->add_option("ID", *id, "As list shows it")->required();
  speaks(*remove, chosen, [id](Client& client, bool as_json) {
    client.send("DELETE", item_path("templates", *id), nullptr);
    show_answer("template " + *id, {{"answer", "removed"}}, as_json);
    return 0;
  });
}

}  // namespace fencepost::cli

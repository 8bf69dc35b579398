// `fencepost announcement image`: the images that go with an announcement.

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
  std::string id, image, file, alt, key;
  int position = 0, version = 0;
  bool no_alt = false;
};
using Shared = std::shared_ptr<Given>;

std::string path_of(const Given& given) {
  return item_path("announcements", given.id, "images") +
         (given.image.empty() ? "" : item_path("", given.image).substr(1));
}

// The version that is to be changed: the one that was named, else the newest.
connect::Headers if_match(Client& client, const Given& given) {
  if (given.version == 0) client.get(item_path("announcements", given.id));
  return {{"If-Match", given.version > 0 ? '"' + std::to_string(given.version) + '"' : client.etag()}};
}

void show(const json& images) {
  Table rows;
  for (const auto& one : images)
    rows.push_back({cell(one, "position"), cell(one, "id"), cell(one, "media_type"),
                    cell(one, "width") + " × " + cell(one, "height"), cell(one, "size"), cell(one, "alt")});
  print(table({"PLACE", "ID", "TYPE", "PIXELS", "BYTES", "DESCRIPTION"}, rows));
}

int shown(const json& announcement, bool as_json) {
  as_json ? print_json(announcement) : show(announcement.at("images"));
  return 0;
}

int add(Client& client, bool as_json, const Given& given) {
  auto bytes = file_bytes(given.file);
  auto headers = if_match(client, given);
  if (!given.key.empty()) headers.emplace_back("Idempotency-Key", given.key);
  auto path = path_of(given);
  add_query(path, "alt", given.alt);
  if (given.position > 0) add_query(path, "position", std::to_string(given.position));
  // The server looks at the bytes, and takes nobody's word for what they are.
  return shown(client.send_bytes("POST", path, std::move(bytes), "image/*", headers), as_json);
}

int list(Client& client, bool as_json, const Given& given) {
  const auto body = client.get(path_of(given));
  as_json ? print_json(body) : show(body.at("images"));
  return 0;
}

int edit(Client& client, bool as_json, const Given& given) {
  json change = json::object();
  if (!given.alt.empty() || given.no_alt) change["alt"] = given.alt;
  if (given.position > 0) change["position"] = given.position;
  if (change.empty()) throw UsageError("say what to change: --alt, --no-alt or --position");
  return shown(client.send("PATCH", path_of(given), change, if_match(client, given)), as_json);
}

int remove(Client& client, bool as_json, const Given& given) {
  return shown(client.send("DELETE", path_of(given), nullptr, if_match(client, given)), as_json);
}
}  // namespace

void add_announcement_images(CLI::App& noun, Chosen& chosen) {
  auto* image = noun.add_subcommand("image", "Images that go with an announcement, or a part of its thread")
                    ->require_subcommand(1);
  const auto command = [&](const char* name, const char* help, const char* named, bool edits,
                           int (*run)(Client&, bool, const Given&)) {
    auto given = std::make_shared<Given>();
    auto* made = image->add_subcommand(name, help);
    made->add_option("ID", given->id, "The announcement, as list shows it")->required();
    if (named != nullptr) made->add_option("IMAGE", given->image, named)->required();
    if (edits)
      made->add_option("--version", given->version, "The one that you have seen; otherwise the newest")
          ->check(CLI::PositiveNumber);
    speaks(*made, chosen,
           [given, run](Client& client, bool as_json) { return run(client, as_json, *given); });
    return std::pair(made, given);
  };
  const auto describe = [](CLI::App& made, const Shared& given) {
    made.add_option("--position", given->position, "Its place, from 1 on")->check(CLI::PositiveNumber);
    return made.add_option("--alt", given->alt, "What it shows, for those who cannot see it")
        ->type_name("TEXT");
  };
  const auto [adding, added] = command("add", "Add a JPEG, PNG, GIF or WebP image", nullptr, true, add);
  adding->add_option("FILE", added->file, "The image")->required();
  describe(*adding, added);
  adding->add_option("--idempotency-key", added->key,
                     "Your name for this request: repeated, it adds nothing new");
  command("list", "Show its images, in their order", nullptr, false, list);
  const auto [editing, edited] =
      command("edit", "Change an image's description or place", "As list shows it", true, edit);
  editing->add_flag("--no-alt", edited->no_alt, "Without a description")
      ->excludes(describe(*editing, edited));
  command("remove", "Take an image away", "As list shows it", true, remove);
}

}  // namespace fencepost::cli

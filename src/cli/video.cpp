// `fencepost video`: videos, and the media folders they are chosen from, through the API.

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

int list(Client& client, bool as_json) {
  const auto body = all_pages(client, "/videos");
  if (as_json) {
    print_json(body);
    return 0;
  }
  Table rows;
  for (const auto& item : body.at("items"))
    rows.push_back({cell(item, "id"), cell(item, "title"), cell(item, "duration_ms"), cell(item, "size"),
                    cell(item.at("readiness").at("short"), "ready"),
                    cell(item.at("readiness").at("final"), "ready"), cell(item, "folder"),
                    cell(item, "path")});
  print(table({"ID", "TITLE", "MS", "BYTES", "SHORT", "FINAL", "FOLDER", "PATH"}, rows));
  return 0;
}

void show_video(const json& item, bool as_json) {
  if (as_json) return print_json(item);
  Table rows;
  for (const char* name : {"id", "title", "folder", "path", "size", "media_type", "sha256", "duration_ms",
                           "width", "height", "measured_at", "measure_error", "created_at", "version"})
    rows.push_back({name, cell(item, name)});
  for (const char* kind : {"short", "final"}) {
    const auto& fit = item.at("readiness").at(kind);
    std::string words = cell(fit, "ready");
    for (const auto& reason : fit.at("reasons")) words += ": " + reason.get<std::string>();
    rows.push_back({kind, words});
  }
  print(sheet(rows));
}

void add_folders(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string folder, under, extensions;
  };
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("folders", "Show the media folders, or what stands in one");
  command->add_option("FOLDER", given->folder, "A media folder");
  command->add_option("--under", given->under, "A folder in it");
  command->add_option("--extensions", given->extensions, "Only files that end so: mp4,mov");
  speaks(*command, chosen, [given](Client& client, bool as_json) {
    if (given->folder.empty()) {
      const auto body = client.get("/media-folders");
      if (as_json) {
        print_json(body);
        return 0;
      }
      for (const auto& name : body.at("folders")) print(name.get<std::string>() + "\n");
      return 0;
    }
    auto path = "/media-folders/" + encoded(given->folder);
    add_query(path, "under", given->under);
    add_query(path, "extensions", given->extensions);
    const auto body = all_pages(client, path);
    if (as_json) {
      print_json(body);
      return 0;
    }
    Table rows;
    for (const auto& item : body.at("items"))
      rows.push_back({cell(item, "name") + (item.at("folder").get<bool>() ? "/" : ""), cell(item, "size"),
                      cell(item, "modified_at")});
    print(table({"NAME", "BYTES", "MODIFIED"}, rows));
    return 0;
  });
}

void add_add(CLI::App& noun, Chosen& chosen) {
  struct Given {
    std::string folder, path, title;
  };
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("add", "Add a file of a media folder");
  command->add_option("FOLDER", given->folder, "As folders shows it")->required();
  command->add_option("PATH", given->path, "Of the file, in the folder")->required();
  command->add_option("--title", given->title, "The file's name where not given");
  speaks(*command, chosen, [given](Client& client, bool as_json) {
    json body = {{"folder", given->folder}, {"path", given->path}};
    if (!given->title.empty()) body["title"] = given->title;
    show_video(client.send("POST", "/videos", body), as_json);
    return 0;
  });
}
}  // namespace

void add_video(CLI::App& app, Chosen& chosen) {
  auto* noun = app.add_subcommand("video", "Videos that can be uploaded")->require_subcommand(1);
  speaks(*noun->add_subcommand("list", "Show yours, and those of media folders"), chosen, list);
  auto id = std::make_shared<std::string>();
  auto* one = noun->add_subcommand("show", "Show one, and what it is fit for");
  one->add_option("ID", *id, "As list shows it")->required();
  speaks(*one, chosen, [id](Client& client, bool as_json) {
    show_video(client.get(item_path("videos", *id)), as_json);
    return 0;
  });
  add_add(*noun, chosen);
  auto* remove = noun->add_subcommand("delete", "Remove one; a file of a media folder stays where it is");
  remove->add_option("ID", *id, "As list shows it")->required();
  speaks(*remove, chosen, [id](Client& client, bool as_json) {
    client.send("DELETE", item_path("videos", *id), nullptr);
    show_answer("video " + *id, {{"answer", "removed"}}, as_json);
    return 0;
  });
  add_folders(*noun, chosen);
}

}  // namespace fencepost::cli

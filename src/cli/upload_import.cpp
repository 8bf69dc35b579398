#include "cli/upload_import.hpp"

#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/curate/csv.hpp"
#include "base/error.hpp"
#include "cli/channel.hpp"
#include "cli/noun.hpp"
#include "cli/progress.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

base::UserError bad_line(std::size_t line, const std::string& why) {
  return {"invalid_file", "line " + std::to_string(line) + ": " + why};
}

// A line of a file as the API takes it. Names of columns are those of the API; tags stand with `;` between
// them.
json row_of(const json& line, std::size_t number) {
  json row = json::object();
  for (const auto& [name, value] : line.items()) {
    if (value.is_null() || (value.is_string() && value.get<std::string>().empty())) continue;
    if ((name == "video_id" || name == "number") && value.is_string())
      row[name] = std::stoll(value.get<std::string>());
    else if (name == "made_for_kids" && value.is_string())
      row[name] = value == "true";
    else if (name == "tags" && value.is_string()) {
      json tags = json::array();
      std::string rest = value.get<std::string>();
      for (std::size_t at = 0; at <= rest.size();) {
        const auto end = std::min(rest.find(';', at), rest.size());
        if (end > at) tags.push_back(rest.substr(at, end - at));
        at = end + 1;
      }
      row[name] = std::move(tags);
    } else
      row[name] = value;
  }
  if (!row.contains("kind") || !row.contains("at")) throw bad_line(number, "it has no kind, or no at");
  if (!row.contains("video_id") && !(row.contains("folder") && row.contains("path")))
    throw bad_line(number, "it names no video: video_id, or folder and path");
  return row;
}

json rows_of_json(const std::string& bytes) {
  const auto parsed = json::parse(bytes, nullptr, false);
  if (!parsed.is_array()) throw base::UserError("invalid_file", "the file holds no list of objects");
  json rows = json::array();
  for (std::size_t n = 0; n < parsed.size(); ++n) {
    if (!parsed[n].is_object()) throw bad_line(n + 1, "it is no object");
    rows.push_back(row_of(parsed[n], n + 1));
  }
  return rows;
}

json rows_of_csv(const std::string& bytes) {
  const auto lines = curate::parse_csv(bytes);
  json rows = json::array();
  for (std::size_t n = 1; n < lines.size(); ++n) {
    const auto number = static_cast<std::size_t>(lines[n].line);
    if (!lines[n].error.empty()) throw bad_line(number, lines[n].error);
    json line = json::object();
    for (std::size_t at = 0; at < lines[n].fields.size() && at < lines[0].fields.size(); ++at)
      line[lines[0].fields[at]] = lines[n].fields[at];
    rows.push_back(row_of(line, number));
  }
  return rows;
}

std::string label_of(const json& row) {
  return row.contains("video_id")
             ? "video " + row.at("video_id").dump()
             : row.at("folder").get<std::string>() + "/" + row.at("path").get<std::string>();
}

struct Given {
  std::string channel, file, format;
  bool dry_run = false, best_effort = false;
};

int import_file(Client& client, bool as_json, const Given& given) {
  std::ifstream file(given.file, std::ios::binary);
  if (!file) throw base::UserError("unreadable", "'" + given.file + "' cannot be read");
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto format = !given.format.empty() ? given.format : given.file.ends_with(".csv") ? "csv" : "json";
  const auto rows = format == "csv" ? rows_of_csv(bytes) : rows_of_json(bytes);
  std::vector<std::string> labels;
  for (const auto& row : rows) labels.push_back(label_of(row));
  const auto answers = [&] {
    const Busy busy("importing");
    return client.send("POST",
                       item_path("channels", channel_id(client, given.channel), "uploads") + "/import",
                       {{"uploads", rows},
                        {"dry_run", given.dry_run},
                        {"mode", given.best_effort ? "best_effort" : "all_or_nothing"}});
  }();
  return show_answers(answers, labels, as_json);
}
}  // namespace

int show_answers(const json& answers, const std::vector<std::string>& labels, bool as_json) {
  bool refused = false;
  Table rows;
  for (std::size_t n = 0; n < answers.at("items").size(); ++n) {
    const auto& one = answers.at("items")[n];
    const bool no = !one.at("refused").is_null();
    refused = refused || no;
    rows.push_back({labels.at(n), no ? "-" : cell(one, "at"),
                    one.at("upload").is_null() ? "-" : cell(one.at("upload"), "id"),
                    no ? cell(one.at("refused"), "code") : "",
                    no ? cell(one.at("refused"), "next_free") : ""});
  }
  if (as_json)
    print_json(answers);
  else
    print(table({"VIDEO", "SLOT", "UPLOAD", "REFUSED", "NEXT FREE"}, rows, 60) + cell(answers, "scheduled") +
          " scheduled\n");
  return refused ? 1 : 0;
}

void add_upload_import(CLI::App& noun, Chosen& chosen) {
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("import", "Take over schedules that exist elsewhere, with their times");
  command
      ->add_option(
          "FILE", given->file,
          "CSV with a header line, or a JSON list: video_id (or folder and path), kind, at, and title, "
          "description, tags …")
      ->required();
  command->add_option("--channel", given->channel, "Its id or name; may be left out where there is one");
  command->add_option("--format", given->format, "Where the file's name does not say it")
      ->check(CLI::IsMember({"csv", "json"}));
  command->add_flag("--dry-run", given->dry_run, "Only say what would come of it");
  command->add_flag("--best-effort", given->best_effort, "Take what can be had; otherwise all or nothing");
  command->footer("Exit code 1 where one cannot be had.");
  speaks(*command, chosen,
         [given](Client& client, bool as_json) { return import_file(client, as_json, *given); });
}

}  // namespace fencepost::cli

#include "cli/upload_import.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
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

constexpr std::size_t kShownLines = 50;
// The members of an upload as the API takes them, but for the thumbnail, which is none of a CSV's.
const std::vector<std::string> kColumns{"video_id", "folder",   "path",          "kind",
                                        "at",       "number",   "title",         "tags",
                                        "category", "language", "made_for_kids", "description"};

// What is wrong with a file, line by line: all of it is said at once.
class BadLines {
 public:
  explicit BadLines(const char* line) : line_(line) {}
  void add(std::size_t line, const std::string& why) {
    if (++count_ <= kShownLines) text_ += "\n  " + (line_ + std::to_string(line)) + ": " + why;
  }
  // Throws where there are any.
  void refuse() const {
    if (count_ == 0) return;
    const auto more =
        count_ > kShownLines ? "\n  and " + std::to_string(count_ - kShownLines) + " more" : std::string();
    throw base::UserError("invalid_file", "nothing was imported: " + std::to_string(count_) +
                                              (count_ == 1 ? " thing is" : " things are") +
                                              " wrong:" + text_ + more);
  }

 private:
  const std::string line_;
  std::size_t count_ = 0;
  std::string text_;
};

json tags_of(const std::string& text) {
  json tags = json::array();
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(';', at), text.size());
    if (end > at) tags.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return tags;
}

// The text of a CSV's field as the API wants that member; null: it is none.
json value_of(const std::string& name, const std::string& text) {
  if (name == "video_id" || name == "number") {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? json(number) : json();
  }
  if (name == "made_for_kids") return text == "true" ? json(true) : text == "false" ? json(false) : json();
  return name == "tags" ? tags_of(text) : json(text);
}

// A line of a file as the API takes it.
json row_of(const json& line, std::size_t number, BadLines& bad) {
  json row = json::object();
  for (const auto& [name, value] : line.items()) {
    if (value.is_null() || (value.is_string() && value.get<std::string>().empty())) continue;
    row[name] = value.is_string() ? value_of(name, value.get<std::string>()) : value;
    if (row[name].is_null())
      bad.add(number, name + ": '" + value.get<std::string>() + "' is " +
                          (name == "made_for_kids" ? "neither true nor false" : "no number"));
  }
  for (const auto* needed : {"kind", "at"})
    if (!row.contains(needed)) bad.add(number, std::string("it has no ") + needed);
  if (!row.contains("video_id") && !(row.contains("folder") && row.contains("path")))
    bad.add(number, "it names no video: video_id, or folder and path");
  return row;
}

json rows_of_json(const std::string& bytes) {
  const auto parsed = json::parse(bytes, nullptr, false);
  if (!parsed.is_array()) throw base::UserError("invalid_file", "the file holds no JSON list of objects");
  json rows = json::array();
  BadLines bad("entry ");
  for (std::size_t n = 0; n < parsed.size(); ++n) {
    if (parsed[n].is_object())
      rows.push_back(row_of(parsed[n], n + 1, bad));
    else
      bad.add(n + 1, "it is no object");
  }
  bad.refuse();
  return rows;
}

// The first line's names; those that mean nothing here are empty, and named in `ignored`.
std::vector<std::string> header_of(const curate::CsvRow& first, std::vector<std::string>& ignored) {
  auto names = first.fields;
  const auto has = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::string missing;
  for (const auto* needed : {"kind", "at"})
    if (!has(needed)) missing += (missing.empty() ? "" : ", ") + std::string(needed);
  if (!has("video_id") && !(has("folder") && has("path")))
    missing += (missing.empty() ? "" : ", ") + std::string("video_id (or folder and path)");
  if (!missing.empty())
    throw base::UserError("invalid_file", "the first line must name the columns, and lacks: " + missing);
  for (auto& name : names)
    if (std::find(kColumns.begin(), kColumns.end(), name) == kColumns.end())
      ignored.push_back(std::exchange(name, ""));
  return names;
}

json rows_of_csv(const std::string& bytes, std::vector<std::string>& ignored) {
  const auto lines = curate::parse_csv(bytes);
  if (lines.empty()) throw base::UserError("invalid_file", "the file is empty");
  const auto names = header_of(lines[0], ignored);
  json rows = json::array();
  BadLines bad("line ");
  for (std::size_t n = 1; n < lines.size(); ++n) {
    const auto number = static_cast<std::size_t>(lines[n].line);
    if (!lines[n].error.empty()) {
      bad.add(number, lines[n].error);
      continue;
    }
    json line = json::object();
    for (std::size_t at = 0; at < lines[n].fields.size() && at < names.size(); ++at)
      if (!names[at].empty()) line[names[at]] = lines[n].fields[at];
    rows.push_back(row_of(line, number, bad));
  }
  bad.refuse();
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
  const auto bytes = file_bytes(given.file);
  const auto format = !given.format.empty() ? given.format : given.file.ends_with(".csv") ? "csv" : "json";
  std::vector<std::string> ignored;
  const auto rows = rows_of_import(bytes, format == "csv", ignored);
  if (!as_json)
    for (const auto& column : ignored) print("ignored column: " + column + "\n");
  std::vector<std::string> labels;
  for (const auto& row : rows) labels.push_back(label_of(row));
  const auto answers = [&] {
    const Busy busy("importing");
    return answers_to_many(client,
                           item_path("channels", channel_id(client, given.channel), "uploads") + "/import",
                           {{"uploads", rows},
                            {"dry_run", given.dry_run},
                            {"mode", given.best_effort ? "best_effort" : "all_or_nothing"}});
  }();
  return show_answers(answers, labels, as_json);
}
}  // namespace

json rows_of_import(const std::string& bytes, bool csv, std::vector<std::string>& ignored) {
  if (bytes.find_first_not_of(" \t\r\n") == std::string::npos)
    throw base::UserError("invalid_file", "the file is empty");
  const auto rows = csv ? rows_of_csv(bytes, ignored) : rows_of_json(bytes);
  if (rows.empty()) throw base::UserError("invalid_file", "the file names no uploads");
  return rows;
}

json answers_to_many(Client& client, const std::string& path, const json& body,
                     const connect::Headers& headers) try {
  return client.send("POST", path, body, headers);
} catch (const Refused& refused) {
  // All or nothing: the reasons stand with each of them.
  if (refused.code() != "batch_refused") throw;
  return json::parse(refused.body());
}

int show_answers(const json& answers, const std::vector<std::string>& labels, bool as_json) {
  bool refused = false;
  Table rows;
  for (std::size_t n = 0; n < answers.at("items").size(); ++n) {
    const auto& one = answers.at("items")[n];
    const bool no = !one.at("refused").is_null();
    refused = refused || no;
    rows.push_back(
        {labels.at(n), no ? "-" : cell(one, "at"),
         one.at("upload").is_null() ? "-" : cell(one.at("upload"), "id"),
         no ? cell(one.at("refused"), "detail") + " (" + cell(one.at("refused"), "code") + ")" : "",
         no ? cell(one.at("refused"), "next_free") : ""});
  }
  if (as_json)
    print_json(answers);
  else
    print(table({"VIDEO", "SLOT", "UPLOAD", "REFUSED", "NEXT FREE"}, rows, 100) +
          (answers.contains("scheduled") ? cell(answers, "scheduled") + " scheduled\n"
                                         : cell(answers, "detail") + "\n"));
  return refused ? 1 : 0;
}

void add_upload_import(CLI::App& noun, Chosen& chosen) {
  auto given = std::make_shared<Given>();
  auto* command = noun.add_subcommand("import", "Take over schedules that exist elsewhere, with their times");
  command->add_option("FILE", given->file, "CSV with a header line, or a JSON list")->required();
  command->add_option("--channel", given->channel, "Its id or name; may be left out where there is one");
  command->add_option("--format", given->format, "Where the file's name does not say it")
      ->check(CLI::IsMember({"csv", "json"}));
  command->add_flag("--dry-run", given->dry_run, "Only say what would come of it");
  command->add_flag("--best-effort", given->best_effort, "Take what can be had; otherwise all or nothing");
  command->footer(
      "Columns of CSV, members of JSON: kind (the type), at (when it becomes public) and video_id, or "
      "folder\n"
      "and path, are needed; title, description, tags (with ; between them), category, language, number and\n"
      "made_for_kids (true or false) may be. Exit code 1 where one cannot be had; each says why.");
  speaks(*command, chosen,
         [given](Client& client, bool as_json) { return import_file(client, as_json, *given); });
}

}  // namespace fencepost::cli

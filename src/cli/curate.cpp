// `fencepost curate`: records, through the API.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/curate/kinds.hpp"
#include "cli/noun.hpp"
#include "cli/pages.hpp"
#include "cli/progress.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using nlohmann::json;

struct Given {
  std::string kind, id, status, curation, processing, search, cursor, file, format;
  std::vector<std::string> ids;
  int limit = 50, max = 10'000;
  bool preview = false, select = false;
};
using Shared = std::shared_ptr<Given>;

std::string collection(const Given& given) { return "/curate/" + encoded(given.kind); }
// "--processing none" is the empty word.
std::string processing_of(const Given& given) { return given.processing == "none" ? "" : given.processing; }

std::vector<std::string> kind_names(bool contacts) {
  std::vector<std::string> names;
  for (const auto kind : curate::kKinds) names.emplace_back(curate::name(kind));
  if (contacts) names.emplace_back("contacts");
  return names;
}

CLI::App* add(CLI::App& noun, const char* name, const char* help, const Shared& given,
              bool contacts = false) {
  auto* command = noun.add_subcommand(name, help);
  command
      ->add_option("KIND", given->kind,
                   std::string("places, businesses, domains, sitemaps") +
                       (contacts ? ", pages or contacts" : " or pages"))
      ->required()
      ->check(CLI::IsMember(kind_names(contacts)));
  return command;
}

void add_filter(CLI::App& command, const Shared& given) {
  command.add_option("--curation", given->curation, "With this curation status: New, Selected, Maybe, …");
  command.add_option("--processing", given->processing,
                     "With this processing status: none, Queued, Processing, Completed, Error, …");
  command.add_option("--search", given->search, "A part of the name, host or URL");
}

// What a record is called.
std::string label(const json& item) {
  for (const auto* name : {"url", "host", "name", "place_id"})
    if (item.contains(name) && item.at(name).is_string() && !item.at(name).get<std::string>().empty())
      return item.at(name);
  return {};
}

int list(Client& client, bool as_json, const Given& given) {
  auto path = collection(given);
  if (!given.curation.empty()) add_query(path, "curation_status", given.curation);
  if (!given.processing.empty()) add_query(path, "processing_status", processing_of(given));
  if (!given.search.empty()) add_query(path, "search", given.search);
  const auto page = one_page(client, as_json, path, given.limit, given.cursor);
  if (!page) return 0;
  const bool contacts = given.kind == "contacts";
  Table rows;
  for (const auto& item : page->at("items"))
    rows.push_back(contacts ? Table::value_type{cell(item, "id"), cell(item, "email"), cell(item, "phone"),
                                                cell(item, "host"), cell(item, "page_url")}
                            : Table::value_type{cell(item, "id"), label(item), cell(item, "curation_status"),
                                                word_of(cell(item, "processing_status")),
                                                cell(item, item.at("error").is_null() ? "note" : "error")});
  print(contacts ? table({"ID", "E-MAIL", "PHONE", "HOST", "PAGE"}, rows, 60)
                 : table({"ID", "RECORD", "CURATION", "PROCESSING", "ERROR OR NOTE"}, rows, 60));
  say_more(*page);
  return 0;
}

int show(Client& client, bool as_json, const Given& given) {
  const auto body = client.get(item_path("curate/" + given.kind, given.id));
  if (as_json) {
    print_json(body);
    return 0;
  }
  Table lines;
  for (const auto& member : body.items())
    lines.push_back({member.key(), member.value().is_structured() ? member.value().dump()
                                   : member.key() == "run_at"     ? time_cell(body, "run_at")
                                                                  : cell(body, member.key().c_str())});
  print(sheet(lines));
  return 0;
}

int set(Client& client, bool as_json, const Given& given) {
  const auto path = item_path("curate/" + given.kind, given.id);
  client.get(path);
  const auto body =
      client.send("PATCH", path, {{"curation_status", given.status}}, {{"If-Match", client.etag()}});
  if (as_json)
    print_json(body);
  else
    print(given.kind + " " + given.id + ": " + cell(body, "curation_status") +
          ", processing: " + word_of(cell(body, "processing_status")) + "\n");
  return 0;
}

int select(Client& client, bool as_json, const Given& given) {
  json body = {{"set", given.status}, {"max", given.max}, {"preview", given.preview}};
  if (!given.ids.empty()) body["ids"] = given.ids;
  if (!given.curation.empty()) body["curation_status"] = given.curation;
  if (!given.processing.empty()) body["processing_status"] = processing_of(given);
  if (!given.search.empty()) body["search"] = given.search;
  const auto done = [&] {
    const Busy busy("asking the server");
    return client.send("POST", collection(given) + "/select", body);
  }();
  if (as_json) {
    print_json(done);
    return 0;
  }
  std::string answers;
  for (const auto& answer : done.at("answers").items())
    answers += (answers.empty() ? "" : ", ") + answer.value().dump() + " " + answer.key();
  print(std::string(given.preview ? "would be: " : "") + (answers.empty() ? "none" : answers) + "\n");
  if (done.at("more").get<bool>()) print("there are more: repeat it, or raise --max\n");
  return 0;
}

int remove(Client& client, bool as_json, const Given& given) {
  const auto body = client.send("DELETE", item_path("curate/" + given.kind, given.id), nullptr);
  const bool gone = client.status() == 204;
  show_answer(given.kind + " " + given.id, gone ? json{{"answer", "deleted"}} : body, as_json);
  return gone ? 0 : 1;
}

int import_file(Client& client, bool as_json, const Given& given) {
  const auto bytes = file_bytes(given.file);
  const auto format = !given.format.empty() ? given.format : given.file.ends_with(".csv") ? "csv" : "json";
  const auto report = [&] {
    const Busy busy("importing");
    return client.send_bytes("POST",
                             collection(given) + "/import/" + format + (given.select ? "?select=true" : ""),
                             bytes, format == "csv" ? "text/csv" : "application/json");
  }();
  const bool clean = report.at("bad") == 0;
  if (as_json) {
    print_json(report);
    return clean ? 0 : 1;
  }
  for (const auto& bad : report.at("bad_lines"))
    print(given.file + ":" + cell(bad, "line") + ": " + cell(bad, "error") + "\n");
  std::string ignored;
  for (const auto& column : report.at("ignored_columns"))
    ignored += (ignored.empty() ? "" : ", ") + column.get<std::string>();
  if (!ignored.empty()) print("ignored columns: " + ignored + "\n");
  print(cell(report, "added") + " added, " + cell(report, "present") + " there already, " +
        cell(report, "bad") + " bad\n");
  return clean ? 0 : 1;
}
}  // namespace

void add_curate(CLI::App& app, Chosen& chosen) {
  auto* noun = app.add_subcommand("curate", "Places, businesses, domains, sitemaps, pages and contacts")
                   ->require_subcommand(1);
  auto given = std::make_shared<Given>();
  const auto runs = [&](CLI::App* command, int (*run)(Client&, bool, const Given&)) {
    speaks(*command, chosen,
           [given, run](Client& client, bool as_json) { return run(client, as_json, *given); });
  };
  const auto id = [&](CLI::App* command) {
    command->add_option("ID", given->id, "As list shows it")->required();
    return command;
  };
  auto* lists = add(*noun, "list", "Show records, the newest first; also contacts", given, true);
  add_filter(*lists, given);
  lists->add_option("--limit", given->limit, "How many")->check(CLI::Range(1, 200))->capture_default_str();
  lists->add_option("--cursor", given->cursor, "Go on where the page before ended");
  runs(lists, list);
  runs(id(add(*noun, "show", "Show one record, with its evidence", given, true)), show);

  auto* sets = id(add(*noun, "set", "Set the curation status of one record", given));
  sets->add_option("STATUS", given->status, "Selected queues it; anything else takes back what is queued")
      ->required();
  runs(sets, set);

  auto* selects = add(*noun, "select", "Set the curation status of many records", given);
  add_filter(*selects, given);
  selects->add_option("--id", given->ids, "The record with this id (repeatable)");
  selects->add_option("--set", given->status, "The new curation status")->default_val("Selected");
  selects->add_option("--max", given->max, "Records at most, the newest first")->capture_default_str();
  selects->add_flag("--preview", given->preview, "Only say what would be answered");
  runs(selects, select);

  runs(id(add(*noun, "delete", "Delete a record, with what was found under it", given)), remove);
  auto* imports = noun->add_subcommand("import", "Import places or businesses from a file");
  imports->add_option("KIND", given->kind, "places or businesses; the others are found")
      ->required()
      ->check(CLI::IsMember({"places", "businesses"}));
  imports->add_option("FILE", given->file, "CSV with a header line; JSON: an array, or an object a line")
      ->required();
  imports->add_option("--format", given->format, "Where the file's name does not say it")
      ->check(CLI::IsMember({"csv", "json"}));
  imports->add_flag("--select", given->select, "New records begin Selected, and are queued");
  imports->footer(
      "Columns of places: place_id, and name if there is one. Of businesses: name or website, and place_id,\n"
      "phone and address if there are any. What could be read is kept; exit code 1 where a line was bad.");
  runs(imports, import_file);
}

}  // namespace fencepost::cli

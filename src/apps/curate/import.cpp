#include "apps/curate/import.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "apps/curate/csv.hpp"
#include "base/error.hpp"
#include "connect/fetch/charset.hpp"
#include "curate/sql.hpp"
#include "store/certain.hpp"
#include "store/sql.hpp"

namespace fencepost::curate {

namespace {
using nlohmann::json;

constexpr std::size_t kStep = 500, kShown = 1'000, kLongest = 2'048;
using Row = std::map<std::string, std::string>;

const std::vector<std::string>& columns_of(Kind kind) {
  static const std::vector<std::string> place{"place_id", "name"},
      business{"place_id", "name", "website", "phone", "address"};
  return kind == Kind::place ? place : business;
}

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// What is wrong with a row; empty: nothing.
std::string problem_of(Kind kind, const Row& row) {
  for (const auto& [name, text] : row) {
    if (text.size() > kLongest) return name + " is longer than " + std::to_string(kLongest) + " bytes";
    if (!connect::is_clean_utf8(text)) return name + " is not valid UTF-8";
  }
  const auto empty = [&](const char* name) { return !row.contains(name) || row.at(name).empty(); };
  if (kind == Kind::place && empty("place_id")) return "place_id is missing";
  if (kind == Kind::business && empty("name") && empty("website")) return "a name or a website is needed";
  return {};
}

class Import {
 public:
  Import(store::Database& database, Kind kind, bool select)
      : database_(database), kind_(kind), status_(select ? kSelected : "New") {}

  void bad(int line, std::string error) {
    ++report.bad;
    if (report.bad_lines.size() < kShown) report.bad_lines.push_back({line, std::move(error)});
  }
  void ignore(const std::string& column) {
    const auto& columns = columns_of(kind_);
    auto& ignored = report.ignored_columns;
    if (std::find(columns.begin(), columns.end(), column) == columns.end() && ignored.size() < 100 &&
        std::find(ignored.begin(), ignored.end(), column) == ignored.end())
      ignored.push_back(column);
  }
  void add(int line, Row row) {
    for (auto& [name, text] : row) text = trimmed(text);
    if (auto problem = problem_of(kind_, row); !problem.empty()) return bad(line, std::move(problem));
    auto params = params_of(row);
    if (!given_.insert(key_of(params)).second) {
      ++report.present;
      return;
    }
    waiting_.push_back(std::move(params));
    if (waiting_.size() == kStep) flush();
  }
  void flush() {
    if (waiting_.empty()) return;
    // In one order, for those who import the same at the same time.
    std::sort(waiting_.begin(), waiting_.end(),
              [](const auto& a, const auto& b) { return key_of(a) < key_of(b); });
    bool first = true;
    const auto added = store::until_certain(database_, [&](store::Connection& connection, bool doubt) {
      store::Transaction transaction(connection);
      connection.run(sql::lock_import);
      const auto n =
          connection.run_batch(kind_ == Kind::place ? sql::add_places : sql::add_businesses, waiting_).size();
      connection.run(store::sql::notify, {std::string(queue_name(pipelines_of(kind_)[0]))});
      transaction.commit();
      first = !doubt;
      return static_cast<std::int64_t>(n);
    });
    // After a doubt nobody knows which of them were new; they are all there.
    report.added += first ? added : static_cast<std::int64_t>(waiting_.size());
    report.present += first ? static_cast<std::int64_t>(waiting_.size()) - added : 0;
    waiting_.clear();
  }

  ImportReport report;

 private:
  store::Params params_of(const Row& row) const {
    store::Params params;
    for (const auto& column : columns_of(kind_)) {
      const auto at = row.find(column);
      const bool none = at == row.end() || at->second.empty();
      params.push_back(column == "place_id" && none ? store::Value() : store::Value(none ? "" : at->second));
    }
    params.emplace_back(status_);
    return params;
  }
  // What makes a record the same: its place id; or name and website.
  static std::string key_of(const store::Params& params) {
    if (!params[0].is_null()) return "p" + params[0].text();
    return "n" + params[1].text() + '\0' + params[2].text();
  }

  store::Database& database_;
  const Kind kind_;
  const std::string status_;
  std::set<std::string> given_;
  std::vector<store::Params> waiting_;
};

[[noreturn]] void refuse(const std::string& why) { throw base::UserError("invalid_import", why); }

void read_csv(Import& import, Kind kind, std::string_view text) {
  const auto rows = parse_csv(text);
  if (rows.empty() || !rows[0].error.empty()) refuse("the first line must name the columns");
  auto header = rows[0].fields;
  bool known = false;
  for (auto& column : header) {
    column = trimmed(column);
    std::transform(column.begin(), column.end(), column.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    import.ignore(column);
    known = known || std::count(columns_of(kind).begin(), columns_of(kind).end(), column) > 0;
  }
  if (!known)
    refuse("the first line names none of the columns: " + columns_of(kind)[0] + ", " + columns_of(kind)[1] +
           ", …");
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto& row = rows[i];
    if (!row.error.empty()) {
      import.bad(row.line, row.error);
    } else if (row.fields.size() != header.size()) {
      import.bad(row.line, "it has " + std::to_string(row.fields.size()) + " fields, the first line " +
                               std::to_string(header.size()));
    } else {
      Row out;
      for (std::size_t f = 0; f < header.size(); ++f) out[header[f]] = row.fields[f];
      import.add(row.line, std::move(out));
    }
  }
}

void read_object(Import& import, Kind kind, int line, const json& object) {
  if (!object.is_object()) return import.bad(line, "this is no JSON object");
  Row row;
  for (const auto& [name, value] : object.items()) {
    import.ignore(name);
    if (std::count(columns_of(kind).begin(), columns_of(kind).end(), name) == 0 || value.is_null()) continue;
    if (!value.is_string()) return import.bad(line, name + " is no string");
    row[name] = value.get<std::string>();
  }
  import.add(line, std::move(row));
}

void read_json(Import& import, Kind kind, std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) refuse("the file is empty");
  if (text[begin] == '[') {
    const auto all = json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!all.is_array()) refuse("this is no JSON array; or give one object a line");
    int entry = 0;
    for (const auto& object : all) read_object(import, kind, ++entry, object);
    return;
  }
  int line = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    ++line;
    const auto end = std::min(text.find('\n', at), text.size());
    const auto one = text.substr(at, end - at);
    at = end;
    if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto object = json::parse(one, nullptr, /*allow_exceptions=*/false);
    if (object.is_discarded())
      import.bad(line, "this is no JSON");
    else
      read_object(import, kind, line, object);
  }
}
}  // namespace

ImportReport import_records(store::Database& database, Kind kind, ImportForm form, std::string_view text,
                            bool select) {
  if (kind != Kind::place && kind != Kind::business) refuse("only places and businesses can be imported");
  Import import(database, kind, select);
  if (form == ImportForm::csv)
    read_csv(import, kind, text);
  else
    read_json(import, kind, text);
  import.flush();
  return std::move(import.report);
}

}  // namespace fencepost::curate

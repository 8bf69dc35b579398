// Places, businesses, domains, sitemaps, pages and contacts: lists, picking one or many, deleting, import.

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/api/curate_json.hpp"
#include "http/api/etag.hpp"

namespace fencepost::http {

namespace {
using curate::Kind;
using curate::Records;
using nlohmann::json;

constexpr std::uint64_t kImportBytes = 32 << 20;

std::optional<std::string> query_of(const Request& request, const char* name) {
  const auto at = request.query.find(name);
  return at == request.query.end() ? std::nullopt : std::optional(at->second);
}

std::string path_of(Kind kind) { return "/api/v1/curate/" + std::string(curate::name(kind)); }

void wake(Services& services, Kind kind) {
  for (const auto pipeline : curate::pipelines_of(kind))
    services.engine.wake(std::string(curate::queue_name(pipeline)));
}

Response list(const Records& records, Kind kind, const Request& request) {
  curate::Filter filter;
  filter.curation_status = query_of(request, "curation_status");
  filter.processing_status = query_of(request, "processing_status");
  filter.search = query_of(request, "search").value_or("");
  auto page = records.list(kind, filter, cursor_of(request).value_or(INT64_MAX), limit_of(request) + 1);
  return page_of(request, std::move(page), [](const auto& one) { return record_json(one, false); });
}

Response show(const Records& records, Kind kind, const Request& request) {
  const auto found = records.get(kind, id_of(request));
  return found ? record_response(200, *found) : not_found(request, noun_of(kind));
}

Response edit(Services& services, Records& records, Kind kind, const Request& request) {
  const auto seen = records.get(kind, id_of(request));
  if (!seen) return not_found(request, noun_of(kind));
  if (!matches(request, seen->version)) return version_conflict(request, seen->version);
  const auto picked = records.pick(kind, seen->id, seen->version, *text_member(request, "curation_status"),
                                   actor_of(request));
  switch (picked.kind) {
    case curate::Picked::Kind::done:
      wake(services, kind);
      return record_response(200, *picked.record);
    case curate::Picked::Kind::version_conflict:
      return version_conflict(request, picked.record->version);
    case curate::Picked::Kind::not_found:
      break;
  }
  return not_found(request, noun_of(kind));
}

Response remove(Records& records, Kind kind, const Request& request) {
  switch (records.remove(kind, id_of(request), actor_of(request))) {
    case core::StopAnswer::not_found:
      return not_found(request, noun_of(kind));
    case core::StopAnswer::in_flight:
      return json_response(202, {{"answer", "in_flight"}});
    default:
      return no_content();
  }
}

Response select(Services& services, Records& records, Kind kind, const Request& request) {
  const auto& body = *request.json;
  curate::Filter filter;
  for (const auto& id : body.value("ids", std::vector<std::string>())) {
    const auto number = positive(id);
    if (!number) throw base::UserError("invalid_field", "'" + id + "' is no id: ids are positive numbers");
    filter.ids.push_back(*number);
  }
  filter.curation_status = text_member(request, "curation_status");
  filter.processing_status = text_member(request, "processing_status");
  filter.search = text_member(request, "search").value_or("");
  const auto status = body.value("set", std::string(curate::kSelected));
  const auto max = body.value("max", 10'000);
  const bool preview = body.value("preview", false);
  const auto act = [&] {
    const auto done = records.pick_many(kind, filter, status, max, preview, actor_of(request));
    if (!preview) wake(services, kind);
    return json_response(
        200, {{"preview", preview}, {"items", done.items}, {"answers", done.answers}, {"more", done.more}});
  };
  return preview ? act() : act_once(services, request, act);
}

Response import_file(Services& services, Kind kind, curate::ImportForm form, const Request& request) {
  const bool select = query_of(request, "select").value_or("false") == "true";
  return act_once(services, request, [&] {
    const auto report = curate::import_records(services.database, kind, form, request.body, select);
    if (select) wake(services, kind);
    return json_response(200, report_json(report));
  });
}

Response contacts(const Records& records, const Request& request) {
  auto page = records.contacts(query_of(request, "search").value_or(""),
                               cursor_of(request).value_or(INT64_MAX), limit_of(request) + 1);
  return page_of(request, std::move(page), contact_json);
}

Response contact(const Records& records, const Request& request) {
  const auto found = records.contact(id_of(request));
  return found ? json_response(200, contact_json(*found)) : not_found(request, "contact");
}

// -- the table

Field search_field(const std::string& where) {
  return {.name = "search", .description = "a part of " + where + ", in any case", .example = "\"bar\""};
}

std::string searched(Kind kind) {
  switch (kind) {
    case Kind::place:
      return "its name or place id";
    case Kind::business:
      return "its name or website";
    case Kind::domain:
      return "its host or title";
    case Kind::sitemap:
    case Kind::page:
      break;
  }
  return "its URL";
}

Route list_route(Kind kind) {
  const std::string name(curate::name(kind));
  auto query = paging();
  query.push_back({.name = "curation_status", .choices = curate::curation_words(kind)});
  query.push_back({.name = "processing_status",
                   .description = "empty: those that were never queued, or were taken back",
                   .choices = curate::processing_words(kind)});
  query.push_back(search_field(searched(kind)));
  return {.method = "GET",
          .pattern = path_of(kind),
          .access = Access::role(Role::operator_, Scope::read),
          .limit = kReads,
          .query = std::move(query),
          .answers = {{200, "a page, the newest first", page_fields(record_fields(kind, false))}},
          .summary = "Records: " + name};
}

Route edit_route(Kind kind) {
  return {.method = "PATCH",
          .pattern = path_of(kind) + "/{id}",
          .access = Access::role(Role::operator_, Scope::curate),
          .limit = kWrites,
          .fields = {{.name = "curation_status",
                      .required = true,
                      .description = "Selected queues its processing; while it is being processed, again "
                                     "afterwards. Anything else takes back what is queued",
                      .choices = curate::curation_words(kind)}},
          .headers = {if_match()},
          .answers = {{200, "changed", record_fields(kind, true)},
                      {404, "not_found", {}},
                      {412, "version_conflict: somebody was faster", {}}},
          .summary = "Picks a " + noun_of(kind)};
}

Route select_route(Kind kind) {
  return {
      .method = "POST",
      .pattern = path_of(kind) + "/select",
      .access = Access::role(Role::operator_, Scope::curate),
      .limit = kSeldom,
      .fields = {{.name = "set",
                  .description = "the new curation status; Selected where not given",
                  .choices = curate::curation_words(kind)},
                 {.name = "ids",
                  .type = FieldType::strings,
                  .description = "these; with the words below: those of them",
                  .example = "[\"1\", \"2\"]",
                  .max_items = 1000},
                 {.name = "curation_status", .choices = curate::curation_words(kind)},
                 {.name = "processing_status", .choices = curate::processing_words(kind)},
                 search_field(searched(kind)),
                 {.name = "max",
                  .type = FieldType::integer,
                  .description = "records at most, the newest first; 10000 where not given",
                  .example = "10000",
                  .minimum = 1,
                  .maximum = curate::kPickMost},
                 {.name = "preview",
                  .type = FieldType::boolean,
                  .description = "only say what would be answered; nothing is written"}},
      .answers = {{200,
                   "each by itself, counted",
                   {{.name = "preview", .type = FieldType::boolean, .required = true},
                    {.name = "items",
                     .type = FieldType::integer,
                     .required = true,
                     .description = "how many were meant"},
                    {.name = "answers",
                     .type = FieldType::object,
                     .required = true,
                     .description = "them by what became of each: queued, again_afterwards, already_queued, "
                                    "taken_back, in_flight, set, changed, not_found",
                     .example = "{\"queued\": 7}"},
                    {.name = "more",
                     .type = FieldType::boolean,
                     .required = true,
                     .description = "there were others beyond `max`"}}},
                  {422, "invalid_field or invalid_filter", {}}},
      .summary = "Picks many " + std::string(curate::name(kind))};
}

Route import_route(Kind kind, bool csv) {
  return {
      .method = "POST",
      .pattern = path_of(kind) + "/import/" + (csv ? "csv" : "json"),
      .access = Access::role(Role::operator_, Scope::curate),
      .limit = kSeldom,
      .query = {{.name = "select",
                 .type = FieldType::boolean,
                 .description = "new records begin Selected, and are queued",
                 .example = "false"}},
      .answers = {{200, "what could be read is there; what could not is said line by line", report_fields()},
                  {422, "invalid_import", {}}},
      .summary = "Imports " + std::string(curate::name(kind)) +
                 (csv ? ": CSV with a header line" : ": a JSON array, or one object a line"),
      .body_bytes = kImportBytes,
      .raw_body = csv ? "text/csv" : "application/json"};
}

using Shared = std::shared_ptr<Records>;

void add_kind(std::vector<Route>& routes, Services& services, const Shared& records, Kind kind) {
  const auto add = [&](Route route, auto handler) {
    route.handler = handler;
    routes.push_back(std::move(route));
  };
  add(list_route(kind), [records, kind](const Request& request) { return list(*records, kind, request); });
  add(select_route(kind), [&services, records, kind](const Request& request) {
    return select(services, *records, kind, request);
  });
  add(Route{.method = "GET",
            .pattern = path_of(kind) + "/{id}",
            .access = Access::role(Role::operator_, Scope::read),
            .limit = kReads,
            .answers = {{200, "the record with its evidence; ETag is its version", record_fields(kind, true)},
                        {404, "not_found", {}}},
            .summary = "One " + noun_of(kind)},
      [records, kind](const Request& request) { return show(*records, kind, request); });
  add(edit_route(kind),
      [&services, records, kind](const Request& request) { return edit(services, *records, kind, request); });
  add(Route{.method = "DELETE",
            .pattern = path_of(kind) + "/{id}",
            .access = Access::role(Role::operator_, Scope::curate),
            .limit = kWrites,
            .answers = {{204, "gone, with what was found under it", {}},
                        {202,
                         "in_flight: it is being worked on, and was asked to end; say it again",
                         {{.name = "answer", .required = true, .choices = {"in_flight"}}}},
                        {404, "not_found", {}}},
            .summary = "Deletes a " + noun_of(kind)},
      [records, kind](const Request& request) { return remove(*records, kind, request); });
  if (kind != Kind::place && kind != Kind::business) return;
  for (const bool csv : {true, false})
    add(import_route(kind, csv), [&services, kind, csv](const Request& request) {
      return import_file(services, kind, csv ? curate::ImportForm::csv : curate::ImportForm::json, request);
    });
}
}  // namespace

void add_curate(std::vector<Route>& routes, Services& services) {
  const auto records = std::make_shared<Records>(services.database, services.queues);
  for (const auto kind : curate::kKinds) add_kind(routes, services, records, kind);
  auto query = paging();
  query.push_back(search_field("its address or host"));
  routes.push_back({.method = "GET",
                    .pattern = "/api/v1/curate/contacts",
                    .access = Access::role(Role::operator_, Scope::read),
                    .limit = kReads,
                    .query = std::move(query),
                    .answers = {{200, "a page, the newest first", page_fields(contact_fields())}},
                    .summary = "Contacts that were found",
                    .handler = [records](const Request& request) { return contacts(*records, request); }});
  routes.push_back({.method = "GET",
                    .pattern = "/api/v1/curate/contacts/{id}",
                    .access = Access::role(Role::operator_, Scope::read),
                    .limit = kReads,
                    .answers = {{200, "the contact", contact_fields()}, {404, "not_found", {}}},
                    .summary = "One contact",
                    .handler = [records](const Request& request) { return contact(*records, request); }});
}

}  // namespace fencepost::http

#include "http/api/curate_json.hpp"

#include <nlohmann/json.hpp>

#include "http/api/etag.hpp"

namespace fencepost::http {

namespace {
using curate::Kind;
using nlohmann::json;

// What was kept as JSON; what another program has broken is an empty object.
json parsed(const std::string& text) {
  auto value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  return value.is_object() ? value : json::object();
}

json value_json(const store::Value& value) {
  if (value.is_null()) return {};
  if (const auto* number = std::get_if<std::int64_t>(&value.variant())) return *number;
  return value.text();
}

struct Own {
  const char* name;
  FieldType type = FieldType::string;
  bool nullable = false;
  const char* description = "";
  const char* example = "";
};

// In the order of curate::own_columns().
std::vector<Own> own_of(Kind kind) {
  const Own domain{"domain_id", FieldType::integer, false, "the domain that it belongs to", "1"},
      host{"host", FieldType::string, false, "in ASCII, without www.", "\"example.com\""},
      url{"url", FieldType::string, false, "", "\"https://example.com/contact\""},
      place{"place_id", FieldType::string, kind == Kind::business, "the provider's own id", "\"ChIJ1\""},
      name{"name", FieldType::string, false, "", "\"Bar & Grill\""};
  switch (kind) {
    case Kind::place:
      return {place, name, {"calls", FieldType::integer, false, "paid calls that were made for it", "1"}};
    case Kind::business:
      return {place,
              name,
              {"website", FieldType::string, false, "", "\"https://www.example.com\""},
              {"phone", FieldType::string, false, "", "\"+49 30 1\""},
              {"address", FieldType::string, false, "", "\"1 High Street\""},
              {"domain_id", FieldType::integer, true, "the domain that its website led to", "1"}};
    case Kind::domain:
      return {host,
              {"title"},
              {"description"},
              {"language", FieldType::string, false, "", "\"en\""},
              {"discovery_status", FieldType::string, true, "processing of the discovery of its sitemaps",
               "\"Completed\""},
              {"discovery_error", FieldType::string, true, "why that failed", "\"no sitemap was found\""},
              {"discovery_evidence", FieldType::object, true, "where it looked", "{\"sitemaps\": []}"}};
    case Kind::sitemap:
      return {domain,
              host,
              url,
              {"parent_id", FieldType::integer, true, "the sitemap index that named it", "1"},
              {"depth", FieldType::integer, false, "how many indexes stand above it", "0"},
              {"urls", FieldType::integer, false, "that it named when it was read last", "120"}};
    case Kind::page:
      break;
  }
  return {domain,
          host,
          url,
          {"kind", FieldType::string, false, "what its URL says: contact, career, legal, blog, media, …",
           "\"contact\""},
          {"score", FieldType::number, false, "how much its URL promises, 0 to 1", "0.9"},
          {"contact", FieldType::string, false, "ContactFound, NoContactFound, or empty: not read yet",
           "\"ContactFound\""}};
}
}  // namespace

std::string noun_of(Kind kind) {
  switch (kind) {
    case Kind::place:
      return "place";
    case Kind::business:
      return "business";
    case Kind::domain:
      return "domain";
    case Kind::sitemap:
      return "sitemap";
    case Kind::page:
      break;
  }
  return "page";
}

json record_json(const curate::Record& record, bool whole) {
  json out = {{"id", record.id},
              {"curation_status", record.curation_status},
              {"processing_status", record.processing_status},
              {"error", text_or_null(record.last_error)},
              {"note", text_or_null(record.note)},
              {"attempts", record.attempts},
              {"run_at", base::format_utc(record.run_at)},
              {"version", record.version},
              {"created_at", base::format_utc(record.created_at)},
              {"updated_at", base::format_utc(record.updated_at)}};
  const auto own = own_of(record.kind);
  for (std::size_t i = 0; i < own.size(); ++i) {
    const std::string name = own[i].name;
    if (own[i].type == FieldType::object) {
      if (whole) out[name] = record.own[i].is_null() ? json() : parsed(record.own[i].text());
    } else if (name == "score") {
      out[name] = static_cast<double>(record.own[i].integer()) / 100;
    } else {
      out[name] = value_json(record.own[i]);
    }
  }
  if (whole) out["evidence"] = parsed(record.evidence);
  return out;
}

std::vector<Field> record_fields(Kind kind, bool whole) {
  std::vector<Field> fields = {
      id_field(),
      {.name = "curation_status", .required = true, .choices = curate::curation_words(kind)},
      {.name = "processing_status",
       .required = true,
       .description = "empty: never queued, or taken back",
       .choices = curate::processing_words(kind)},
      {.name = "error", .required = true, .description = "why the last attempt failed", .nullable = true},
      {.name = "note", .required = true, .description = "what it waits for", .nullable = true},
      {.name = "attempts", .type = FieldType::integer, .required = true, .example = "1"},
      {.name = "run_at", .required = true, .format = Format::date_time, .description = "not before"},
      {.name = "version", .type = FieldType::integer, .required = true, .example = "1"},
      {.name = "created_at", .required = true, .format = Format::date_time},
      {.name = "updated_at", .required = true, .format = Format::date_time}};
  for (const auto& own : own_of(kind))
    if (whole || own.type != FieldType::object)
      fields.push_back({.name = own.name,
                        .type = own.type,
                        .required = true,
                        .max_length = 2048,
                        .description = own.description,
                        .example = own.example,
                        .nullable = own.nullable});
  if (whole)
    fields.push_back({.name = "evidence",
                      .type = FieldType::object,
                      .required = true,
                      .description = "what was found",
                      .example = "{\"emails\": [\"info@example.com\"]}"});
  return fields;
}

Response record_response(int status, const curate::Record& record) {
  Response response = json_response(status, record_json(record, true));
  response.headers.set("ETag", etag_of(record.version));
  return response;
}

json contact_json(const curate::Contact& contact) {
  auto socials = json::parse(contact.socials, nullptr, /*allow_exceptions=*/false);
  return {{"id", contact.id},
          {"domain_id", contact.domain},
          {"host", contact.host},
          {"email", contact.email},
          {"phone", text_or_null(contact.phone)},
          {"socials", socials.is_array() ? std::move(socials) : json::array()},
          {"page_url", contact.page_url},
          {"best", contact.best},
          {"created_at", base::format_utc(contact.created_at)},
          {"updated_at", base::format_utc(contact.updated_at)}};
}

std::vector<Field> contact_fields() {
  return {id_field(),
          {.name = "domain_id", .type = FieldType::integer, .required = true, .example = "1"},
          {.name = "host", .required = true, .example = "\"example.com\""},
          {.name = "email", .required = true, .example = "\"info@example.com\""},
          {.name = "phone", .required = true, .example = "\"+49301\"", .nullable = true},
          {.name = "socials",
           .type = FieldType::objects,
           .required = true,
           .fields = {{.name = "network", .required = true, .example = "\"facebook\""},
                      {.name = "url", .required = true, .max_length = 2048, .format = Format::uri}}},
          {.name = "page_url",
           .required = true,
           .max_length = 2048,
           .description = "of the pages that name it, the one of the lowest URL",
           .example = "\"https://example.com/contact\""},
          {.name = "best",
           .type = FieldType::boolean,
           .required = true,
           .description = "whether it is the one to write to, of those on that page"},
          {.name = "created_at", .required = true, .format = Format::date_time},
          {.name = "updated_at", .required = true, .format = Format::date_time}};
}

json report_json(const curate::ImportReport& report) {
  json lines = json::array();
  for (const auto& bad : report.bad_lines) lines.push_back({{"line", bad.line}, {"error", bad.error}});
  return {{"read", report.read()},         {"added", report.added},
          {"present", report.present},     {"bad", report.bad},
          {"bad_lines", std::move(lines)}, {"ignored_columns", report.ignored_columns}};
}

std::vector<Field> report_fields() {
  return {{.name = "read", .type = FieldType::integer, .required = true, .example = "3"},
          {.name = "added", .type = FieldType::integer, .required = true, .example = "1"},
          {.name = "present",
           .type = FieldType::integer,
           .required = true,
           .description = "known before, or given twice: nothing of them was changed",
           .example = "1"},
          {.name = "bad", .type = FieldType::integer, .required = true, .example = "1"},
          {.name = "bad_lines",
           .type = FieldType::objects,
           .required = true,
           .description = "the first 1,000 of them",
           .max_items = 1000,
           .fields = {{.name = "line",
                       .type = FieldType::integer,
                       .required = true,
                       .description = "of the file, from 1; of a JSON array: the entry",
                       .example = "3"},
                      {.name = "error", .required = true, .example = "\"place_id is missing\""}}},
          {.name = "ignored_columns",
           .type = FieldType::strings,
           .required = true,
           .description = "that mean nothing here",
           .example = "[\"colour\"]"}};
}

}  // namespace fencepost::http

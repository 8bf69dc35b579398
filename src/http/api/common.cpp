#include "http/api/common.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace fencepost::http {

using nlohmann::json;

std::optional<std::int64_t> positive(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

std::int64_t id_of(const Request& request, const char* param) {
  if (const auto id = positive(request.param(param))) return *id;
  throw base::UserError("not_found", "there is nothing with this id: ids are positive numbers");
}

const std::string& actor_of(const Request& request) {
  FENCEPOST_ASSERT(request.principal.has_value());
  return request.principal->name;
}

int limit_of(const Request& request) {
  const auto at = request.query.find("limit");
  return at == request.query.end() ? 50 : std::stoi(at->second);
}

base::Duration wait_of(const Request& request, base::Duration otherwise) {
  const auto at = request.query.find("wait");
  if (at == request.query.end()) return otherwise;
  // The check let it through, but "nan" is within every bound.
  const double seconds = std::stod(at->second);
  if (!(seconds >= 0)) return base::Duration(0);
  return std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(seconds));
}

std::vector<Field> paging() {
  return {{.name = "cursor",
           .max_length = 1100,
           .description = "`next` of the page before",
           .example = "\"c3432\""},
          {.name = "limit",
           .type = FieldType::integer,
           .description = "entries of a page; 50 where not given",
           .example = "50",
           .minimum = 1,
           .maximum = 200}};
}

Field wait_field(const std::string& what) {
  return {.name = "wait",
          .type = FieldType::number,
          .description = what,
          .example = "5",
          .minimum = 0,
          .maximum = 30};
}

json time_or_null(const std::optional<base::Micros>& at) { return at ? json(base::format_utc(*at)) : json(); }

json text_or_null(const std::optional<std::string>& text) {
  return text && !text->empty() ? json(*text) : json();
}

json number_or_null(const std::optional<std::int64_t>& number) { return number ? json(*number) : json(); }

Field id_field() { return whole_field("id"); }

Field whole_field(const char* name, const char* description, const char* example) {
  return {.name = name,
          .type = FieldType::integer,
          .required = true,
          .description = description,
          .example = example};
}

Field count_field(const char* name, const char* description) {
  auto field = whole_field(name, description, "0");
  field.minimum = 0;
  return field;
}

Field time_field(const char* name, const char* description) {
  return {.name = name, .required = true, .format = Format::date_time, .description = description};
}

Field nullable(Field field) {
  field.nullable = true;
  return field;
}

namespace {
template <typename T>
std::optional<T> member(const json& body, const char* name) {
  const auto at = body.find(name);
  if (at == body.end() || at->is_null()) return std::nullopt;
  return at->get<T>();
}
}  // namespace

std::optional<std::string> text_member(const json& body, const char* name) {
  return member<std::string>(body, name);
}
std::optional<std::string> text_member(const Request& request, const char* name) {
  return text_member(*request.json, name);
}

std::optional<std::string> clearable_member(const Request& request, const char* name) {
  const auto at = request.json->find(name);
  if (at == request.json->end()) return std::nullopt;
  return at->is_null() ? std::string() : at->get<std::string>();
}

std::optional<base::Micros> time_member(const Request& request, const char* name) {
  const auto text = text_member(request, name);
  if (!text) return std::nullopt;
  return base::parse_utc(*text);
}

std::optional<std::int64_t> number_member(const json& body, const char* name) {
  return member<std::int64_t>(body, name);
}
std::optional<std::int64_t> number_member(const Request& request, const char* name) {
  return number_member(*request.json, name);
}

std::optional<bool> flag_member(const Request& request, const char* name) {
  return member<bool>(*request.json, name);
}

std::optional<std::vector<std::string>> texts_member(const Request& request, const char* name) {
  const auto at = request.json->find(name);
  if (at == request.json->end()) return std::nullopt;
  return at->get<std::vector<std::string>>();
}

std::vector<Field> page_fields(std::vector<Field> item) {
  return {{.name = "items",
           .type = FieldType::objects,
           .required = true,
           .max_items = 200,
           .fields = std::move(item)},
          {.name = "next",
           .required = true,
           .max_length = 1100,
           .description = "the cursor of the next page; null on the last one",
           .example = "\"c3432\"",
           .nullable = true}};
}

Response no_content() { return {204, {}, {}}; }

Response not_found(const Request& request, const std::string& what) {
  return problem(request, 404, "not_found", "there is no such " + what);
}

}  // namespace fencepost::http

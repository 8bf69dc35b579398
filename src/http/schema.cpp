// The other face of fields.hpp: what fields.cpp checks, said as JSON Schema.

#include <nlohmann/json.hpp>

#include "http/fields.hpp"

namespace fencepost::http {

namespace {
using nlohmann::json;

json text_schema(const Field& field) {
  json schema = {{"type", "string"}, {"maxLength", field.max_length}};
  if (field.min_length > 0) schema["minLength"] = field.min_length;
  if (!field.choices.empty()) schema["enum"] = field.choices;
  switch (field.format) {
    case Format::none:
      break;
    case Format::date_time:
      schema["format"] = "date-time";
      break;
    case Format::uri:
      schema["format"] = "uri";
      break;
    case Format::email:
      schema["format"] = "email";
      break;
    case Format::uuid:
      schema["format"] = "uuid";
      break;
  }
  return schema;
}

json plain_schema(const Field& field) {
  switch (field.type) {
    case FieldType::string:
      return text_schema(field);
    case FieldType::integer:
      return {{"type", "integer"}, {"format", "int64"}};
    case FieldType::number:
      return {{"type", "number"}};
    case FieldType::boolean:
      return {{"type", "boolean"}};
    case FieldType::object:
      return object_schema(field.fields);
    case FieldType::strings:
      return {{"type", "array"}, {"maxItems", field.max_items}, {"items", text_schema(field)}};
    case FieldType::objects:
      return {{"type", "array"}, {"maxItems", field.max_items}, {"items", object_schema(field.fields)}};
  }
  return json::object();
}

json example_text(const Field& field) {
  if (!field.choices.empty()) return field.choices.front();
  switch (field.format) {
    case Format::date_time:
      return "2026-11-22T18:00:00Z";
    case Format::uri:
      return "https://example.org/show";
    case Format::email:
      return "ada@example.org";
    case Format::uuid:
      return "7d444840-9dc0-11d1-b245-5ffdce74fad2";
    case Format::none:
      break;
  }
  std::string text = "text";
  text.resize(std::max(field.min_length, std::min(text.size(), field.max_length)), 'x');
  return text;
}
}  // namespace

json field_schema(const Field& field) {
  json schema = plain_schema(field);
  if (field.minimum) schema["minimum"] = *field.minimum;
  if (field.maximum) schema["maximum"] = *field.maximum;
  if (field.nullable) {
    schema["type"] = json::array({schema["type"], "null"});
    if (schema.contains("enum")) schema["enum"].push_back(nullptr);
  }
  if (!field.description.empty()) schema["description"] = field.description;
  schema["examples"] = json::array({example_of(field)});
  return schema;
}

json object_schema(const std::vector<Field>& fields) {
  json schema = {{"type", "object"}};
  if (fields.empty()) return schema;
  schema["additionalProperties"] = false;
  for (const auto& field : fields) {
    schema["properties"][field.name] = field_schema(field);
    if (field.required) schema["required"].push_back(field.name);
  }
  return schema;
}

json example_of(const std::vector<Field>& fields) {
  json example = json::object();
  for (const auto& field : fields) example[field.name] = example_of(field);
  return example;
}

json example_of(const Field& field) {
  if (!field.example.empty()) return json::parse(field.example);
  switch (field.type) {
    case FieldType::string:
      return example_text(field);
    case FieldType::integer:
    case FieldType::number:
      return field.minimum ? *field.minimum : std::min<std::int64_t>(1, field.maximum.value_or(1));
    case FieldType::boolean:
      return true;
    case FieldType::object:
      return example_of(field.fields);
    case FieldType::strings:
      return json::array({example_text(field)});
    case FieldType::objects:
      return json::array({example_of(field.fields)});
  }
  return nullptr;
}

}  // namespace fencepost::http

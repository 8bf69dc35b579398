#pragma once
// What a route accepts, declared once: the same list checks a body and describes it in the OpenAPI document.
// Pure functions over plain values.

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fencepost::http {

// strings and objects are lists of them; an object without fields of its own may hold anything.
enum class FieldType { string, integer, number, boolean, object, strings, objects };
enum class Format { none, date_time, uri, email, uuid };

struct Field {
  std::string name = {};
  FieldType type = FieldType::string;
  bool required = false;
  std::size_t max_length = 200;  // code points of a string (or of each of strings)
  Format format = Format::none;
  std::string description = {};
  std::string example = {};     // as JSON text; empty: one is made up from the type and the format
  bool nullable = false;        // null is a value of its own: "remove it"
  std::size_t min_length = 0;   // code points of a string
  std::size_t max_items = 100;  // of a list
  std::optional<std::int64_t> minimum = std::nullopt;  // of a number, inclusive
  std::optional<std::int64_t> maximum = std::nullopt;
  std::vector<std::string> choices = {};  // the only strings allowed, where not empty
  std::vector<Field> fields = {};         // the members of an object, or of each of objects
};

// One thing that is wrong: where ("links[2].url") and what to do about it. Safe to show.
struct FieldError {
  std::string field;
  std::string detail;
};

// Why a body or a query was refused, ready to become a problem. 400: it could not be read; 422: it was read
// and a field is wrong.
struct Refusal {
  int status = 422;
  std::string code;
  std::string detail;
  std::vector<FieldError> errors = {};
};

constexpr std::size_t kMaxDepth = 32;        // of nested arrays and objects in a body
constexpr std::size_t kMaxFieldErrors = 20;  // shown at once

// Reads and checks a body. On success `out` is an object whose declared members have their declared types.
// Refuses bad UTF-8, malformed or too deeply nested JSON, a member given twice, unknown members, U+0000.
// An empty body counts as {}.
std::optional<Refusal> parse_body(const std::vector<Field>& fields, std::string_view body,
                                  nlohmann::json& out);

// Checks the texts of a query or of header lines; numbers and booleans must look like it. `where` names them
// in messages ("query parameter"). Undeclared names are refused where `closed`.
std::optional<Refusal> check_texts(const std::vector<Field>& fields,
                                   const std::map<std::string, std::string>& texts, std::string_view where,
                                   bool closed);

// JSON Schema (draft 2020-12, the dialect of OpenAPI 3.1), each with `examples`.
nlohmann::json object_schema(const std::vector<Field>& fields);
nlohmann::json field_schema(const Field& field);
nlohmann::json example_of(const std::vector<Field>& fields);
nlohmann::json example_of(const Field& field);

}  // namespace fencepost::http

#include "store/postgres/postgres_values.hpp"

#include <charconv>
#include <cstring>
#include <memory>

#include "base/error.hpp"

namespace fencepost::store::postgres {

namespace {

constexpr Oid kBool = 16, kBytea = 17, kInt8 = 20, kInt2 = 21, kInt4 = 23, kFloat4 = 700, kFloat8 = 701;

// Bytes travel as a text of hexadecimal digits, both ways.
std::string as_hex(const std::string& bytes) {
  std::string text = "\\x";
  text.reserve(2 + 2 * bytes.size());
  for (const unsigned char byte : bytes)
    for (const int digit : {byte >> 4, byte & 15}) text += "0123456789abcdef"[digit];
  return text;
}

std::string of_hex(const char* text) {
  std::size_t length = 0;
  const std::unique_ptr<unsigned char, decltype(&PQfreemem)> bytes(
      PQunescapeBytea(reinterpret_cast<const unsigned char*>(text), &length), PQfreemem);
  if (!bytes) throw std::bad_alloc();
  return {reinterpret_cast<const char*>(bytes.get()), length};
}

Value field(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column)) return {};
  const char* data = PQgetvalue(result, row, column);
  const auto length = static_cast<std::size_t>(PQgetlength(result, row, column));
  switch (PQftype(result, column)) {
    case kBool:
      return data[0] == 't';
    case kInt2:
    case kInt4:
    case kInt8: {
      std::int64_t number = 0;
      std::from_chars(data, data + length, number);
      return number;
    }
    case kFloat4:
    case kFloat8:
      return std::strtod(data, nullptr);
    case kBytea:
      return of_hex(data);
    default:
      return std::string(data, length);
  }
}

}  // namespace

std::optional<std::string> as_text(const Value& value) {
  struct Writer {
    std::optional<std::string> operator()(std::monostate) const { return std::nullopt; }
    std::optional<std::string> operator()(std::int64_t v) const { return std::to_string(v); }
    std::optional<std::string> operator()(double v) const {
      char text[40];
      std::snprintf(text, sizeof text, "%.17g", v);
      return text;
    }
    std::optional<std::string> operator()(const std::string& v) const { return v; }
    std::optional<std::string> operator()(const Bytes& v) const { return as_hex(v.data); }
  };
  return std::visit(Writer{}, value.variant());
}

namespace {

// An array as text. A text is always quoted, so that no content of it is taken for NULL or a comma.
void append_element(std::string& array, const Value& value) {
  const auto text = as_text(value);
  if (!text) {
    array += "NULL";
  } else if (!std::holds_alternative<std::string>(value.variant())) {
    array += *text;
  } else {
    array += '"';
    for (const char c : *text) {
      if (c == '"' || c == '\\') array += '\\';
      array += c;
    }
    array += '"';
  }
}

}  // namespace

Params as_arrays(const std::vector<Params>& rows, const Params& shared) {
  std::vector<std::string> columns(rows[0].size(), "{");
  for (std::size_t r = 0; r < rows.size(); ++r) {
    FENCEPOST_ASSERT(rows[r].size() == columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (r > 0) columns[i] += ',';
      append_element(columns[i], rows[r][i]);
    }
  }
  Params params;
  for (auto& column : columns) params.emplace_back(std::move(column += '}'));
  params.insert(params.end(), shared.begin(), shared.end());
  return params;
}

Rows as_rows(const PGresult* result) {
  Rows out;
  for (int row = 0; row < PQntuples(result); ++row) {
    Row& fields = out.rows.emplace_back();
    fields.reserve(static_cast<std::size_t>(PQnfields(result)));
    for (int column = 0; column < PQnfields(result); ++column) fields.push_back(field(result, row, column));
  }
  // libpq takes a result that may be written, and writes nothing.
  auto* same = const_cast<PGresult*>(result);
  out.changed = std::strncmp(PQcmdStatus(same), "SELECT", 6) == 0 ? 0 : std::atoll(PQcmdTuples(same));
  return out;
}

}  // namespace fencepost::store::postgres

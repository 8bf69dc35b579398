#pragma once
// What goes into a statement and what comes out of it.

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fencepost::base {
// Prints the place and the broken belief, then aborts: a process that has met a bug must not write further.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);
}  // namespace fencepost::base

namespace fencepost {

// A parameter that is bytes and no text: BLOB or BYTEA. Read back, such a field is a text() of those bytes.
struct Bytes {
  std::string data;
  bool operator==(const Bytes&) const = default;
};

// A parameter or a field: NULL, an integer (booleans are 0 and 1), a floating-point number, a text or bytes.
class Value {
 public:
  Value() = default;
  Value(std::nullptr_t) {}
  template <std::integral T>
  Value(T value) : value_(static_cast<std::int64_t>(value)) {}
  Value(double value) : value_(value) {}
  Value(std::string value) : value_(std::move(value)) {}
  Value(std::string_view value) : value_(std::string(value)) {}
  Value(const char* value) : value_(std::string(value)) {}
  Value(Bytes value) : value_(std::move(value)) {}
  template <typename T>
  Value(const std::optional<T>& value) {
    if (value) *this = Value(*value);
  }

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  // The field as what it is; asserts that it is that.
  std::int64_t integer() const { return get<std::int64_t>(); }
  bool boolean() const { return integer() != 0; }
  const std::string& text() const { return get<std::string>(); }
  std::optional<std::int64_t> maybe_integer() const {
    return is_null() ? std::nullopt : std::optional(integer());
  }
  std::optional<std::string> maybe_text() const { return is_null() ? std::nullopt : std::optional(text()); }

  using Variant = std::variant<std::monostate, std::int64_t, double, std::string, Bytes>;
  const Variant& variant() const { return value_; }
  bool operator==(const Value&) const = default;

 private:
  template <typename T>
  const T& get() const {
    const T* value = std::get_if<T>(&value_);
    if (value == nullptr) base::assertion_failed("the field is of this type", __FILE__, __LINE__);
    return *value;
  }
  Variant value_;
};

using Params = std::vector<Value>;
using Row = std::vector<Value>;

// The result of a statement, in memory. `changed` is the number of rows that it wrote.
struct Rows {
  std::vector<Row> rows;
  std::int64_t changed = 0;
  bool empty() const { return rows.empty(); }
  std::size_t size() const { return rows.size(); }
  const Row& operator[](std::size_t index) const { return rows.at(index); }
  auto begin() const { return rows.begin(); }
  auto end() const { return rows.end(); }
};

}  // namespace fencepost

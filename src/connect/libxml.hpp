#pragma once
// What the readers of HTML and XML share of libxml2. Inside connect only.

#include <libxml/parser.h>

#include <string_view>

namespace fencepost::connect {

// Once for the process, before the first parser is made: libxml2 would do it at its first use, which is not
// thread-safe. Thread-safe.
inline void prepare_libxml() {
  static const bool ready = (xmlInitParser(), true);
  (void)ready;
}

inline std::string_view view(const xmlChar* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}
inline std::string_view view(const xmlChar* text, int size) {
  return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)};
}

}  // namespace fencepost::connect

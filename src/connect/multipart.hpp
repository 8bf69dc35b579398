#pragma once
// Bodies of several parts (RFC 7578). Pure.

#include <string>
#include <string_view>
#include <vector>

namespace fencepost::connect {

struct Part {
  std::string name;  // names and files are ours: plain ASCII without quotes
  std::string_view content;
  std::string file{};        // its name; empty: a field
  std::string media_type{};  // empty: none is said
};

struct Multipart {
  std::string content_type;
  std::string body;
};
// The boundary is made of `key` and occurs in no part.
Multipart multipart(const std::vector<Part>& parts, const std::string& key);

}  // namespace fencepost::connect

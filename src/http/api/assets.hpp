#pragma once
// The built pages of web/, which cmake/embed.py makes a part of the program.

#include <span>
#include <string_view>

namespace fencepost::http {

struct Asset {
  std::string_view name;     // "index.html", "index-3f9c….js"
  std::string_view type;     // its Content-Type
  std::string_view hash;     // of what it says, 32 hex digits
  std::string_view content;  // plain
  std::string_view packed;   // the same, gzip
};

// All of them; for ever.
std::span<const Asset> assets();

}  // namespace fencepost::http

#include "connect/multipart.hpp"

#include <algorithm>

namespace fencepost::connect {

Multipart multipart(const std::vector<Part>& parts, const std::string& key) {
  auto boundary = "fencepost-" + key;
  boundary.resize(std::min<std::size_t>(boundary.size(), 50));  // at most 70 (RFC 2046, section 5.1.1)
  while (std::any_of(parts.begin(), parts.end(),
                     [&](const Part& part) { return part.content.find(boundary) != std::string_view::npos; }))
    boundary += 'x';
  std::string body;
  for (const auto& part : parts) {
    body += "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + part.name + "\"";
    if (!part.file.empty()) body += "; filename=\"" + part.file + "\"";
    if (!part.media_type.empty()) body += "\r\nContent-Type: " + part.media_type;
    body += "\r\n\r\n";
    body += part.content;
    body += "\r\n";
  }
  body += "--" + boundary + "--\r\n";
  return {"multipart/form-data; boundary=" + boundary, std::move(body)};
}

}  // namespace fencepost::connect

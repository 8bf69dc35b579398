#pragma once
// The words of tus 1.0 (https://tus.io/protocols/resumable-upload): headers, metadata, checksums. Inside api/
// only.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace fencepost::http::tus {

inline constexpr const char* kVersion = "1.0.0";
inline constexpr const char* kBody = "application/offset+octet-stream";
inline constexpr const char* kExtensions = "creation,creation-with-upload,termination,checksum,expiration";
inline constexpr const char* kAlgorithms = "sha1,sha256";

// A header with a number from 0 on; nullopt: it is not there. Throws UserError("invalid_header").
std::optional<std::int64_t> number_of(const Request& request, const char* header);

// Upload-Metadata: names and what they stand for, decoded. Throws UserError("invalid_metadata").
std::map<std::string, std::string> metadata_of(const std::string& header);

// Of a body, against what its Upload-Checksum says. Not thread-safe.
class Checksum {
 public:
  // Null: the request has none. Throws UserError("unknown_checksum").
  static std::unique_ptr<Checksum> of(const Request& request);
  virtual ~Checksum() = default;
  virtual void add(std::string_view bytes) = 0;
  virtual bool matches() = 0;  // once, at the end
};

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::int64_t micros);

}  // namespace fencepost::http::tus

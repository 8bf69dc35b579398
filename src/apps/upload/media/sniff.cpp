#include "apps/upload/media/sniff.hpp"

namespace fencepost::media {

namespace {
using namespace std::string_view_literals;

struct Mark {
  std::size_t at;
  std::string_view bytes;
  const char* type;
};

// The first that fits.
constexpr Mark kMarks[] = {
    {0, "\xff\xd8\xff"sv, "image/jpeg"},
    {0, "\x89PNG\r\n\x1a\n"sv, "image/png"},
    {4, "ftypqt  "sv, "video/quicktime"},
    {4, "ftyp"sv, "video/mp4"},
    {4, "moov"sv, "video/quicktime"},
    {4, "mdat"sv, "video/quicktime"},
    {4, "wide"sv, "video/quicktime"},
    {0, "\x1a\x45\xdf\xa3"sv, "video/x-matroska"},
    {8, "AVI "sv, "video/x-msvideo"},
    {0, "FLV\x01"sv, "video/x-flv"},
    {0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11"sv, "video/x-ms-wmv"},
    {0, "\x00\x00\x01\xba"sv, "video/mpeg"},
    {0, "\x00\x00\x01\xb3"sv, "video/mpeg"},
    {0, "OggS"sv, "video/ogg"},
};

// An MPEG transport stream has a mark every 188 bytes.
bool is_transport_stream(std::string_view bytes) {
  return bytes.size() > 376 && bytes[0] == 'G' && bytes[188] == 'G' && bytes[376] == 'G';
}
}  // namespace

std::string media_type_of(std::string_view first_bytes) {
  for (const auto& [at, bytes, type] : kMarks) {
    if (first_bytes.size() < at + bytes.size() || first_bytes.substr(at, bytes.size()) != bytes) continue;
    // Matroska says in its header that it is a WebM.
    if (type == "video/x-matroska"sv && first_bytes.find("webm") != std::string_view::npos)
      return "video/webm";
    return type;
  }
  return is_transport_stream(first_bytes) ? "video/mp2t" : "application/octet-stream";
}

bool is_picture(std::string_view media_type) { return media_type.starts_with("image/"); }

}  // namespace fencepost::media

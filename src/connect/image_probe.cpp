// What an image is, read from its bytes: as much as its size needs, and nothing is decoded.

#include <algorithm>

#include "connect/images.hpp"

namespace fencepost::connect {

namespace {

// Numbers at places that may lie beyond the end: then 0, which is the size of no image.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::uint32_t byte(std::size_t at) const {
    return at < bytes_.size() ? static_cast<unsigned char>(bytes_[at]) : 0;
  }
  std::uint32_t big(std::size_t at, int length) const {
    std::uint32_t number = 0;
    for (int i = 0; i < length; ++i) number = number << 8 | byte(at + static_cast<std::size_t>(i));
    return number;
  }
  std::uint32_t little(std::size_t at, int length) const {
    std::uint32_t number = 0;
    for (int i = length - 1; i >= 0; --i) number = number << 8 | byte(at + static_cast<std::size_t>(i));
    return number;
  }
  bool has(std::size_t at, std::string_view what) const {
    return at <= bytes_.size() && bytes_.substr(at).starts_with(what);
  }
  std::size_t size() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
};

struct Size {
  std::uint32_t width = 0, height = 0;
};

// Marker after marker, up to the frame's header (SOF), which has the size.
Size of_jpeg(const Reader& in) {
  std::size_t at = 2;
  while (at + 4 <= in.size() && in.byte(at) == 0xff) {
    const auto marker = in.byte(at + 1);
    if (marker == 0xff) {  // fill bytes
      ++at;
      continue;
    }
    const bool alone = marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7);
    if (alone) {
      at += 2;
      continue;
    }
    const bool frame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (frame) return {in.big(at + 7, 2), in.big(at + 5, 2)};
    if (marker == 0xd9 || marker == 0xda) break;  // the end, or the scan: without a frame before it
    at += 2 + std::max<std::size_t>(in.big(at + 2, 2), 2);
  }
  return {};
}

Size of_webp(const Reader& in) {
  if (in.has(12, "VP8X")) return {in.little(24, 3) + 1, in.little(27, 3) + 1};
  if (in.has(12, "VP8L") && in.byte(20) == 0x2f) {
    const auto bits = in.little(21, 4);
    return {(bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1};
  }
  if (in.has(12, "VP8 ") && in.has(23, "\x9d\x01\x2a"))
    return {in.little(26, 2) & 0x3fff, in.little(28, 2) & 0x3fff};
  return {};
}

}  // namespace

std::optional<ImageFacts> probe_image(std::string_view bytes) {
  using namespace std::string_view_literals;
  const Reader in(bytes);
  constexpr std::size_t kShortest = 30;  // of a WebP, up to where its size ends
  std::string type;
  Size size;
  if (in.has(0, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"sv)) {
    type = "image/png";
    size = {in.big(16, 4), in.big(20, 4)};
  } else if (in.has(0, "GIF87a"sv) || in.has(0, "GIF89a"sv)) {
    type = "image/gif";
    size = {in.little(6, 2), in.little(8, 2)};
  } else if (in.has(0, "\xff\xd8\xff"sv)) {
    type = "image/jpeg";
    size = of_jpeg(in);
  } else if (in.has(0, "RIFF"sv) && in.has(8, "WEBP"sv) && in.size() >= kShortest) {
    type = "image/webp";
    size = of_webp(in);
  }
  constexpr std::uint32_t kWidest = 1 << 20;  // beyond it no program shows anything
  if (size.width == 0 || size.height == 0 || size.width > kWidest || size.height > kWidest)
    return std::nullopt;
  return ImageFacts{type, static_cast<std::int64_t>(bytes.size()), static_cast<int>(size.width),
                    static_cast<int>(size.height), ""};
}

}  // namespace fencepost::connect

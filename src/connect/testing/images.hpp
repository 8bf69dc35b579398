#pragma once
// The smallest images of each format that say how large they are. Nothing could be drawn of them. Tests only.

#include <cstdint>
#include <string>

namespace fencepost::connect::testing {

inline std::string big(std::uint32_t number, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i) & 0xff);
  return out;
}
inline std::string little(std::uint32_t number, int bytes) {
  const auto out = big(number, bytes);
  return {out.rbegin(), out.rend()};
}

// `more`: bytes behind it, so that one differs from another.
inline std::string png(std::uint32_t width, std::uint32_t height, const std::string& more = "") {
  return std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16) + big(width, 4) + big(height, 4) +
         std::string("\x08\0\0\0\0", 5) + more;
}
inline std::string gif(std::uint32_t width, std::uint32_t height) {
  return "GIF89a" + little(width, 2) + little(height, 2) + std::string("\0\0\0;", 4);
}
inline std::string jpeg(std::uint32_t width, std::uint32_t height) {
  return std::string("\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0", 20) + "\xff\xff\xc0" + big(11, 2) +
         "\x08" + big(height, 2) + big(width, 2) + std::string("\1\1\x11\0", 4);
}
inline std::string webp(const std::string& chunk) {
  return "RIFF" + little(static_cast<std::uint32_t>(chunk.size()) + 4, 4) + "WEBP" + chunk;
}
inline std::string webp_lossy(std::uint32_t width, std::uint32_t height) {
  return webp("VP8 " + little(10, 4) + std::string(3, '\0') + "\x9d\x01\x2a" + little(width, 2) +
              little(height, 2));
}
inline std::string webp_lossless(std::uint32_t width, std::uint32_t height) {
  return webp("VP8L" + little(8, 4) + "\x2f" + little((width - 1) | (height - 1) << 14, 4) +
              std::string(5, '\0'));
}
inline std::string webp_extended(std::uint32_t width, std::uint32_t height) {
  return webp("VP8X" + little(10, 4) + std::string(4, '\0') + little(width - 1, 3) + little(height - 1, 3));
}

}  // namespace fencepost::connect::testing

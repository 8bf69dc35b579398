#include "base/random.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <charconv>
#include <vector>

#include "base/error.hpp"

namespace fencepost::base {

namespace {
void ready() {
  static const bool ok = sodium_init() >= 0;
  FENCEPOST_ASSERT(ok);
}
std::vector<unsigned char> bytes_of(std::size_t count) {
  ready();
  std::vector<unsigned char> bytes(count);
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}
}  // namespace

std::int64_t random_i63() {
  ready();
  std::uint64_t value = 0;
  randombytes_buf(&value, sizeof value);
  return static_cast<std::int64_t>(value >> 1);
}

std::uint32_t random_below(std::uint32_t bound) {
  ready();
  FENCEPOST_ASSERT(bound > 0);
  return randombytes_uniform(bound);
}

double random_unit() { return static_cast<double>(random_i63() >> 10) / 9007199254740992.0; }

std::string random_hex(std::size_t count) {
  const auto bytes = bytes_of(count);
  std::string hex(count * 2 + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), bytes.data(), bytes.size());
  hex.pop_back();
  return hex;
}

std::string time_ordered_hex(Micros now) {
  return fmt::format("{:012x}", (now / 1000) & 0xFFFFFFFFFFFF) + random_hex(10);
}

Micros time_of(const std::string& hex) {
  std::int64_t milliseconds = 0;
  constexpr std::size_t kDigits = 12;
  if (hex.size() < kDigits) return 0;
  const auto [end, error] = std::from_chars(hex.data(), hex.data() + kDigits, milliseconds, 16);
  return error == std::errc() && end == hex.data() + kDigits ? milliseconds * 1000 : 0;
}

std::string random_token(std::size_t count) {
  const auto bytes = bytes_of(count);
  constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_encoded_len(count, kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kVariant);
  text.pop_back();
  return text;
}

}  // namespace fencepost::base

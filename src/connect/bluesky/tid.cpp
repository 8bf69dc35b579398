#include "connect/bluesky/tid.hpp"

#include <sodium.h>

#include <cstdint>

#include "base/random.hpp"

namespace fencepost::connect::bluesky {

namespace {

constexpr char kDigits[] = "234567abcdefghijklmnopqrstuvwxyz";
constexpr std::uint64_t kTimeMask = (std::uint64_t{1} << 53) - 1;

std::uint64_t hash_of(const std::string& key) {
  unsigned char bytes[crypto_generichash_BYTES_MIN];
  crypto_generichash(bytes, sizeof bytes, reinterpret_cast<const unsigned char*>(key.data()), key.size(),
                     nullptr, 0);
  std::uint64_t hash = 0;
  for (int i = 0; i < 8; ++i) hash = hash << 8 | bytes[i];
  return hash;
}

}  // namespace

std::string tid_of(const std::string& key) {
  const auto hash = hash_of(key);
  const auto micros = static_cast<std::uint64_t>(base::time_of(key)) + (hash >> 10) % 1000;
  auto value = (micros & kTimeMask) << 10 | (hash & 0x3FF);
  std::string tid(13, '2');
  for (auto digit = tid.rbegin(); digit != tid.rend(); ++digit, value >>= 5) *digit = kDigits[value & 31];
  return tid;
}

}  // namespace fencepost::connect::bluesky

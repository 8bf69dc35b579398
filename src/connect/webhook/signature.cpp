#include "connect/webhook/signature.hpp"

#include <sodium.h>

#include <optional>

#include "base/error.hpp"
#include "base/random.hpp"

namespace fencepost::connect::webhook {

namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kLeast = 24, kMost = 64;  // bytes; the specification's bounds

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::string text(sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes, size, sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // libsodium's terminating NUL
  return text;
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::optional<std::string> decode(std::string_view text, int variant) {
  std::string out(kMost, '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int rc = sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                                   text.size(), nullptr, &size, &end, variant);
  if (rc != 0 || end != text.data() + text.size()) return std::nullopt;
  out.resize(size);
  return out;
}

}  // namespace

SigningSecret SigningSecret::parse(const base::Secret& text) {
  const std::string_view whole = text.reveal();
  if (whole.substr(0, kPrefix.size()) == kPrefix) {
    const auto encoded = whole.substr(kPrefix.size());
    auto key = decode(encoded, sodium_base64_VARIANT_ORIGINAL);
    if (!key) key = decode(encoded, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    if (key && key->size() >= kLeast) return SigningSecret(base::Secret(std::move(*key)));
  }
  throw base::UserError("invalid_secret", "a signing secret is `whsec_` and then 24 to 64 bytes in base64");
}

base::Secret SigningSecret::generate() {
  constexpr std::size_t kSize = 36;  // a multiple of 3: the base64 has no padding
  const auto hex = base::random_hex(kSize);
  unsigned char key[kSize];
  FENCEPOST_ASSERT(sodium_hex2bin(key, sizeof key, hex.data(), hex.size(), nullptr, nullptr, nullptr) == 0);
  base::Secret secret(std::string(kPrefix) + base64(key, sizeof key));
  sodium_memzero(key, sizeof key);
  return secret;
}

std::string SigningSecret::sign(std::string_view id, std::int64_t seconds, std::string_view body) const {
  const auto head = std::string(id) + "." + std::to_string(seconds) + ".";
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes(key_.reveal()), key_.reveal().size());
  crypto_auth_hmacsha256_update(&state, bytes(head), head.size());
  crypto_auth_hmacsha256_update(&state, bytes(body), body.size());
  unsigned char mac[crypto_auth_hmacsha256_BYTES];
  crypto_auth_hmacsha256_final(&state, mac);
  sodium_memzero(&state, sizeof state);
  return "v1," + base64(mac, sizeof mac);
}

}  // namespace fencepost::connect::webhook

#include "accounts/vault.hpp"

#include <sodium.h>

#include "accounts/key_file.hpp"
#include "base/error.hpp"
#include "base/guarded.hpp"
#include "base/random.hpp"

namespace fencepost::accounts {

namespace {

constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr int kBase64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr std::string_view kVersion = "v1:";
static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == 32);

const unsigned char* bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

[[noreturn]] void unreadable() {
  throw base::UserError(
      "secret_unreadable",
      "a stored secret cannot be read: it was written with another key file, or changed since; "
      "put the right key file back, or connect again");
}

std::optional<std::string> decode(std::string_view text) {
  std::string out(text.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int rc =
      sodium_base642bin(bytes(out), out.size(), text.data(), text.size(), nullptr, &size, &end, kBase64);
  if (rc != 0 || end != text.data() + text.size()) return std::nullopt;
  out.resize(size);
  return out;
}

std::optional<base::Secret> open_with(const base::Secret& key, const std::string& box,
                                      const std::string& context) {
  std::string plain(box.size() - kNonce - kTag, '\0');
  const int rc = crypto_aead_xchacha20poly1305_ietf_decrypt(
      bytes(plain), nullptr, nullptr, bytes(box) + kNonce, box.size() - kNonce, bytes(context),
      context.size(), bytes(box), bytes(key.reveal()));
  if (rc != 0) return std::nullopt;
  return base::Secret(std::move(plain));
}

// What is inside the text's outer form; nullopt: it has not that form.
std::optional<std::string> box_of(const std::string& sealed) {
  if (!sealed.starts_with(kVersion)) return std::nullopt;
  auto box = decode(std::string_view(sealed).substr(kVersion.size()));
  if (!box || box->size() < kNonce + kTag) return std::nullopt;
  return box;
}

}  // namespace

struct Vault::Ring {
  explicit Ring(std::string file, KeyRing ring) : path(std::move(file)), keys(std::move(ring)) {}

  // As the file is now. Where it cannot be read at this moment, what is known stays.
  KeyRing refreshed() {
    try {
      if (auto now = read_keys(path)) keys.with([&](KeyRing& known) { known = std::move(*now); });
    } catch (const base::UserError&) {
      // Said where the file is opened at start.
    }
    return known();
  }
  KeyRing known() const {
    return keys.with([](const KeyRing& ring) { return ring; });
  }

  const std::string path;
  base::Guarded<KeyRing> keys;
};

Vault::Vault(std::shared_ptr<Ring> ring) : ring_(std::move(ring)) {}

Vault Vault::open(const std::string& path, bool may_create) {
  auto keys = read_keys(path);
  if (!keys && may_create) {
    make_keys(path);
    keys = read_keys(path);
  }
  if (!keys)
    throw base::UserError("key_unusable",
                          "the key file '" + path +
                              "' is missing: put it back from your backup, or no stored secret "
                              "can be read");
  return Vault(std::make_shared<Ring>(path, std::move(*keys)));
}

std::string Vault::seal(const base::Secret& secret, const std::string& context) const {
  const auto& plain = secret.reveal();
  std::string out(kNonce + plain.size() + kTag, '\0');
  const auto nonce = base::random_hex(kNonce);
  FENCEPOST_ASSERT(
      sodium_hex2bin(bytes(out), kNonce, nonce.data(), nonce.size(), nullptr, nullptr, nullptr) == 0);
  // The file's first key as it is now: another process may have rotated, and will retire ours.
  const auto ring = ring_->refreshed();
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes(out) + kNonce, nullptr, bytes(plain), plain.size(),
                                             bytes(context), context.size(), nullptr, bytes(out),
                                             bytes(ring.keys.front().reveal()));
  std::string text(sodium_base64_encoded_len(out.size(), kBase64), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes(out), out.size(), kBase64);
  text.pop_back();  // libsodium's terminating NUL
  return std::string(kVersion) + text;
}

base::Secret Vault::unseal(const std::string& sealed, const std::string& context) const {
  auto plain = try_unseal(sealed, context);
  if (!plain) unreadable();
  return std::move(*plain);
}

std::optional<base::Secret> Vault::try_unseal(const std::string& sealed, const std::string& context) const {
  const auto box = box_of(sealed);
  if (!box) return std::nullopt;
  const auto try_all = [&](const KeyRing& ring) -> std::optional<base::Secret> {
    for (const auto& key : ring.keys)
      if (auto plain = open_with(key, *box, context)) return plain;
    return ring.prepared ? open_with(*ring.prepared, *box, context) : std::nullopt;
  };
  if (auto plain = try_all(ring_->known())) return plain;
  // Sealed with a key that another process has made since.
  return try_all(ring_->refreshed());
}

bool Vault::is_current(const std::string& sealed, const std::string& context) const {
  const auto box = box_of(sealed);
  return box && open_with(ring_->known().keys.front(), *box, context).has_value();
}

}  // namespace fencepost::accounts

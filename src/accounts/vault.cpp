#include "accounts/vault.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"

namespace fencepost::accounts {

namespace {

constexpr std::size_t kKey = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr int kBase64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr std::string_view kVersion = "v1:";
static_assert(kKey == 32);

const unsigned char* bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

[[noreturn]] void unusable(const std::string& path, const std::string& why) {
  throw base::UserError("key_unusable", "the key file '" + path + "' " + why);
}
[[noreturn]] void unusable(const std::string& path, const char* what, int error) {
  unusable(path,
           std::string(what) + " (" + std::strerror(error) + "); without it no stored secret can be read");
}
[[noreturn]] void unreadable() {
  throw base::UserError(
      "secret_unreadable",
      "a stored secret cannot be read: it was written with another key file, or changed since; "
      "put the right key file back, or connect again");
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

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

// nullopt: there is no such file.
std::optional<base::Secret> read_key(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.open()) {
    if (errno == ENOENT) return std::nullopt;
    unusable(path, "cannot be opened", errno);
  }
  struct stat about {};
  if (fstat(file.fd(), &about) != 0) unusable(path, "cannot be looked at", errno);
  if (!S_ISREG(about.st_mode)) unusable(path, "is not a regular file");
  if ((about.st_mode & 077) != 0)
    unusable(path, "can be read by other users: give it the mode 0600, and think of its secrets as seen");
  std::string text(256, '\0');
  const auto got = ::read(file.fd(), text.data(), text.size());
  if (got < 0) unusable(path, "cannot be read", errno);
  text.resize(static_cast<std::size_t>(got));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  auto key = decode(text);
  sodium_memzero(text.data(), text.size());
  if (!key || key->size() != kKey)
    unusable(
        path,
        "is damaged (it holds 32 bytes in base64url); put the right one back: without it no stored secret "
        "can be read");
  return base::Secret(std::move(*key));
}

void write_all(int fd, const std::string& text, const std::string& path) {
  for (std::size_t at = 0; at < text.size();) {
    const auto wrote = ::write(fd, text.data() + at, text.size() - at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) unusable(path, "cannot be written", errno);
    at += static_cast<std::size_t>(wrote);
  }
  if (fsync(fd) != 0) unusable(path, "cannot be written", errno);
}

// Written whole beside its place and then linked there, so that nobody reads half a key, and of several
// processes that make it at once the first one's stays.
void make_key(const std::string& path) {
  auto folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  const std::string beside = path + "." + base::random_hex(8);
  const File file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.open()) unusable(path, "cannot be made", errno);
  struct Remove {
    const std::string& path;
    ~Remove() { unlink(path.c_str()); }
  } remove{beside};
  const base::Secret text(base::random_token(kKey) + "\n");
  write_all(file.fd(), text.reveal(), path);
  if (link(beside.c_str(), path.c_str()) != 0 && errno != EEXIST) unusable(path, "cannot be made", errno);
  // A secret that is sealed with a key which a power cut takes back would be lost.
  const File directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.open()) fsync(directory.fd());
}

}  // namespace

Vault Vault::open(const std::string& path, bool may_create) {
  FENCEPOST_ASSERT(sodium_init() >= 0);
  auto key = read_key(path);
  if (!key && may_create) {
    make_key(path);
    key = read_key(path);
  }
  if (!key) unusable(path, "is missing: put it back from your backup, or no stored secret can be read");
  return Vault(std::move(*key));
}

std::string Vault::seal(const base::Secret& secret, const std::string& context) const {
  const auto& plain = secret.reveal();
  std::string out(kNonce + plain.size() + kTag, '\0');
  const auto nonce = base::random_hex(kNonce);
  FENCEPOST_ASSERT(
      sodium_hex2bin(bytes(out), kNonce, nonce.data(), nonce.size(), nullptr, nullptr, nullptr) == 0);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes(out) + kNonce, nullptr, bytes(plain), plain.size(),
                                             bytes(context), context.size(), nullptr, bytes(out),
                                             bytes(key_.reveal()));
  std::string text(sodium_base64_encoded_len(out.size(), kBase64), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes(out), out.size(), kBase64);
  text.pop_back();  // libsodium's terminating NUL
  return std::string(kVersion) + text;
}

base::Secret Vault::unseal(const std::string& sealed, const std::string& context) const {
  if (!sealed.starts_with(kVersion)) unreadable();
  const auto box = decode(std::string_view(sealed).substr(kVersion.size()));
  if (!box || box->size() < kNonce + kTag) unreadable();
  std::string plain(box->size() - kNonce - kTag, '\0');
  const int rc = crypto_aead_xchacha20poly1305_ietf_decrypt(
      bytes(plain), nullptr, nullptr, bytes(*box) + kNonce, box->size() - kNonce, bytes(context),
      context.size(), bytes(*box), bytes(key_.reveal()));
  if (rc != 0) unreadable();
  return base::Secret(std::move(plain));
}

}  // namespace fencepost::accounts

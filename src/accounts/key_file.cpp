#include "accounts/key_file.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.hpp"
#include "base/random.hpp"

namespace fencepost::accounts {

namespace {

constexpr std::size_t kKey = 32, kLongestFile = 8192;
constexpr int kBase64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr char kPrepared = '+';

[[noreturn]] void unusable(const std::string& path, const std::string& why) {
  throw base::UserError("key_unusable", "the key file '" + path + "' " + why);
}
[[noreturn]] void unusable(const std::string& path, const char* what, int error) {
  unusable(path,
           std::string(what) + " (" + std::strerror(error) + "); without it no stored secret can be read");
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

std::string contents(const File& file, const std::string& path) {
  std::string text(kLongestFile, '\0');
  const auto got = ::read(file.fd(), text.data(), text.size());
  if (got < 0) unusable(path, "cannot be read", errno);
  text.resize(static_cast<std::size_t>(got));
  return text;
}

std::optional<base::Secret> key_of(std::string_view line) {
  std::string key(line.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int rc = sodium_base642bin(reinterpret_cast<unsigned char*>(key.data()), key.size(), line.data(),
                                   line.size(), nullptr, &size, &end, kBase64);
  if (rc != 0 || end != line.data() + line.size() || size != kKey) return std::nullopt;
  key.resize(size);
  return base::Secret(std::move(key));
}

KeyRing parse(std::string_view text, const std::string& path) {
  KeyRing ring;
  bool sound = true;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const bool prepared = line.front() == kPrepared;
    auto key = key_of(line.substr(prepared ? 1 : 0));
    sound = sound && key && !(prepared && ring.prepared);
    if (!sound) break;
    if (prepared)
      ring.prepared = std::move(key);
    else
      ring.keys.push_back(std::move(*key));
  }
  if (!sound || ring.keys.empty())
    unusable(path,
             "is damaged (each of its lines holds 32 bytes in base64url); put the right one back: without it "
             "no stored secret can be read");
  return ring;
}

std::string line_of(const base::Secret& key) {
  std::string text(sodium_base64_encoded_len(kKey, kBase64), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(key.reveal().data()),
                    kKey, kBase64);
  text.back() = '\n';  // in place of libsodium's terminating NUL
  return text;
}

base::Secret text_of(const KeyRing& ring) {
  std::string text;
  for (const auto& key : ring.keys) text += line_of(key);
  if (ring.prepared) text += kPrepared + line_of(*ring.prepared);
  return base::Secret(std::move(text));
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

// A power cut must not take back a key that something was sealed with.
void sync_folder(const std::string& path) {
  auto folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  const File directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.open()) fsync(directory.fd());
}

// Written whole beside its place, so that nobody reads half a ring; `put` moves it there.
template <typename Put>
void write_beside(const std::string& path, const KeyRing& ring, Put&& put) {
  const std::string beside = path + "." + base::random_hex(8);
  const File file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.open()) unusable(path, "cannot be made", errno);
  struct Remove {
    const std::string& path;
    ~Remove() { unlink(path.c_str()); }
  } remove{beside};
  write_all(file.fd(), text_of(ring).reveal(), path);
  if (!put(beside)) unusable(path, "cannot be made", errno);
  sync_folder(path);
}

}  // namespace

base::Secret new_key() { return key_of(base::random_token(kKey)).value(); }

std::optional<KeyRing> read_keys(const std::string& path) {
  FENCEPOST_ASSERT(sodium_init() >= 0);
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
  auto text = contents(file, path);
  auto ring = parse(text, path);
  sodium_memzero(text.data(), text.size());
  return ring;
}

void make_keys(const std::string& path) {
  FENCEPOST_ASSERT(sodium_init() >= 0);
  // Linked, not renamed: of several processes that make it at once the first one's stays.
  write_beside(path, {{new_key()}, std::nullopt}, [&](const std::string& beside) {
    return link(beside.c_str(), path.c_str()) == 0 || errno == EEXIST;
  });
}

void replace_keys(const std::string& path, const KeyRing& ring) {
  write_beside(path, ring,
               [&](const std::string& beside) { return rename(beside.c_str(), path.c_str()) == 0; });
}

KeyFileLock::KeyFileLock(const std::string& path) {
  const auto lock = path + ".lock";
  fd_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) unusable(path, "cannot be locked", errno);
  if (flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
  close(fd_);
  throw base::UserError("key_busy",
                        "somebody else changes the key file '" + path + "': wait until that is done");
}

KeyFileLock::~KeyFileLock() { close(fd_); }

}  // namespace fencepost::accounts

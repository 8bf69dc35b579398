#include "apps/upload/media/folders.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "accounts/text.hpp"
#include "base/error.hpp"

namespace fencepost::media {

namespace {
using base::FileDescriptor;

constexpr std::size_t kLongestPath = 1024, kLongestName = 40;
constexpr const char* kNoFile = "there is no such file, or it is a link, a device or a folder";

[[noreturn]] void no_file() { throw base::UserError("media_file_not_found", kNoFile); }

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= kLongestName && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool can_be_named(std::string_view name) {
  return accounts::utf8_length(name).has_value() && !accounts::has_control(name, false);
}

std::vector<std::string> steps_of(const std::string& path) {
  std::vector<std::string> steps;
  for (std::size_t from = 0; from <= path.size();) {
    const auto to = std::min(path.find('/', from), path.size());
    steps.push_back(path.substr(from, to - from));
    from = to + 1;
  }
  return steps;
}

// What stands in `folder` under that name, without a right to read it: a device is not touched by this.
FileDescriptor step(const FileDescriptor& folder, const std::string& name, int flags) {
  return FileDescriptor(openat(folder.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC | flags));
}

// Each step is opened beneath the one that is held open, so that nobody can put a link in place of one
// between a look at it and its use.
FileDescriptor walk(const FileDescriptor& root, const std::vector<std::string>& steps, std::size_t count) {
  FileDescriptor at = step(root, ".", O_DIRECTORY);
  for (std::size_t i = 0; i < count && at; ++i) at = step(at, steps[i], O_DIRECTORY);
  return at;
}

// The very file that was looked at, now for reading.
FileDescriptor reopened(const FileDescriptor& file, int flags) {
  const std::string own = "/proc/self/fd/" + std::to_string(file.get());
  return FileDescriptor(::open(own.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags));
}

bool ends_in(std::string_view name, const std::vector<std::string>& extensions) {
  if (extensions.empty()) return true;
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string ending(name.substr(dot + 1));
  for (auto& c : ending)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return std::find(extensions.begin(), extensions.end(), ending) != extensions.end();
}

// Keeps the first so many names behind one, however large the folder is.
class First {
 public:
  First(std::string after, std::size_t count) : after_(std::move(after)), count_(count) {}
  // Whether it could still be among them.
  bool takes(const std::string& name) const {
    return name > after_ && (names_.size() < count_ || name < names_.front());
  }
  void add(std::string name) {
    names_.push_back(std::move(name));
    std::push_heap(names_.begin(), names_.end());
    if (names_.size() <= count_) return;
    std::pop_heap(names_.begin(), names_.end());
    names_.pop_back();
  }
  std::vector<std::string> sorted() && {
    std::sort_heap(names_.begin(), names_.end());
    return std::move(names_);
  }

 private:
  const std::string after_;
  const std::size_t count_;
  std::vector<std::string> names_;  // a heap, the last name in front
};

// What it is, without following a link; neither: nothing that is shown.
std::optional<Entry> entry_of(int folder, const std::string& name) {
  struct stat is {};
  if (fstatat(folder, name.c_str(), &is, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  if (S_ISDIR(is.st_mode)) return Entry{name, true};
  if (!S_ISREG(is.st_mode)) return std::nullopt;
  return Entry{name, false, is.st_size, modified_of(is)};
}
}  // namespace

base::Micros modified_of(const struct stat& of) {
  return static_cast<base::Micros>(of.st_mtim.tv_sec) * 1'000'000 + of.st_mtim.tv_nsec / 1'000;
}

void check_path(const std::string& path) {
  const auto steps = steps_of(path);
  const bool sane = std::all_of(steps.begin(), steps.end(), [](const std::string& name) {
    return !name.empty() && name != "." && name != "..";
  });
  if (!sane || path.size() > kLongestPath || !can_be_named(path))
    throw base::UserError("invalid_path",
                          "a path is relative to its folder, of names with '/' between them, without '..', "
                          "at most 1,024 bytes");
}

Folders::Folders(const std::vector<Folder>& folders) {
  for (const auto& [name, path] : folders) {
    if (!is_name(name))
      throw base::UserError("invalid_folder",
                            "'" + name + "' is no name for a folder: write a-z, 0-9 and '-', at most 40");
    // The folder itself may be a link: it is the operator who named it.
    FileDescriptor root(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root)
      throw base::UserError("invalid_folder", "the folder " + name + ", '" + path + "', cannot be opened");
    if (!roots_.emplace(name, std::move(root)).second)
      throw base::UserError("invalid_folder", "the folder " + name + " is named twice");
  }
}

std::vector<std::string> Folders::names() const {
  std::vector<std::string> names;
  for (const auto& [name, root] : roots_)
    if (name != kFiles) names.push_back(name);
  return names;
}

std::string Folders::known() const {
  std::string all;
  for (const auto& name : names()) all += (all.empty() ? "there are " : ", ") + name;
  return all.empty() ? "the server was given none" : all;
}

const FileDescriptor& Folders::root(const std::string& folder) const {
  const auto at = roots_.find(folder);
  if (at == roots_.end())
    throw base::UserError("media_folder_not_found", "there is no such media folder: " + known());
  return at->second;
}

Opened Folders::open(const std::string& folder, const std::string& path) const {
  check_path(path);
  const auto steps = steps_of(path);
  const auto above = walk(root(folder), steps, steps.size() - 1);
  if (!above) no_file();
  const auto looked_at = step(above, steps.back(), 0);
  struct stat is {};
  if (!looked_at || fstat(looked_at.get(), &is) != 0 || !S_ISREG(is.st_mode)) no_file();
  Opened opened{reopened(looked_at, 0), is.st_size, modified_of(is), static_cast<std::int64_t>(is.st_ino)};
  if (!opened.file) no_file();
  return opened;
}

Listing Folders::list(const std::string& folder, const std::string& under,
                      const std::vector<std::string>& extensions, const std::string& after,
                      std::size_t limit) const {
  if (!under.empty()) check_path(under);
  const auto steps = under.empty() ? std::vector<std::string>() : steps_of(under);
  const auto at = walk(root(folder), steps, steps.size());
  auto readable = at ? reopened(at, O_DIRECTORY) : FileDescriptor();
  if (!readable)
    throw base::UserError("media_file_not_found", "there is no such folder, or it is a link or unreadable");
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(readable.get()), closedir);
  FENCEPOST_ASSERT(entries != nullptr);
  readable.release();
  Listing listing;
  First first(after, limit + 1);
  while (const dirent* one = readdir(entries.get())) {
    std::string name = one->d_name;
    if (name == "." || name == "..") continue;
    if (!can_be_named(name)) {
      ++listing.unnamable;
      continue;
    }
    const bool maybe_folder = one->d_type == DT_DIR || one->d_type == DT_UNKNOWN;
    const bool maybe_file = one->d_type == DT_REG || one->d_type == DT_UNKNOWN;
    if (!maybe_folder && !(maybe_file && ends_in(name, extensions))) continue;
    if (!first.takes(name)) continue;
    const auto is = entry_of(dirfd(entries.get()), name);
    if (is && (is->folder || ends_in(name, extensions))) first.add(std::move(name));
  }
  auto names = std::move(first).sorted();
  listing.more = names.size() > limit;
  if (listing.more) names.resize(limit);
  for (const auto& name : names)
    if (auto entry = entry_of(dirfd(entries.get()), name)) listing.entries.push_back(std::move(*entry));
  return listing;
}

}  // namespace fencepost::media

#pragma once
// Folders of files that people may name by a path in them. No path leads out of one: every step of it is
// opened for itself, beneath the one before, and no step is a link. Thread-safe; functions read the disk and
// may take as long as that does.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/file_descriptor.hpp"

struct stat;

namespace fencepost::media {

// Where what comes by tus lies; no media folder has this name.
inline constexpr const char* kFiles = "files";

struct Folder {
  std::string name;  // a-z, 0-9 and '-', at most 40
  std::string path;
};

// A regular file, open for reading.
struct Opened {
  base::FileDescriptor file;
  std::int64_t size = 0;
  base::Micros modified = 0;
  std::int64_t inode = 0;
};

struct Entry {
  std::string name;
  bool folder = false;
  std::int64_t size = 0;      // of a file
  base::Micros modified = 0;  // of a file
};

struct Listing {
  std::vector<Entry> entries;  // by name, byte by byte
  bool more = false;
  // Entries of this folder that no path can name: their names are no UTF-8, or have control characters.
  std::size_t unnamable = 0;
};

class Folders {
 public:
  // Opens each of them. Throws UserError("invalid_folder").
  explicit Folders(const std::vector<Folder>& folders);

  std::vector<std::string> names() const;  // without "files"

  // Throws UserError: media_folder_not_found; invalid_path (absolute, "..", no UTF-8, control characters,
  // more than 1,024 bytes); media_file_not_found: there is none, or it is none of ours: a link, a device, a
  // folder, unreadable.
  Opened open(const std::string& folder, const std::string& path) const;

  // What stands in `under` ("": the folder itself): folders, and files whose names end in one of
  // `extensions` (lower case, without the dot; none: all), behind the name `after`. Throws as open() does.
  Listing list(const std::string& folder, const std::string& under,
               const std::vector<std::string>& extensions, const std::string& after, std::size_t limit) const;

 private:
  const base::FileDescriptor& root(const std::string& folder) const;
  std::string known() const;  // for people
  std::map<std::string, base::FileDescriptor> roots_;
};

base::Micros modified_of(const struct stat& of);

// Throws UserError("invalid_path"), see Folders::open().
void check_path(const std::string& path);

}  // namespace fencepost::media

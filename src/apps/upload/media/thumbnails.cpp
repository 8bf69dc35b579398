#include "apps/upload/media/thumbnails.hpp"

#include <unistd.h>

#include <cerrno>

#include "apps/upload/media/sniff.hpp"
#include "base/error.hpp"

namespace fencepost::media {

Picture read_thumbnail(const Folders& folders, const std::string& folder, const std::string& path) {
  const auto opened = folders.open(folder, path);
  const base::UserError refused("invalid_thumbnail", "a thumbnail is a JPEG or PNG of at most 2 MB");
  if (opened.size == 0 || opened.size > kThumbnail) throw refused;
  Picture picture;
  picture.bytes.resize(static_cast<std::size_t>(opened.size));
  std::size_t read = 0;
  while (read < picture.bytes.size()) {
    const auto n = pread(opened.file.get(), picture.bytes.data() + read, picture.bytes.size() - read,
                         static_cast<off_t>(read));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw base::UserError("media_file_not_found", "the thumbnail could not be read");
    read += static_cast<std::size_t>(n);
  }
  picture.media_type = media_type_of(picture.bytes);
  if (!is_picture(picture.media_type)) throw refused;
  return picture;
}

}  // namespace fencepost::media

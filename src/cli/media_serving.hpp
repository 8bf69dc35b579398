#pragma once
// Videos, and how they come in, in a server, from its settings.

#include <memory>
#include <string_view>
#include <vector>

#include "apps/upload/media/media.hpp"

namespace fencepost::cli {

class Settings;

const std::vector<std::string_view>& media_settings();

// Thread-safe once made. Outlived by the database.
class MediaServing {
 public:
  // Opens the folders. Throws UsageError.
  MediaServing(const Settings& settings, store::Database& database, const base::Clock& clock);
  ~MediaServing();

  media::Media& media();
  const media::Folders& folders() const;
  // Measures new videos and deletes what is over, on a thread of its own, until the end.
  void start();

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace fencepost::cli

#pragma once
// Uploads at work in a server, from its settings: what leaves, and what is watched until it is public.

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "apps/upload/uploader/publication.hpp"
#include "apps/upload/uploader/uploader.hpp"
#include "engine/engine.hpp"

namespace fencepost::cli {

class Settings;

const std::vector<std::string_view>& upload_settings();
// Connections of the pool that they need beside the others.
int upload_connections(const Settings& settings);

// Outlives the engine. Everything named outlives it.
class UploadServing {
 public:
  // `fences` has both queues.
  UploadServing(const Settings& settings, store::Database& database, std::span<const store::Fence> fences,
                accounts::FreshCredentials& credentials, const accounts::Vault& vault,
                const media::Folders& folders, const base::Clock& clock);
  ~UploadServing();
  // Adds both queues. Once, before the engine starts.
  void add_to(engine::Engine& engine);

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace fencepost::cli

#include "cli/upload_serving.hpp"

#include <algorithm>

#include "apps/upload/queue.hpp"
#include "base/error.hpp"
#include "cli/process.hpp"
#include "cli/program.hpp"
#include "cli/settings.hpp"
#include "connect/youtube/pace.hpp"

namespace fencepost::cli {

namespace {
// Watching is one small question now and then.
constexpr int kWatchers = 2;

const store::Fence& fence_named(std::span<const store::Fence> fences, const std::string& name) {
  const auto at = std::find_if(fences.begin(), fences.end(),
                               [&](const auto& fence) { return fence.queue().name == name; });
  FENCEPOST_ASSERT(at != fences.end());
  return *at;
}

std::optional<connect::Bandwidth> bandwidth(const Settings& settings, const base::Clock& clock) {
  const auto kib = settings.count("upload-bandwidth-kib");
  if (kib == 0) return std::nullopt;
  return std::optional<connect::Bandwidth>(std::in_place, kib * 1024, clock);
}
}  // namespace

const std::vector<std::string_view>& upload_settings() {
  static const std::vector<std::string_view> kNames = {"upload-concurrency", "upload-bandwidth-kib",
                                                       "upload-timeout"};
  return kNames;
}

int upload_connections(const Settings& settings) {
  return settings.number("upload-concurrency") + kWatchers + 1;
}

struct UploadServing::Parts {
  Parts(const Settings& settings, store::Database& database, std::span<const store::Fence> all,
        accounts::FreshCredentials& credentials, const accounts::Vault& vault, const media::Folders& folders,
        const base::Clock& clock)
      : concurrency(settings.number("upload-concurrency")),
        lease(settings.duration("lease")),
        fences(all),
        pace(bandwidth(settings, clock)),
        http(to_base_urls(), clock),
        youtube(http, {.api = settings.text("youtube-api-url")}),
        options{.timeout = settings.duration("upload-timeout"), .pace = pace ? &*pace : nullptr},
        sender(database, credentials, vault, folders, youtube, options),
        publications(database, credentials, folders, youtube) {}

  const int concurrency;
  const base::Duration lease;
  const std::span<const store::Fence> fences;
  std::optional<connect::Bandwidth> pace;
  connect::HttpClient http;
  connect::youtube::UploadApi youtube;
  const uploader::Options options;
  uploader::Uploader sender;
  uploader::Publications publications;
  std::unique_ptr<engine::EffectWork> uploading;
  std::unique_ptr<engine::HandlerWork> watching;
};

UploadServing::UploadServing(const Settings& settings, store::Database& database,
                             std::span<const store::Fence> fences, accounts::FreshCredentials& credentials,
                             const accounts::Vault& vault, const media::Folders& folders,
                             const base::Clock& clock)
    : parts_(std::make_unique<Parts>(settings, database, fences, credentials, vault, folders, clock)) {}

UploadServing::~UploadServing() = default;

void UploadServing::add_to(engine::Engine& engine) {
  auto& parts = *parts_;
  parts.uploading = std::make_unique<engine::EffectWork>(
      engine.context(), fence_named(parts.fences, upload::kQueue), parts.sender);
  // One attempt may take as long as the uploader's patience: its lease is renewed for so long.
  engine.add(*parts.uploading, {.concurrency = parts.concurrency,
                                .lease = parts.lease,
                                .deadline = parts.options.longest + parts.options.timeout});
  auto* const publications = &parts.publications;
  parts.watching = std::make_unique<engine::HandlerWork>(
      engine.context(), fence_named(parts.fences, uploader::publication_queue().name),
      [publications](const engine::Attempt& attempt) { return publications->watch(attempt); });
  engine.add(*parts.watching, {.concurrency = kWatchers, .lease = parts.lease});
}

}  // namespace fencepost::cli

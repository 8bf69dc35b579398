#include "http/api/api.hpp"

#include <utility>

#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/openapi.hpp"

namespace fencepost::http {

namespace {

// A database that has become unusable (its file has gone, its disk is full or read-only) is no fault of the
// client, whom its path does not concern: unavailable, like a server that is away.
template <typename F>
auto translated(F&& run) -> decltype(run()) try {
  return run();
} catch (const base::UserError& error) {
  if (error.code() != "database_unusable") throw;
  throw base::InfraError(error.what(), {.retryable = true, .poisoned = true});
} catch (const base::InfraError& error) {
  if (error.sqlstate() != "SQLITE_DEVICE" || error.in_doubt()) throw;
  throw base::InfraError(error.what(), {.retryable = true, .poisoned = true}, error.sqlstate());
}

}  // namespace

std::vector<Route> routes(Services& services) {
  std::vector<Route> all;
  add_announcements(all, services);
  add_announcement_acts(all, services);
  add_announcement_images(all, services);
  add_texts(all, services);
  add_connections(all, services);
  add_connection_life(all, services);
  add_tokens(all, services);
  add_sessions(all, services);
  add_me(all, services);
  add_users(all, services);
  add_invitations(all, services);
  add_shows(all, services);
  add_show_members(all, services);
  add_episodes(all, services);
  add_scheduler(all, services);
  add_subscriptions(all, services);
  add_queues(all, services);
  add_queue_items(all, services);
  add_throughput(all, services);
  add_live(all, services);
  add_curate(all, services);
  add_channels(all, services);
  add_uploads(all, services);
  add_upload_acts(all, services);
  add_quota_projects(all, services);
  add_files(all, services);
  add_videos(all, services);
  add_templates(all, services);
  add_events(all, services);
  add_history(all, services);
  add_system(all, services);
  for (auto& route : all) {
    // A key is its principal's: who is not signed in has none to repeat a request under.
    if (route.method == "POST" && !route.access.open) route.headers.push_back(idempotency_key());
    route.handler = [inner = std::move(route.handler)](const Request& request) {
      return translated([&] { return inner(request); });
    };
  }
  all = with_openapi(std::move(all), services.version);
  add_pages(all);
  add_docs(all, services.version);
  return all;
}

Authenticator authenticator(Services& services) {
  return [&services](const Credential& credential) {
    return translated([&] { return known(services, credential); });
  };
}

Dispatcher::Options dispatch_options(Services& services) {
  Dispatcher::Options options;
  options.trusted_proxies = services.trusted_proxies;
  options.secure_cookies = services.secure_cookies;
  options.origin = services.origin;
  options.statuses = {{"duplicate_name", 409},
                      {"duplicate_slug", 409},
                      {"duplicate_account", 409},
                      {"connection_disconnected", 409},
                      {"no_person", 409},
                      {"mail_not_configured", 409},
                      {"too_many_subscriptions", 409},
                      {"not_open", 410},
                      {"secret_unreadable", 500},
                      {"other_account", 409},
                      {"platform_unavailable", 503},
                      {"duplicate_announcement", 409},
                      {"stream_ended", 409},
                      {"not_a_member", 409},
                      {"show_disabled", 409},
                      {"needs_approval", 409},
                      {"deadline_passed", 409},
                      {"no_channel", 409},
                      {"no_model", 409},
                      {"part_waits", 409},
                      {"channel_disabled", 409},
                      {"channel_has_uploads", 409},
                      {"unknown_channel", 404},
                      {"media_folder_not_found", 404},
                      {"media_file_not_found", 404},
                      {"invalid_header", 400},
                      {"invalid_metadata", 400},
                      {"unknown_checksum", 400},
                      {"unsupported_version", 412},
                      {"offset_mismatch", 409},
                      {"no_files_folder", 409},
                      {"duplicate_template", 409},
                      {"video_changed", 409},
                      {"file_gone", 410},
                      {"files_full", 413},
                      {"locked", 423},
                      {"checksum_mismatch", 460},
                      {"disk_full", 507}};
  options.relate = [&services](const Principal& who, Thing thing, const std::string& key) {
    return translated([&] { return relation_to(services, who, thing, key); });
  };
  if (services.limits != nullptr) options.limiter = shared_limiter(*services.limits);
  return options;
}

}  // namespace fencepost::http

#include "cli/program.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "accounts/credentials.hpp"
#include "accounts/sql.hpp"
#include "announce/sql.hpp"
#include "apps/announce/live/watcher.hpp"
#include "apps/announce/service.hpp"
#include "apps/announce/texts.hpp"
#include "apps/notify/service.hpp"
#include "apps/upload/queue.hpp"
#include "apps/upload/uploader/publication.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "cli/settings.hpp"
#include "curate/sql.hpp"
#include "library/sql.hpp"
#include "live/sql.hpp"
#include "media/sql.hpp"
#include "store/descriptor.hpp"
#include "store/migrate.hpp"
#include "store/sql.hpp"
#include "upload/sql.hpp"
#include "uploader/sql.hpp"

namespace fencepost::cli {

std::vector<store::Migration> all_migrations() {
  std::vector<store::Migration> all;
  std::copy(std::begin(store::sql::migrations), std::end(store::sql::migrations), std::back_inserter(all));
  std::copy(std::begin(library::sql::migrations), std::end(library::sql::migrations),
            std::back_inserter(all));
  std::copy(std::begin(accounts::sql::migrations), std::end(accounts::sql::migrations),
            std::back_inserter(all));
  std::copy(std::begin(announce::sql::migrations), std::end(announce::sql::migrations),
            std::back_inserter(all));
  std::copy(std::begin(live::sql::migrations), std::end(live::sql::migrations), std::back_inserter(all));
  std::copy(std::begin(curate::sql::migrations), std::end(curate::sql::migrations), std::back_inserter(all));
  std::copy(std::begin(media::sql::migrations), std::end(media::sql::migrations), std::back_inserter(all));
  std::copy(std::begin(upload::sql::migrations), std::end(upload::sql::migrations), std::back_inserter(all));
  std::copy(std::begin(uploader::sql::migrations), std::end(uploader::sql::migrations),
            std::back_inserter(all));
  return all;
}

namespace {
std::unique_ptr<store::Database> opened(const Settings& settings, store::DatabaseOptions options) {
  options.poll_only = settings.flag("poll-only");
  return store::Database::open(settings.needed("database"), options);
}
}  // namespace

bool no_database_file(const Settings& settings) {
  const auto path = store::sqlite_path(settings.needed("database"));
  std::error_code unknown;  // what cannot be looked at, cannot be opened either, and that says why
  return path && !path->empty() && !std::filesystem::exists(*path, unknown) && !unknown;
}

std::unique_ptr<store::Database> open_database(const Settings& settings, int connections,
                                               base::Duration statement) {
  // Opening would make it, for a slip of the hand.
  if (no_database_file(settings))
    throw base::UserError("no_database", "there is no database at '" +
                                             *store::sqlite_path(settings.text("database")) +
                                             "': is --database right? serve, migrate and restore make one");
  store::DatabaseOptions options;
  options.connections = connections;
  options.statement_deadline = statement;
  return opened(settings, options);
}

std::unique_ptr<store::Database> open_or_make_database(const Settings& settings, int connections) {
  store::DatabaseOptions options;
  options.connections = connections;
  return opened(settings, options);
}

void require_current_schema(store::Connection& connection) {
  int newest = 0;
  for (const auto& migration : all_migrations()) newest = std::max(newest, migration.number);
  const auto applied = store::rows_if_migrated(connection, store::sql::applied_migrations);
  if (!applied.empty() && applied[applied.size() - 1][0].integer() > newest)
    throw base::UserError("schema_too_new",
                          "the database was written by a newer version of fencepost: use that one");
  if (applied.size() != all_migrations().size())
    throw base::UserError(
        "schema_too_old",
        "the database's schema is not this version's: run fencepost migrate (or serve) first");
}

store::Fence fence_of(store::Connection& connection, const core::Queue& queue) {
  return store::Fence(queue, connection.dialect(), store::own_schema(connection));
}

std::vector<store::Fence> own_fences(store::Connection& connection, const curate::Options& options) {
  std::vector<store::Fence> fences;
  fences.push_back(fence_of(connection, announce::announcement_queue()));
  fences.push_back(fence_of(connection, notify::delivery_queue()));
  fences.push_back(fence_of(connection, live::channel_queue()));
  fences.push_back(fence_of(connection, live::stream_queue()));
  fences.push_back(fence_of(connection, announce::text_queue()));
  fences.push_back(fence_of(connection, upload::upload_queue()));
  fences.push_back(fence_of(connection, uploader::publication_queue()));
  for (const auto pipeline : curate::kPipelines)
    fences.push_back(fence_of(connection, curate::queue_of(pipeline, options.of(pipeline))));
  return fences;
}

std::vector<store::Fence> make_fences(store::Connection& connection, const curate::Options& options) {
  auto fences = own_fences(connection, options);
  std::vector<std::string> broken;
  for (auto& fence : store::adopted_fences(connection, &broken)) fences.push_back(std::move(fence));
  for (const auto& name : broken)
    base::log(base::LogLevel::error, "queue left out", {{"queue", name}, {"next", "fencepost doctor"}});
  return fences;
}

std::vector<std::string> bring_up(store::Connection& connection) {
  auto applied = store::migrate(connection, all_migrations());
  for (const auto& fence : make_fences(connection)) fence.install(connection);
  return applied;
}

base::Secret secret_in_file(const Settings& settings, const std::string& setting) {
  const auto path = settings.text(setting);
  if (path.empty()) return {};
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line))
    throw UsageError(setting + " '" + path + "' cannot be read, or is empty");
  return base::Secret(std::move(line));
}

connect::youtube::Options youtube_options(const Settings& settings) {
  for (const auto* name : {"youtube-api-url", "youtube-feed-url", "youtube-page-url"})
    if (const auto wrong = settings.problem(setting_named(name))) throw UsageError(*wrong);
  connect::youtube::Options options{.api = settings.text("youtube-api-url"),
                                    .feed = settings.text("youtube-feed-url"),
                                    .page = settings.text("youtube-page-url")};
  options.key = secret_in_file(settings, "youtube-api-key-file");
  return options;
}

std::optional<connect::mail::MailOptions> mail_options(const Settings& settings) {
  if (settings.text("smtp-host").empty()) return std::nullopt;
  const auto address = parse_address(settings.text("smtp-host"));
  if (const auto wrong = settings.problem(setting_named("smtp-tls"))) throw UsageError(*wrong);
  const auto tls = settings.text("smtp-tls");
  connect::mail::MailOptions options{.host = address.host,
                                     .port = address.port,
                                     .tls = tls == "tls"    ? connect::mail::Tls::tls
                                            : tls == "none" ? connect::mail::Tls::none
                                                            : connect::mail::Tls::starttls,
                                     .user = settings.text("smtp-user"),
                                     .from = settings.text("smtp-from"),
                                     .ca_file = settings.text("smtp-ca-file")};
  options.password = secret_in_file(settings, "smtp-password-file");
  try {
    connect::mail::check(options);
  } catch (const base::UserError& error) {
    throw UsageError(error.what());
  }
  return options;
}

std::string key_path(const Settings& settings) {
  auto path = settings.text("key-file");
  const auto file = store::sqlite_path(settings.text("database"));
  return path.empty() && file ? *file + ".key" : path;
}

std::string key_file(const Settings& settings) {
  const auto path = key_path(settings);
  if (path.empty())
    throw UsageError(
        "PostgreSQL needs --key-file PATH (or FENCEPOST_KEY_FILE): the key that encrypts platforms' secrets; "
        "all servers of one database need the same file");
  return path;
}

accounts::Vault open_vault(const Settings& settings, store::Connection& connection) {
  // A new key beside secrets of another would look well until the first send.
  return accounts::Vault::open(key_file(settings),
                               !accounts::holds_secrets(connection) && !notify::any_secret(connection));
}

}  // namespace fencepost::cli

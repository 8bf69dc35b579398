#pragma once
// What this program consists of, in one place: its migrations, its queues, its key.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "accounts/vault.hpp"
#include "apps/curate/pipelines.hpp"
#include "connect/mail/mailer.hpp"
#include "connect/models/model.hpp"
#include "connect/youtube/youtube.hpp"
#include "store/database.hpp"
#include "store/fence.hpp"

namespace fencepost::cli {

class Settings;

std::vector<store::Migration> all_migrations();

// Opens what --database says. `connections`: of the pool; `statement`: how long one may take. Throws
// UserError("no_database") where it names a SQLite file that is not there.
std::unique_ptr<store::Database> open_database(
    const Settings& settings, int connections,
    base::Duration statement = store::DatabaseOptions{}.statement_deadline);
// The same for whoever begins a database: makes that file.
std::unique_ptr<store::Database> open_or_make_database(const Settings& settings, int connections);
// Whether --database names a SQLite file that is not there.
bool no_database_file(const Settings& settings);

// Throws UserError("schema_too_old" | "schema_too_new") unless the schema is this program's.
void require_current_schema(store::Connection& connection);

// The fences of this program's own queues, and of all queues: also those of tables that were adopted, but for
// what doctor would call broken. The schema must be current.
// `options`: of the queues of curate.
std::vector<store::Fence> own_fences(store::Connection& connection,
                                     const curate::Options& options = curate::default_options());
std::vector<store::Fence> make_fences(store::Connection& connection,
                                      const curate::Options& options = curate::default_options());
store::Fence fence_of(store::Connection& connection, const core::Queue& queue);

// Migrates, and installs the triggers and indexes of all queues, which belong to the schema. Answers the
// names of the migrations that were missing.
std::vector<std::string> bring_up(store::Connection& connection);

// The first line of the file that a setting names; empty where it names none. Throws UsageError where it
// cannot be read.
base::Secret secret_in_file(const Settings& settings, const std::string& setting);

// Where YouTube is, and the key to its API. Throws UsageError.
connect::youtube::Options youtube_options(const Settings& settings);
// What smtp-* says; nullopt: no mail. Throws UsageError where it makes no sense, or the password file cannot
// be read.
std::optional<connect::mail::MailOptions> mail_options(const Settings& settings);
// The language model that writes texts; null: none is named. `http` outlives it.
std::unique_ptr<connect::Model> make_model(const Settings& settings, connect::HttpClient& http);

// --key-file, or PATH.key beside a SQLite database; empty on PostgreSQL where none is named.
std::string key_path(const Settings& settings);
// The same; throws UsageError where none is named.
std::string key_file(const Settings& settings);
// Its vault. Makes the key only while nothing is encrypted.
accounts::Vault open_vault(const Settings& settings, store::Connection& connection);

}  // namespace fencepost::cli

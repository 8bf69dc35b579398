#pragma once
// The commands, one file a noun. Each adds its subcommands to the App and, when one of them was chosen,
// leaves what it is to do in `chosen`; main() runs it, so that errors are told in one place.

#include <functional>

namespace CLI {
class App;
}

namespace fencepost::cli {

// Answers the exit code. Throws UsageError, Refused, UserError or InfraError.
using Chosen = std::function<int()>;

void add_serve(CLI::App& app, Chosen& chosen);
void add_maintenance(CLI::App& app, Chosen& chosen);  // migrate, verify
void add_config(CLI::App& app, Chosen& chosen);       // config check
void add_completion(CLI::App& app, Chosen& chosen);   // of the whole tree: call it last
void add_backup(CLI::App& app, Chosen& chosen);       // backup, restore
void add_key(CLI::App& app, Chosen& chosen);
void add_adopt(CLI::App& app, Chosen& chosen);  // adopt, doctor
void add_loop(CLI::App& app, Chosen& chosen);
void add_item(CLI::App& app, Chosen& chosen);
void add_user(CLI::App& app, Chosen& chosen);
void add_show(CLI::App& app, Chosen& chosen);
void add_episode(CLI::App& app, Chosen& chosen);
void add_scheduler(CLI::App& app, Chosen& chosen);
// Below `scheduler`: the live check.
void add_live(CLI::App& scheduler, Chosen& chosen);
void add_token(CLI::App& app, Chosen& chosen);
void add_connection(CLI::App& app, Chosen& chosen);
void add_announcement(CLI::App& app, Chosen& chosen);
void add_notify(CLI::App& app, Chosen& chosen);
void add_curate(CLI::App& app, Chosen& chosen);
void add_channel(CLI::App& app, Chosen& chosen);
void add_upload(CLI::App& app, Chosen& chosen);
void add_quota(CLI::App& app, Chosen& chosen);
void add_video(CLI::App& app, Chosen& chosen);
void add_template(CLI::App& app, Chosen& chosen);
void add_queue(CLI::App& app, Chosen& chosen);

}  // namespace fencepost::cli

// The command line. Exit codes: 0 done, 1 failed or refused, 2 used wrongly.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/settings.hpp"
#include "cli/slips.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {

int complain(const std::string& what, int code) {
  std::fprintf(stderr, "fencepost: %s\n", what.c_str());
  return code;
}

// For the operator, who needs the database's own words.
std::string told(const base::InfraError& error) {
  const std::string what = error.what();
  if (error.sqlstate() == "SQLITE_DEVICE" || error.sqlstate() == "53100")
    return "the database cannot be written: is its disk full, or the file read-only? (" + what + ")";
  if (error.sqlstate() == "SQLITE_BUSY")
    return "the database is busy: another process holds its write lock. Is one stopped? (" + what + ")";
  if (error.retryable() && error.poisoned()) return "the database cannot be reached (" + what + ")";
  return what;
}

bool wants_json(int argc, char** argv) {
  for (int i = 1; i < argc; ++i)
    if (std::string_view(argv[i]) == "--json") return true;
  return false;
}

int run(int argc, char** argv) {
  CLI::App app(
      "Fencepost publishes on time, exactly as often as it was asked to, and never after somebody said no.");
  app.name("fencepost");
  app.set_version_flag("--version", std::string("fencepost " FENCEPOST_VERSION));
  app.require_subcommand(1);
  app.get_formatter()->column_width(36);
  app.footer(
      "Settings come from flags, then FENCEPOST_* in the environment, then fencepost.toml.\n"
      "Commands that change a running server go through its API: FENCEPOST_SERVER, FENCEPOST_TOKEN or\n"
      "FENCEPOST_TOKEN_FILE. Exit codes: 0 done, 1 failed or refused, 2 used wrongly.");
  Chosen chosen;
  add_serve(app, chosen);
  add_maintenance(app, chosen);
  add_config(app, chosen);
  add_backup(app, chosen);
  add_key(app, chosen);
  add_adopt(app, chosen);
  add_loop(app, chosen);
  add_item(app, chosen);
  add_user(app, chosen);
  add_token(app, chosen);
  add_show(app, chosen);
  add_episode(app, chosen);
  add_scheduler(app, chosen);
  add_connection(app, chosen);
  add_announcement(app, chosen);
  add_notify(app, chosen);
  add_video(app, chosen);
  add_template(app, chosen);
  add_queue(app, chosen);
  add_curate(app, chosen);
  add_channel(app, chosen);
  add_upload(app, chosen);
  add_quota(app, chosen);
  add_completion(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    if (const auto unknown = unknown_word(app)) return complain(*unknown, 2);
    return app.exit(error) == 0 ? 0 : 2;
  }
  FENCEPOST_ASSERT(chosen);
  return chosen();
}

int guarded(int argc, char** argv) try { return run(argc, argv); } catch (const UsageError& error) {
  return complain(error.what(), 2);
} catch (const Refused& error) {
  if (wants_json(argc, argv)) std::printf("%s\n", error.body().c_str());
  return complain(error.text(), 1);
} catch (const base::UserError& error) {
  return complain(error.what(), 1);
} catch (const base::InfraError& error) {
  return complain(told(error), 1);
} catch (const nlohmann::json::exception&) {
  return complain("the server's answer is not what this version understands: is it another version's?", 1);
} catch (const std::exception& error) {
  return complain(error.what(), 1);
}

}  // namespace

}  // namespace fencepost::cli

int main(int argc, char** argv) { return fencepost::cli::guarded(argc, argv); }

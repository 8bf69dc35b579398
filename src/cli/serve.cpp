// `fencepost serve`: the one place that names the concrete classes.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "accounts/first_run.hpp"
#include "accounts/passwords.hpp"
#include "accounts/rate_limits.hpp"
#include "accounts/tokens.hpp"
#include "accounts/upkeep.hpp"
#include "apps/announce/live/watcher.hpp"
#include "apps/announce/publisher.hpp"
#include "apps/announce/service.hpp"
#include "apps/announce/texts.hpp"
#include "apps/connections/service.hpp"
#include "apps/connections/upkeep.hpp"
#include "apps/notify/service.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/curate_serving.hpp"
#include "cli/identity_watch.hpp"
#include "cli/media_serving.hpp"
#include "cli/platforms.hpp"
#include "cli/process.hpp"
#include "cli/program.hpp"
#include "cli/serve_settings.hpp"
#include "cli/settings.hpp"
#include "cli/test_kill.hpp"
#include "cli/text.hpp"
#include "cli/token_file.hpp"
#include "cli/upload_serving.hpp"
#include "connect/http_client.hpp"
#include "engine/effect_work.hpp"
#include "engine/engine.hpp"
#include "engine/handler_work.hpp"
#include "http/api/api.hpp"
#include "http/api/event_viewers.hpp"
#include "http/server/server.hpp"
#include "store/migrate.hpp"

namespace fencepost::cli {

namespace {
using base::LogLevel;

// Requests may wait up to 30 s for an outcome, each on a thread of its own, and hold no connection meanwhile.
constexpr std::size_t kHandlers = 32;
constexpr std::chrono::seconds kWatch{2};
constexpr std::chrono::hours kPurge{1};
constexpr std::chrono::seconds kSweep{1};
// A start waits as long where another process holds a lock: one that is stopped in its write, or migrates.
constexpr std::chrono::minutes kStartPatience{1};

engine::EngineOptions engine_options(const Settings& settings) {
  engine::EngineOptions options;
  options.state_folder = settings.text("state-folder");
  options.retention.keep_budgets = settings.duration("keep-budgets");
  return options;
}

engine::QueueOptions queue_options(const Settings& settings) {
  engine::QueueOptions options;
  options.concurrency = settings.number("concurrency");
  options.lease = settings.duration("lease");
  return options;
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// "a, b" as its words.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text + ',') {
    if (c != ',' && c != ' ') word += c;
    if (c == ',' && !word.empty()) words.push_back(std::exchange(word, {}));
  }
  return words;
}

// The first token of a new database has no place in the file of another's: then nothing is made at all. Who
// has written the file of this database has made its token before, so the file is looked at first.
template <typename IsNew>
void keep_token_file(const Settings& settings, IsNew&& is_new) {
  const auto file = settings.find("token-file");
  if (holds_token(file.value) && is_new()) refuse_taken_token_file(file.value, file.source);
}

// The first token of a new database, exactly once over all processes: printed here, and nowhere again.
void hand_out_first_token(store::Database& database, const std::string& path) {
  // Opened first: a token that could not be written down would be lost.
  TokenFile file(path);
  const auto token = database.retrying(accounts::first_token);
  if (!token) return;
  print("first token (shown this once): " + token->reveal() + "\n");
  if (path.empty()) return;
  file.write(*token);
  print("written to " + path + "\n");
}

// A server from its database to its socket. Built top down, ended bottom up.
class Serving {
 public:
  explicit Serving(const Settings& settings);
  // rule 13, and what else is to be done now and then. Never throws.
  void watch();
  void stop(base::Duration drain);
  // Makes deliveries of what has happened. Never throws.
  void gather();
  // Which channels are watched. Never throws.
  void watch_channels();
  // Asks for texts ahead of starts. Never throws.
  void plan_texts();
  // "http://127.0.0.1:8787": where it listens.
  std::string url() const;
  // Prints the link that makes the first owner, as long as there is none.
  void invite_first_owner(const Settings& settings);

 private:
  void prepare_database(const Settings& settings);
  void prepare(const Settings& settings, store::Connection& connection);
  void add_notifications(const Settings& settings, const engine::QueueOptions& queue);
  void add_live_check(const Settings& settings, engine::QueueOptions queue);
  // Of a queue of our own.
  const store::Fence& fence(const core::Queue& queue) const;
  void add_texts(const Settings& settings, const engine::QueueOptions& queue);
  http::Services services(const Settings& settings);

  const base::Clock& clock_ = base::system_clock();
  std::unique_ptr<IdentityWatch> identity_;  // outlives the connections that it looks at
  std::unique_ptr<store::Database> database_;
  std::vector<store::Fence> fences_;
  std::unique_ptr<accounts::Vault> vault_;
  accounts::Passwords passwords_;
  std::unique_ptr<accounts::RateLimits> limits_;
  connect::HttpClient outgoing_;
  Platforms platforms_;
  std::unique_ptr<connections::Outside> outside_;
  std::unique_ptr<accounts::FreshCredentials> credentials_;
  std::unique_ptr<connections::Service> connections_;
  std::unique_ptr<announce::Publisher> publisher_;
  std::unique_ptr<engine::EffectWork> work_;
  std::unique_ptr<connect::mail::Mailer> mailer_;
  std::unique_ptr<notify::Service> notifications_;
  std::unique_ptr<engine::HandlerWork> deliveries_;
  connect::HttpClient to_youtube_;
  std::unique_ptr<connect::youtube::YouTube> youtube_;
  std::unique_ptr<live::Watcher> live_;
  std::unique_ptr<engine::HandlerWork> live_channels_, live_streams_;
  connect::HttpClient to_model_;
  std::unique_ptr<connect::Model> model_;
  std::unique_ptr<announce::Texts> texts_;
  std::unique_ptr<engine::HandlerWork> writing_;
  std::unique_ptr<CurateServing> curate_;
  std::unique_ptr<MediaServing> media_;
  std::unique_ptr<UploadServing> uploading_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<connections::Upkeep> upkeep_;
  std::unique_ptr<announce::Service> announcements_;
  std::unique_ptr<upload::Service> uploads_;
  std::unique_ptr<http::EventHub> events_;
  std::unique_ptr<http::Services> services_;
  std::unique_ptr<http::Dispatcher> dispatcher_;
  std::unique_ptr<http::Server> server_;
  base::BootTime purged_{};
  std::string host_;  // as --listen says it
};

Serving::Serving(const Settings& settings)
    : outgoing_(outgoing(settings), clock_),
      platforms_(settings, outgoing_),
      to_youtube_(to_base_urls(), clock_),
      to_model_(to_base_urls(), clock_) {
  const auto address = parse_address(settings.text("listen"));
  host_ = address.host;
  // Before anything is made, or a token handed out.
  if (http::address_in_use(address.host, address.port))
    throw base::UserError("port_in_use", "port " + std::to_string(address.port) + " of " + address.host +
                                             " is in use: stop what listens there, or choose another with "
                                             "--listen HOST:PORT");
  if (!is_loopback(host_) && settings.text("public-url").empty())
    base::log(LogLevel::warn, "browsers stay signed in over https only",
              {{"listen", settings.text("listen")},
               {"next", "put a proxy with TLS in front, and name it: --public-url https://HOST"}});
  const auto queue = queue_options(settings);
  keep_token_file(settings, [&] { return no_database_file(settings); });
  database_ = open_or_make_database(
      settings, 2 * queue.concurrency + 12 + curate_connections(settings) + upload_connections(settings));
  prepare_database(settings);
  engine_ = std::make_unique<engine::Engine>(*database_, clock_, engine_options(settings));
  outside_ = std::make_unique<connections::Outside>(platforms_.all());
  credentials_ = std::make_unique<accounts::FreshCredentials>(engine_->context(), *vault_, *outside_);
  connections_ =
      std::make_unique<connections::Service>(*database_, *vault_, *outside_, *credentials_, clock_);
  publisher_ = std::make_unique<announce::Publisher>(*database_, *credentials_, platforms_.all(),
                                                     announce::ImageLinks(*vault_, image_origin(settings)),
                                                     clock_, settings.duration("post-timeout"));
  work_ = std::make_unique<engine::EffectWork>(engine_->context(), fences_[0], *publisher_);
  auto& runner = engine_->add(*work_, queue);
  add_notifications(settings, queue);
  add_live_check(settings, queue);
  add_texts(settings, queue);
  if (settings.flag("curate")) {
    curate_ = std::make_unique<CurateServing>(settings, *database_, fences_, clock_);
    curate_->add_to(*engine_);
  }
  media_ = std::make_unique<MediaServing>(settings, *database_, clock_);
  media_->media().in_use = upload::needs_video;
  uploading_ = std::make_unique<UploadServing>(settings, *database_, fences_, *credentials_, *vault_,
                                               media_->folders(), clock_);
  uploading_->add_to(*engine_);
  announcements_ =
      std::make_unique<announce::Service>(*database_, fences_[0], runner, engine_->context().worker);
  uploads_ = std::make_unique<upload::Service>(
      *database_, fence(upload::upload_queue()), [this] { engine_->wake(upload::kQueue); },
      uploader::resolved);
  events_ = std::make_unique<http::EventHub>(*database_, clock_, http::event_viewers(http::Uploads::heard));
  services_ = std::make_unique<http::Services>(services(settings));
  dispatcher_ = std::make_unique<http::Dispatcher>(http::routes(*services_), http::authenticator(*services_),
                                                   clock_, http::dispatch_options(*services_));
  http::Options options{.host = address.host, .port = address.port, .worker_threads = kHandlers};
  options.limits.body_bytes = [this](std::string_view method, std::string_view target) {
    return dispatcher_->body_limit(method, target);
  };
  options.limits.streamed = [this](std::string_view method, std::string_view target) {
    return dispatcher_->streamed(method, target);
  };
  server_ = std::make_unique<http::Server>(
      options, [this](http::Request request) { return dispatcher_->handle(std::move(request)); });
  // Last: where the port is taken, nothing was claimed.
  engine_->start();
  media_->start();
  upkeep_ = std::make_unique<connections::Upkeep>(*credentials_);
}

void Serving::add_notifications(const Settings& settings, const engine::QueueOptions& queue) {
  if (auto options = mail_options(settings))
    mailer_ = std::make_unique<connect::mail::Mailer>(std::move(*options), clock_);
  notifications_ =
      std::make_unique<notify::Service>(*database_, *vault_, platforms_.webhook(), mailer_.get(), clock_,
                                        notify::Options{.window = settings.duration("notify-window")});
  deliveries_ = std::make_unique<engine::HandlerWork>(
      engine_->context(), fence(notify::delivery_queue()),
      [this](const engine::Attempt& attempt) { return notifications_->deliver(attempt); });
  engine_->add(*deliveries_, queue);
}

void Serving::add_texts(const Settings& settings, const engine::QueueOptions& queue) {
  model_ = make_model(settings, to_model_);
  if (model_ == nullptr) return;
  texts_ = std::make_unique<announce::Texts>(
      *database_, fence(announce::text_queue()), model_.get(), clock_,
      announce::TextOptions{settings.duration("text-timeout"), settings.duration("text-ahead")});
  writing_ = std::make_unique<engine::HandlerWork>(
      engine_->context(), fence(announce::text_queue()),
      [this](const engine::Attempt& attempt) { return texts_->write(attempt); });
  engine_->add(*writing_, queue);
}

const store::Fence& Serving::fence(const core::Queue& queue) const {
  const auto at = std::find_if(fences_.begin(), fences_.end(),
                               [&](const store::Fence& one) { return one.queue().name == queue.name; });
  FENCEPOST_ASSERT(at != fences_.end());
  return *at;
}

void Serving::add_live_check(const Settings& settings, engine::QueueOptions queue) {
  youtube_ = std::make_unique<connect::youtube::YouTube>(to_youtube_, youtube_options(settings));
  live_ = std::make_unique<live::Watcher>(
      *database_, *youtube_,
      live::Options{.every = settings.duration("live-check-every"),
                    .timeout = settings.duration("live-check-timeout"),
                    .quota = {settings.text("youtube-project"), settings.count("youtube-units-per-day"),
                              upload::share_units}});
  live_channels_ = std::make_unique<engine::HandlerWork>(
      engine_->context(), fence(live::channel_queue()),
      [this](const engine::Attempt& attempt) { return live_->look(attempt); });
  live_streams_ = std::make_unique<engine::HandlerWork>(
      engine_->context(), fence(live::stream_queue()),
      [this](const std::vector<engine::Attempt>& attempts) { return live_->judge(attempts); },
      live_->batch());
  queue.concurrency = settings.number("live-check-concurrency");
  engine_->add(*live_channels_, queue);
  // With a key a worker takes 50 at once: few calls, and full ones.
  if (youtube_->has_key()) queue.concurrency = std::min(queue.concurrency, 2);
  engine_->add(*live_streams_, queue);
}

void Serving::watch_channels() try {
  if (live_->watch()) engine_->wake(live::channel_queue().name);
} catch (const std::exception& error) {
  base::log(LogLevel::warn, "channels not watched", {{"error", error.what()}});
}

void Serving::plan_texts() try {
  if (texts_ != nullptr && texts_->plan() > 0) engine_->wake(announce::text_queue().name);
} catch (const std::exception& error) {
  // They are still to come, at the next look.
  base::log(LogLevel::warn, "texts not planned", {{"error", error.what()}});
}

void Serving::gather() try {
  int taken = 0;
  while (const int more = notifications_->gather()) taken += more;
  if (taken == 0) return;
  base::log(LogLevel::info, "notices gathered", {{"notices", taken}});
  engine_->wake(notify::delivery_queue().name);
} catch (const std::exception& error) {
  // The notices are still there, for the next look.
  base::log(LogLevel::warn, "notices not gathered", {{"error", error.what()}});
}

http::Services Serving::services(const Settings& settings) {
  limits_ = std::make_unique<accounts::RateLimits>(*database_);
  http::Services services{*database_,        *vault_,  passwords_,    *announcements_,
                          *engine_,          fences_,  *connections_, all_migrations(),
                          FENCEPOST_VERSION, *events_, *live_,        *uploads_};
  services.origin = settings.text("public-url");
  // Plain HTTP is for this host alone: elsewhere a proxy ends TLS, and the cookie never goes without.
  services.secure_cookies =
      services.origin.empty() ? !is_loopback(host_) : services.origin.starts_with("https://");
  services.trusted_proxies = words_of(settings.text("trusted-proxies"));
  services.limits = limits_.get();
  services.sends_mail = mailer_ != nullptr;
  services.texts = texts_.get();
  services.media = &media_->media();
  return services;
}

void Serving::invite_first_owner(const Settings& settings) {
  const auto code = database_->retrying(accounts::first_run_code);
  if (!code) return;
  const auto origin = settings.text("public-url");
  print("first person: open " + (origin.empty() ? url() : origin) + "/welcome#code=" + code->reveal() + "\n");
}

std::string Serving::url() const {
  const bool v6 = host_.find(':') != std::string::npos;
  return "http://" + (v6 ? "[" + host_ + "]" : host_) + ":" + std::to_string(server_->port());
}

void Serving::prepare_database(const Settings& settings) {
  const auto until = clock_.boot() + kStartPatience;
  for (bool ready = false; !ready;) try {
      database_->retrying([&](store::Connection& connection) { prepare(settings, connection); });
      identity_ = std::make_unique<IdentityWatch>(*database_);
      identity_->start();
      ready = true;
    } catch (const base::InfraError& error) {
      if (!error.retryable() || error.poisoned() || error.in_doubt() || clock_.boot() > until) throw;
      base::log(LogLevel::warn, "waiting for the database", {{"error", error.what()}});
    }
  hand_out_first_token(*database_, settings.text("token-file"));
}

void Serving::prepare(const Settings& settings, store::Connection& connection) {
  keep_token_file(settings, [&] { return accounts::awaits_first_token(connection); });
  for (const auto& name : store::migrate(connection, all_migrations()))
    base::log(LogLevel::info, "migrated", {{"migration", name}});
  fences_ = make_fences(connection, curate_options(settings));
  for (const auto& fence : fences_) {
    fence.install(connection);
    fence.check(connection);
  }
  vault_ = std::make_unique<accounts::Vault>(open_vault(settings, connection));
}

void Serving::watch() try {
  identity_->look();
  if (clock_.boot() - purged_ < kPurge) return;
  // In small steps, a second at most, then on in the next round; an hour's rest where nothing is left.
  const auto lease = database_->acquire();
  for (const auto until = clock_.boot() + kSweep; clock_.boot() < until;)
    if (accounts::sweep_accounts(*lease) == 0) {
      purged_ = clock_.boot();
      return;
    }
} catch (const std::exception& error) {
  // The engine says so too, and goes on by itself when the database is back.
  base::log(LogLevel::debug, "database not checked", {{"error", error.what()}});
}

// What was accepted is answered first, while the engine still works on what is waited for.
void Serving::stop(base::Duration drain) {
  const auto until = clock_.boot() + drain;
  server_->stop(std::chrono::ceil<std::chrono::milliseconds>(drain));
  events_->stop();
  upkeep_.reset();
  engine_->stop(until);
}

int serve(const Settings& settings) {
  for (const auto name : serve_settings())
    if (const auto wrong = settings.problem(setting_named(name))) throw UsageError(*wrong);
  settings.needed("database");
  base::configure_log(level_of(settings.text("log-level")), settings.flag("log-json"));
  const auto signals = hold_signals();
  raise_file_limit();
  arm_test_kill();
  Serving serving(settings);
  print("fencepost: listening on " + serving.url() + "\n");
  serving.invite_first_owner(settings);
  const timespec pause{kWatch.count(), 0};
  int signal = 0;
  while ((signal = sigtimedwait(&signals, nullptr, &pause)) < 0) {
    serving.watch();
    serving.gather();
    serving.watch_channels();
    serving.plan_texts();
  }
  release_signals(signals);
  base::log(LogLevel::info, "stopping", {{"signal", signal}});
  serving.stop(settings.duration("drain"));
  base::log(LogLevel::info, "stopped");
  return 0;
}
}  // namespace

void add_serve(CLI::App& app, Chosen& chosen) {
  auto* command = app.add_subcommand("serve", "Run the server");
  command->footer(
      "SIGTERM or Ctrl-C: what is in flight is finished within --drain; again: at once.\n"
      "Metrics are open to this host; a proxy in front must not forward /metrics.");
  auto flags = std::make_shared<SettingFlags>(*command, serve_settings());
  command->callback([&chosen, flags] { chosen = [flags] { return serve(flags->settings()); }; });
}

}  // namespace fencepost::cli

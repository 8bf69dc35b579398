#include "cli/settings.hpp"

#include <toml++/toml.h>

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "base/error.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using Kind = Setting::Kind;

constexpr Setting kSettings[] = {
    {"database", Kind::text, "", "sqlite:PATH or postgresql://USER@HOST/NAME"},
    {"listen", Kind::address, "127.0.0.1:8787", "HOST:PORT to serve on; port 0 takes a free one"},
    {"token-file", Kind::text, "",
     "the first token: serve writes it here (mode 0600), the other commands read it"},
    {"key-file", Kind::text, "",
     "the key that encrypts platforms' secrets; made where it is missing and nothing is encrypted yet. "
     "Default: "
     "PATH.key beside a SQLite database; needed for PostgreSQL"},
    {"allow-private-addresses", Kind::flag, "false",
     "requests (webhooks, loop --post) may also go to loopback and private addresses"},
    {"concurrency", Kind::number, "4", "items worked at once"},
    {"lease", Kind::duration, "60s", "how long a claim lasts without renewal"},
    {"poll-only", Kind::flag, "false",
     "PostgreSQL behind a pooler in transaction mode: no LISTEN, no session settings"},
    {"log-json", Kind::flag, "false", "log lines as JSON"},
    {"log-level", Kind::level, "info", "debug, info, warn or error"},
    {"state-folder", Kind::text, "",
     "for the lock file that tells other processes that this one lives; default $XDG_RUNTIME_DIR/fencepost "
     "or "
     "/tmp/fencepost-UID"},
    {"drain", Kind::duration, "30s", "at the end, how long what is in flight may take"},
    {"keep-budgets", Kind::duration, "400d",
     "how long what was taken of a day, a month or a slot is remembered when it is over: 32d at least, "
     "36500d for ever; see docs/budgets.md"},
    {"public-url", Kind::url, "",
     "where people reach this server through the proxy, https://HOST: pages from elsewhere change nothing, "
     "cookies are for TLS alone, and Threads fetches images from there"},
    {"trusted-proxies", Kind::text, "",
     "addresses, with commas, of proxies that say whom they speak for (X-Forwarded-For); others are not "
     "believed"},
    {"smtp-host", Kind::address, "",
     "HOST:PORT of the mail server that notifications go over; none: no mail"},
    {"smtp-tls", Kind::tls, "starttls", "starttls, tls (from the first byte) or none (a relay on this host)"},
    {"smtp-user", Kind::text, "", "the user at the mail server; none: without AUTH"},
    {"smtp-password-file", Kind::text, "", "has the password of smtp-user, one line"},
    {"smtp-from", Kind::text, "", "the address that mails come from"},
    {"smtp-ca-file", Kind::text, "", "authorities of the mail server's certificate (PEM), not the system's"},
    {"notify-window", Kind::duration, "60s", "how long a notification waits for more to tell"},
    {"post-timeout", Kind::duration, "30s", "how long a platform may take to answer a post"},
    {"platform-limits", Kind::text, "",
     "a TOML file over the platforms' built-in limits and costs: docs/guides/platforms.md"},
    {"bluesky-url", Kind::url, "https://bsky.social", "the server of connections that name none"},
    {"bluesky-site", Kind::url, "https://bsky.app", "where people read Bluesky"},
    {"discord-url", Kind::url, "https://discord.com", "Discord's API"},
    {"x-url", Kind::url, "https://api.x.com", "X's API"},
    {"x-site", Kind::url, "https://x.com", "where people read X, and let this server in"},
    {"x-client-id", Kind::text, "", "this server's client at X; none: tokens are pasted"},
    {"x-client-secret-file", Kind::text, "", "has that client's secret, one line"},
    {"threads-url", Kind::url, "https://graph.threads.net", "Threads's API"},
    {"threads-site", Kind::url, "https://threads.net", "where people read Threads, and let this server in"},
    {"threads-client-id", Kind::text, "", "this server's client at Threads; none: tokens are pasted"},
    {"threads-client-secret-file", Kind::text, "", "has that client's secret, one line"},
    {"linkedin-url", Kind::url, "https://api.linkedin.com", "LinkedIn's API"},
    {"linkedin-site", Kind::url, "https://www.linkedin.com",
     "where people read LinkedIn, and let this server in"},
    {"linkedin-client-id", Kind::text, "", "this server's client at LinkedIn; none: tokens are pasted"},
    {"linkedin-client-secret-file", Kind::text, "", "has that client's secret, one line"},
    {"youtube-api-key-file", Kind::text, "",
     "has the key of YouTube's Data API, one line; without it streams are judged by their pages"},
    {"youtube-project", Kind::text, "default",
     "whose quota day that key uses up: shared by all instances that name it alike"},
    {"youtube-units-per-day", Kind::count, "10000",
     "units of that day where no quota project has that name; 0 asks the API for nothing"},
    {"youtube-api-url", Kind::url, "https://www.googleapis.com", "YouTube's Data API"},
    {"youtube-feed-url", Kind::url, "https://www.youtube.com", "YouTube's feeds"},
    {"youtube-page-url", Kind::url, "https://www.youtube.com", "YouTube's pages"},
    {"youtube-accounts-url", Kind::url, "https://accounts.google.com", "where people let this server in"},
    {"youtube-token-url", Kind::url, "https://oauth2.googleapis.com", "Google's tokens"},
    {"youtube-client-id", Kind::text, "", "this server's client at Google; none: tokens are pasted"},
    {"youtube-client-secret-file", Kind::text, "", "has that client's secret, one line"},
    {"upload-concurrency", Kind::number, "2", "videos uploaded at once"},
    {"upload-bandwidth-kib", Kind::count, "0", "KiB per second of all uploads together; 0: no limit"},
    {"upload-timeout", Kind::duration, "60s",
     "how long the last piece of a video may take; it leaves so long before its slot at least"},
    {"live-check-every", Kind::duration, "180s",
     "how often a channel is looked at; near a start six times as often"},
    {"live-check-timeout", Kind::duration, "10s", "of one look at a channel"},
    {"live-check-concurrency", Kind::number, "64", "channels looked at at once"},
    {"text-api", Kind::text, "",
     "the language model that writes texts speaks openai or anthropic; none: no texts"},
    {"text-url", Kind::text, "",
     "what stands before /v1/ of its URL; default https://api.openai.com or https://api.anthropic.com"},
    {"text-model", Kind::text, "", "the model's name"},
    {"text-key-file", Kind::text, "", "has its key, one line; none: a server that wants none"},
    {"text-max-tokens", Kind::number, "400", "the most that one answer may have"},
    {"text-timeout", Kind::duration, "30s", "how long one answer may take"},
    {"text-ahead", Kind::duration, "1h", "how long before a start texts are written that nobody asked for"},
    {"curate", Kind::flag, "false", "also work on curated records (docs/guides/pipelines.md)"},
    {"curate-deep-scan", Kind::text, "",
     "off, or words over the defaults: interval=1m batch=10 concurrency=4 instances=0 (over all servers; 0: "
     "no "
     "limit) retries=5 backoff=15s backoff-cap=1h delay=1s (between two requests to a host)"},
    {"curate-domain-extraction", Kind::text, "", "the same; interval=2m batch=20"},
    {"curate-domain-monitor", Kind::text, "", "the same; batch=50"},
    {"curate-sitemap-discovery", Kind::text, "", "the same; batch=10"},
    {"curate-sitemap-import", Kind::text, "", "the same; batch=20"},
    {"curate-page-curation", Kind::text, "", "the same; batch=10"},
    {"curate-places-key-file", Kind::text, "",
     "has the key for Google Place Details, one line; none: no place is scanned"},
    {"curate-places-api", Kind::text, "current", "current, or legacy: the API before"},
    {"curate-places-url", Kind::text, "", "of the provider; default: Google's own"},
    {"curate-places-budget", Kind::count, "100",
     "paid calls a day (America/Los_Angeles), over all servers; 0: none"},
    {"curate-fetch-time", Kind::duration, "30s", "how long one page may take; a sitemap ten times as long"},
    {"curate-sitemap-urls", Kind::count, "50000",
     "URLs of one sitemap, at most: what follows is left out, and noted"},
    {"curate-proxy", Kind::text, "",
     "http://HOST:PORT that pages are fetched through; it then has to keep private addresses away"},
    {"curate-contact", Kind::text, "",
     "an address or URL where owners of sites reach you: stands in the User-Agent"},
    {"media-folders", Kind::text, "",
     "NAME=PATH, with commas: folders of videos that people may choose from"},
    {"files-folder", Kind::text, "",
     "where files lie that come in by tus; all servers of one database need the same. Default: PATH.files "
     "beside "
     "a SQLite database; none for PostgreSQL"},
    {"files-max-mib", Kind::count, "131072", "MiB that one such file may have"},
    {"files-person-mib", Kind::count, "524288", "MiB of all files of one person"},
    {"files-free-mib", Kind::count, "1024", "MiB of that disk that stay free"},
    {"files-expire", Kind::duration, "24h", "an unfinished file is deleted so long after its last byte"},
    {"ffprobe", Kind::text, "ffprobe", "the program that measures videos, or off"},
    {"short-least", Kind::duration, "10s", "a short is at least so long"},
    {"short-most", Kind::duration, "60s", "a short is at most so long"},
    {"final-least", Kind::duration, "10s", "a final is at least so long"},
    {"server", Kind::text, "http://127.0.0.1:8787", "the server's URL"},
};

bool is_true(const std::string& text) { return text == "true" || text == "1" || text == "yes"; }
bool is_false(const std::string& text) {
  return text == "false" || text == "0" || text == "no" || text.empty();
}

// As a browser writes where a page is from (RFC 6454, section 6.2): no path, no slash at the end.
bool is_origin(const std::string& text) {
  const std::size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  return scheme != 0 && text.size() > scheme && text.find_first_of("/?#@ ,", scheme) == std::string::npos;
}

std::optional<int> number_in(const std::string& text, int least, int most) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most)
    return std::nullopt;
  return number;
}
std::optional<int> number_in(const std::string& text) { return number_in(text, 1, 1000); }
// How many there may be of something in all; none is a number too.
std::optional<int> count_in(const std::string& text) { return number_in(text, 0, 1'000'000'000); }

// What is wrong with a text of that kind, or nothing.
std::optional<std::string> problem_of(Kind kind, const std::string& text) {
  switch (kind) {
    case Kind::text:
      return std::nullopt;
    case Kind::flag:
      if (is_true(text) || is_false(text)) return std::nullopt;
      return "'" + text + "' is neither true nor false";
    case Kind::number:
      if (number_in(text)) return std::nullopt;
      return "'" + text + "' is no whole number from 1 to 1000";
    case Kind::count:
      if (count_in(text)) return std::nullopt;
      return "'" + text + "' is no whole number from 0 to 1000000000";
    case Kind::level:
      if (text == "debug" || text == "info" || text == "warn" || text == "error") return std::nullopt;
      return "'" + text + "' is none of debug, info, warn and error";
    case Kind::tls:
      if (text == "starttls" || text == "tls" || text == "none") return std::nullopt;
      return "'" + text + "' is none of starttls, tls and none";
    case Kind::address:
      try {
        parse_address(text);
        return std::nullopt;
      } catch (const UsageError& error) {
        return error.what();
      }
    case Kind::url:
      if (is_origin(text)) return std::nullopt;
      return "'" + text + "' is no origin: write https://HOST or http://HOST:PORT, without a path";
    case Kind::duration:
      break;
  }
  try {
    if (parse_duration(text).count() > 0) return std::nullopt;
    return "'" + text + "' is too short: at least 1ms";
  } catch (const base::UserError& error) {
    return error.what();
  }
}

std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const auto& setting : kSettings) names.emplace_back(setting.name);
  return names;
}

std::string what_is_known(const std::string& name) {
  const auto meant = closest(name, known_names());
  if (!meant.empty()) return "did you mean '" + meant + "'?";
  std::string out = "known are: ";
  for (const auto& known : known_names()) out += (known == kSettings[0].name ? "" : ", ") + known;
  return out;
}

// Edits between two words, each an inserted, a left out or another letter (Levenshtein).
std::size_t edits(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::map<std::string, std::string> read_file(const std::string& path) try {
  std::map<std::string, std::string> values;
  const toml::table table = toml::parse_file(path);
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const bool known = std::any_of(std::begin(kSettings), std::end(kSettings),
                                   [&](const Setting& setting) { return name == setting.name; });
    if (!known) throw UsageError(path + ": '" + name + "' is not known; " + what_is_known(name));
    if (const auto text = node.value_exact<std::string>())
      values[name] = *text;
    else if (const auto flag = node.value_exact<bool>())
      values[name] = *flag ? "true" : "false";
    else if (const auto number = node.value_exact<std::int64_t>())
      values[name] = std::to_string(*number);
    else
      throw UsageError(path + ": '" + name + "' must be a text, a whole number, true or false");
  }
  return values;
} catch (const toml::parse_error& error) {
  throw UsageError(path + ":" + std::to_string(error.source().begin.line) + ": " +
                   std::string(error.description()));
}
}  // namespace

std::span<const Setting> all_settings() { return kSettings; }

const Setting& setting_named(std::string_view name) {
  const auto* at = std::find_if(std::begin(kSettings), std::end(kSettings),
                                [&](const Setting& setting) { return name == setting.name; });
  FENCEPOST_ASSERT(at != std::end(kSettings));
  return *at;
}

std::string environment_name(std::string_view setting) {
  std::string name = "FENCEPOST_";
  for (const char c : setting)
    name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

std::string closest(const std::string& name, const std::vector<std::string>& known) {
  std::string best;
  std::size_t fewest = 3;
  for (const auto& candidate : known) {
    const auto count = edits(name, candidate);
    if (count < fewest && count < candidate.size()) {
      fewest = count;
      best = candidate;
    }
  }
  return best;
}

std::vector<std::pair<std::string, std::string>> misspelt_environment() {
  std::vector<std::string> known{"FENCEPOST_TOKEN"};
  for (const auto& setting : kSettings) known.push_back(environment_name(setting.name));
  std::vector<std::pair<std::string, std::string>> found;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string entry = *at;
    const auto name = entry.substr(0, entry.find('='));
    if (!name.starts_with("FENCEPOST_") || std::find(known.begin(), known.end(), name) != known.end())
      continue;
    if (auto meant = closest(name, known); !meant.empty()) found.emplace_back(name, std::move(meant));
  }
  return found;
}

Settings::Settings(std::map<std::string, std::string> flags, const std::string& file)
    : flags_(std::move(flags)), path_(file.empty() ? "fencepost.toml" : file) {
  if (file.empty() && !std::filesystem::exists(path_)) return;
  file_ = read_file(path_);
}

Settings::Found Settings::find(std::string_view name) const {
  const auto& setting = setting_named(name);
  if (const auto at = flags_.find(setting.name); at != flags_.end())
    return {at->second, "--" + std::string(setting.name)};
  const auto variable = environment_name(name);
  if (const char* value = std::getenv(variable.c_str()); value != nullptr && *value != '\0')
    return {value, variable};
  if (const auto at = file_.find(setting.name); at != file_.end()) return {at->second, path_};
  return {setting.fallback, "default"};
}

std::optional<std::string> Settings::problem(const Setting& setting) const {
  const auto [value, source] = find(setting.name);
  if (source == "default") return std::nullopt;
  const auto wrong = problem_of(setting.kind, value);
  if (!wrong) return std::nullopt;
  return (source.front() == '-' || source.starts_with("FENCEPOST_") ? source : source + ": " + setting.name) +
         ": " + *wrong;
}

bool Settings::flag(std::string_view name) const {
  if (const auto wrong = problem(setting_named(name))) throw UsageError(*wrong);
  return is_true(text(name));
}

int Settings::number(std::string_view name) const {
  if (const auto wrong = problem(setting_named(name))) throw UsageError(*wrong);
  return number_in(text(name)).value();
}

int Settings::count(std::string_view name) const {
  if (const auto wrong = problem(setting_named(name))) throw UsageError(*wrong);
  return count_in(text(name)).value();
}

base::Duration Settings::duration(std::string_view name) const {
  if (const auto wrong = problem(setting_named(name))) throw UsageError(*wrong);
  return parse_duration(text(name));
}

std::string Settings::needed(std::string_view name) const {
  auto value = text(name);
  if (value.empty())
    throw UsageError("say --" + std::string(name) + " (or " + environment_name(name) + ", or " +
                     std::string(name) + " in fencepost.toml): " + setting_named(name).help);
  return value;
}

Address parse_address(const std::string& text) {
  const auto colon = text.rfind(':');
  std::string host = text.substr(0, colon == std::string::npos ? 0 : colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const char* begin = text.data() + (colon == std::string::npos ? text.size() : colon + 1);
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), port);
  const bool ambiguous = !bracketed && host.find(':') != std::string::npos;
  if (host.empty() || ambiguous || error != std::errc() || end != text.data() + text.size())
    throw UsageError("'" + text +
                     "' is no address: write HOST:PORT, for example 127.0.0.1:8787 or [::1]:8787");
  return {host, port};
}

CLI::Option* add_switch(CLI::App& command, const std::string& name, const std::string& help) {
  // A help that were not const CLI11 would take for the variable to write to.
  return command.add_flag(name, help);
}

SettingFlags::SettingFlags(CLI::App& command, const std::vector<std::string_view>& names)
    : command_(command) {
  command
      .add_option("--config", "A file of settings; otherwise fencepost.toml in this folder, if there is one")
      ->type_name("FILE");
  for (const auto name : names) {
    const auto& setting = setting_named(name);
    names_.emplace_back(setting.name);
    const bool shows_default = setting.kind != Kind::flag && *setting.fallback != '\0';
    const std::string help = std::string(setting.help) + " [" + environment_name(name) + "]" +
                             (shows_default ? " (default " + std::string(setting.fallback) + ")" : "");
    const std::string flag = "--" + std::string(setting.name);
    if (setting.kind == Kind::flag) {
      add_switch(command, flag, help);
      continue;
    }
    const char* type = setting.kind == Kind::number     ? "N"
                       : setting.kind == Kind::count    ? "N"
                       : setting.kind == Kind::duration ? "DURATION"
                       : setting.kind == Kind::address  ? "HOST:PORT"
                       : setting.kind == Kind::level    ? "LEVEL"
                       : setting.kind == Kind::url      ? "URL"
                       : setting.kind == Kind::tls      ? "starttls|tls|none"
                                                        : "TEXT";
    command.add_option(flag, help)->type_name(type);
  }
}

Settings SettingFlags::settings() const {
  std::map<std::string, std::string> flags;
  for (const auto& name : names_)
    if (const auto* option = command_.get_option("--" + name); option->count() > 0)
      flags[name] = option->results().back();
  const auto* config = command_.get_option("--config");
  return Settings(std::move(flags), config->count() > 0 ? config->results().back() : "");
}

}  // namespace fencepost::cli

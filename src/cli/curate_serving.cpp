#include "cli/curate_serving.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/error.hpp"
#include "base/log.hpp"
#include "cli/process.hpp"
#include "cli/settings.hpp"
#include "cli/text.hpp"

namespace fencepost::cli {

namespace {
using curate::Pipeline;
using curate::PipelineOptions;

int whole(const std::string& text, int least, int most) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most)
    throw UsageError("'" + text + "' is no whole number from " + std::to_string(least) + " to " +
                     std::to_string(most));
  return number;
}

base::Duration at_least(const std::string& text, base::Duration least) {
  const auto duration = parse_duration(text);
  if (duration < least) throw UsageError("'" + text + "' is too short");
  return duration;
}

void set(PipelineOptions& options, const std::string& name, const std::string& value) {
  constexpr int kMost = 1'000;
  constexpr base::Duration kShortest = std::chrono::milliseconds(1);
  if (name == "interval") {
    options.interval = at_least(value, kShortest);
  } else if (name == "batch") {
    options.batch = whole(value, 1, kMost);
  } else if (name == "concurrency") {
    options.concurrency = whole(value, 1, 100);
  } else if (name == "instances") {
    options.max_instances = whole(value, 0, kMost);
  } else if (name == "retries") {
    options.backoff.retries = whole(value, 0, 100);
  } else if (name == "backoff") {
    options.backoff.first = at_least(value, kShortest);
  } else if (name == "backoff-cap") {
    options.backoff.cap = at_least(value, kShortest);
  } else if (name == "delay") {
    options.delay = value == "0" ? base::Duration(0) : at_least(value, base::Duration(0));
  } else {
    throw UsageError(
        "'" + name +
        "' is none of interval, batch, concurrency, instances, retries, backoff, backoff-cap and "
        "delay");
  }
}

PipelineOptions parse(Pipeline pipeline, const std::string& text) {
  auto options = curate::defaults(pipeline);
  if (text == "off") {
    options.on = false;
    return options;
  }
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) throw UsageError("'" + word + "' is neither off nor name=value");
    set(options, word.substr(0, equals), word.substr(equals + 1));
  }
  return options;
}

// One line; nullopt: no file is named.
std::optional<base::Secret> places_key(const Settings& settings) {
  const auto path = settings.text("curate-places-key-file");
  if (path.empty()) return std::nullopt;
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line) || line.empty())
    throw UsageError("curate-places-key-file '" + path + "' cannot be read, or is empty");
  return base::Secret(std::move(line));
}

connect::PlacesOptions places_options(const Settings& settings, base::Secret key) {
  const auto api = settings.text("curate-places-api");
  if (api != "current" && api != "legacy")
    throw UsageError("curate-places-api: '" + api + "' is neither current nor legacy");
  return {api == "legacy" ? connect::PlacesApi::legacy : connect::PlacesApi::current,
          settings.text("curate-places-url"), std::move(key)};
}

connect::HttpOptions http_options(const Settings& settings, const std::string& proxy) {
  auto options = outgoing(settings);
  options.proxy = proxy;
  return options;
}
}  // namespace

const std::vector<std::string_view>& curate_settings() {
  static const std::vector<std::string_view> names{"curate",
                                                   "curate-deep-scan",
                                                   "curate-domain-extraction",
                                                   "curate-domain-monitor",
                                                   "curate-sitemap-discovery",
                                                   "curate-sitemap-import",
                                                   "curate-page-curation",
                                                   "curate-places-key-file",
                                                   "curate-places-api",
                                                   "curate-places-url",
                                                   "curate-places-budget",
                                                   "curate-fetch-time",
                                                   "curate-sitemap-urls",
                                                   "curate-proxy",
                                                   "curate-contact"};
  return names;
}

curate::Options curate_options(const Settings& settings) {
  auto options = curate::default_options();
  for (const auto pipeline : curate::kPipelines) {
    const auto name = "curate-" + std::string(curate::name(pipeline));
    const auto found = settings.find(name);
    try {
      options.pipelines[static_cast<std::size_t>(pipeline)] = parse(pipeline, found.value);
    } catch (const std::exception& error) {
      throw UsageError(name + " (" + found.source + "): " + error.what());
    }
  }
  options.places_budget = settings.count("curate-places-budget");
  options.fetch_time = settings.duration("curate-fetch-time");
  options.sitemap_urls = static_cast<std::size_t>(settings.count("curate-sitemap-urls"));
  return options;
}

int curate_connections(const Settings& settings) {
  if (!settings.flag("curate")) return 0;
  int connections = 0;
  for (const auto& one : curate_options(settings).pipelines)
    if (one.on) connections += one.concurrency + 1;
  return connections;
}

// The provider is called at the URL that the operator has set, without the proxy, which is for people's
// sites.
struct CurateServing::Parts {
  Parts(const Settings& settings, store::Database& database, std::span<const store::Fence> fences,
        const base::Clock& clock)
      : options(curate_options(settings)),
        fences_(fences),
        lease(settings.duration("lease")),
        provider(to_base_urls(), clock),
        web(http_options(settings, settings.text("curate-proxy")), clock),
        fetcher(web, {settings.text("curate-contact")}) {
    if (auto key = places_key(settings)) places.emplace(provider, places_options(settings, std::move(*key)));
    pipelines.emplace(database, fences, fetcher, places ? &*places : nullptr, options);
  }

  const curate::Options options;
  const std::span<const store::Fence> fences_;
  const base::Duration lease;
  connect::HttpClient provider, web;
  connect::Fetcher fetcher;
  std::optional<connect::Places> places;
  std::optional<curate::Pipelines> pipelines;
  std::vector<std::unique_ptr<engine::HandlerWork>> works;
};

CurateServing::CurateServing(const Settings& settings, store::Database& database,
                             std::span<const store::Fence> fences, const base::Clock& clock)
    : parts_(std::make_unique<Parts>(settings, database, fences, clock)) {}

CurateServing::~CurateServing() = default;

void CurateServing::add_to(engine::Engine& engine) {
  for (const auto pipeline : curate::kPipelines) {
    const auto& options = parts_->options.of(pipeline);
    if (!options.on) continue;
    if (pipeline == Pipeline::deep_scan && !parts_->places) {
      base::log(base::LogLevel::warn, "no places are scanned: set curate-places-key-file");
      continue;
    }
    const auto at = std::find_if(parts_->fences_.begin(), parts_->fences_.end(), [&](const auto& fence) {
      return fence.queue().name == curate::queue_name(pipeline);
    });
    FENCEPOST_ASSERT(at != parts_->fences_.end());
    auto* const pipelines = &*parts_->pipelines;
    parts_->works.push_back(std::make_unique<engine::HandlerWork>(
        engine.context(), *at,
        [pipelines, pipeline](const engine::Attempt& attempt) { return pipelines->run(pipeline, attempt); }));
    engine.add(*parts_->works.back(), {.concurrency = options.concurrency,
                                       .lease = parts_->lease,
                                       .poll = options.interval,
                                       .largest_batch = options.batch});
  }
  if (parts_->places) parts_->pipelines->apply_budget();
}

}  // namespace fencepost::cli

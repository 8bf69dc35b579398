#include "apps/curate/kinds.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace fencepost::curate {

namespace {
using Words = std::vector<std::string>;

template <typename Names, typename Enum>
std::string_view at(const Names& names, Enum value) {
  return names.at(static_cast<std::size_t>(value));
}

constexpr std::array<std::string_view, 5> kKindNames{"places", "businesses", "domains", "sitemaps", "pages"};
constexpr std::array<std::string_view, 6> kPipelineNames{"deep-scan",      "domain-extraction",
                                                         "domain-monitor", "sitemap-discovery",
                                                         "sitemap-import", "page-curation"};
// Not the bare nouns: people adopt tables of such names.
constexpr std::string_view kPrefix = "curate-";
constexpr std::array<std::string_view, 6> kQueueNames{"curate-places",   "curate-businesses",
                                                      "curate-domains",  "curate-discoveries",
                                                      "curate-sitemaps", "curate-pages"};
}  // namespace

std::string_view name(Kind kind) { return at(kKindNames, kind); }
std::string_view name(Pipeline pipeline) { return at(kPipelineNames, pipeline); }
std::string_view queue_name(Pipeline pipeline) { return at(kQueueNames, pipeline); }

std::optional<Kind> kind_named(std::string_view text) {
  for (const auto kind : kKinds)
    if (name(kind) == text) return kind;
  return std::nullopt;
}

const Words& curation_words(Kind kind) {
  static const Words common{"New", "Selected", "Maybe", "Not a Fit", "Archived"};
  static const Words completed{"New", "Selected", "Maybe", "Not a Fit", "Archived", "Completed"};
  static const Words skipped{"New", "Selected", "Maybe", "Not a Fit", "Archived", "Skipped"};
  switch (kind) {
    case Kind::domain:
    case Kind::sitemap:
      return completed;
    case Kind::page:
      return skipped;
    case Kind::place:
    case Kind::business:
      break;
  }
  return common;
}

const Words& processing_words(Kind kind) {
  static const Words common{"", "Queued", "Processing", "Completed", "Error", "Stopped"};
  static const Words filtered{"", "Queued", "Processing", "Completed", "Error", "Stopped", "Filtered"};
  return kind == Kind::page ? filtered : common;
}

bool is_no(std::string_view curation_status) {
  return curation_status == "Not a Fit" || curation_status == "Archived" || curation_status == "Skipped";
}

std::vector<Pipeline> pipelines_of(Kind kind) {
  switch (kind) {
    case Kind::place:
      return {Pipeline::deep_scan};
    case Kind::business:
      return {Pipeline::domain_extraction};
    case Kind::domain:
      return {Pipeline::domain_monitor, Pipeline::sitemap_discovery};
    case Kind::sitemap:
      return {Pipeline::sitemap_import};
    case Kind::page:
      break;
  }
  return {Pipeline::page_curation};
}

PipelineOptions defaults(Pipeline pipeline) {
  PipelineOptions options;
  switch (pipeline) {
    case Pipeline::domain_extraction:
      options.interval = std::chrono::minutes(2);
      options.batch = 20;
      break;
    case Pipeline::domain_monitor:
      options.batch = 50;
      break;
    case Pipeline::sitemap_import:
      options.batch = 20;
      break;
    case Pipeline::deep_scan:
    case Pipeline::sitemap_discovery:
    case Pipeline::page_curation:
      break;
  }
  return options;
}

core::Queue queue_of(Pipeline pipeline, const PipelineOptions& options) {
  core::Queue queue;
  queue.name = queue_name(pipeline);
  queue.table = "fencepost_" + queue.name.substr(kPrefix.size());
  queue.status = "processing_status";
  queue.words = {.queued = "Queued",
                 .claimed = "Processing",
                 .sending = "Processing",
                 .done = "Completed",
                 .failed = "Error",
                 .unknown = "Error",
                 .stopped = "Stopped"};
  queue.backoff = options.backoff;
  queue.limits.concurrency = options.max_instances;
  const auto per_host = [&] {
    queue.limits.key = "host";
    queue.limits.per_key = 1;
    if (options.delay.count() > 0) queue.limits.rate = {.count = 1, .per = options.delay, .burst = 1};
  };
  // What is done with a record: when it changes under its handler, the handler's result does not count.
  switch (pipeline) {
    case Pipeline::deep_scan:
      queue.payload = {"place_id", "again"};
      break;
    case Pipeline::domain_extraction:
      queue.payload = {"website", "again"};
      break;
    case Pipeline::sitemap_discovery:
      queue.key = "domain_id";
      queue.payload = {"host", "again"};
      per_host();
      break;
    case Pipeline::domain_monitor:
      queue.payload = {"host", "again"};
      per_host();
      break;
    case Pipeline::page_curation:
      queue.priority = "score";
      [[fallthrough]];
    case Pipeline::sitemap_import:
      queue.payload = {"url", "again"};
      per_host();
      break;
  }
  return queue;
}

core::Queue queue_of(Pipeline pipeline) { return queue_of(pipeline, defaults(pipeline)); }

}  // namespace fencepost::curate

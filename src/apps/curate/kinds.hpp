#pragma once
// What is curated, by which words, and the six queues. Pure values.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/state.hpp"

namespace fencepost::curate {

// Records that people pick. Contacts are only found.
enum class Kind { place, business, domain, sitemap, page };
inline constexpr Kind kKinds[] = {Kind::place, Kind::business, Kind::domain, Kind::sitemap, Kind::page};

// "places": in paths, commands and tables.
std::string_view name(Kind kind);
std::optional<Kind> kind_named(std::string_view text);

// The words of `curation_status` that a kind knows; the first is a new record's.
const std::vector<std::string>& curation_words(Kind kind);
// The words of `processing_status`; "": never queued, or taken back.
const std::vector<std::string>& processing_words(Kind kind);
inline constexpr const char* kSelected = "Selected";
// "Not a Fit", "Archived", "Skipped": somebody said no, and what is queued all the same is taken back.
bool is_no(std::string_view curation_status);

enum class Pipeline {
  deep_scan,
  domain_extraction,
  domain_monitor,
  sitemap_discovery,
  sitemap_import,
  page_curation
};
inline constexpr Pipeline kPipelines[] = {Pipeline::deep_scan,      Pipeline::domain_extraction,
                                          Pipeline::domain_monitor, Pipeline::sitemap_discovery,
                                          Pipeline::sitemap_import, Pipeline::page_curation};
// "deep-scan": in settings.
std::string_view name(Pipeline pipeline);
// The queue: "curate-places", …, "curate-discoveries" of a domain's sitemaps.
std::string_view queue_name(Pipeline pipeline);
// The pipelines of a kind: a domain has two.
std::vector<Pipeline> pipelines_of(Kind kind);

// How a pipeline works; all of it can be set (`curate-deep-scan = "batch=5 retries=3"`).
struct PipelineOptions {
  bool on = true;
  base::Duration interval = std::chrono::minutes(1);  // looks at least so often, where nothing wakes it
  int batch = 10;                                     // claimed at once, at most
  int concurrency = 4;                                // of one process
  int max_instances = 0;                              // at work at once over all processes; 0: no limit
  core::Backoff backoff = {};
  base::Duration delay = std::chrono::seconds(1);  // between two requests to one host; 0: none
  bool operator==(const PipelineOptions&) const = default;
};
// As SYSTEMS.md has them.
PipelineOptions defaults(Pipeline pipeline);

core::Queue queue_of(Pipeline pipeline, const PipelineOptions& options);
core::Queue queue_of(Pipeline pipeline);

}  // namespace fencepost::curate

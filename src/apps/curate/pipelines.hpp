#pragma once
// The six pipelines: handlers of repeatable queues (engine/handler_work.hpp). Each reads its record, works
// without a connection, and gives back what it found as a function that runs in the transaction which
// settles: so its results are there if and only if the record says Completed, once, whatever dies when.
//
// Thread-safe. Everything named outlives it.

#include <array>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <variant>

#include "apps/curate/hosts.hpp"
#include "apps/curate/kinds.hpp"
#include "connect/fetch/fetcher.hpp"
#include "connect/places/places.hpp"
#include "engine/handler_work.hpp"
#include "store/budget.hpp"

namespace fencepost::curate {

struct Options {
  std::array<PipelineOptions, 6> pipelines = {};  // in the order of kPipelines: see defaults()
  // Paid calls a day of the provider's, over all instances.
  int places_budget = 100;
  std::string places_zone = "America/Los_Angeles";
  base::Duration fetch_time = std::chrono::seconds(30);  // of a page; of a sitemap ten times as much
  int sitemap_depth = 3;                                 // indexes above a sitemap, at most
  std::size_t sitemap_urls = 50'000;                     // of one sitemap; more is left out, and noted
  base::Duration patience = std::chrono::seconds(5);  // for a host's turn; then the record waits in its queue

  const PipelineOptions& of(Pipeline pipeline) const { return pipelines[static_cast<std::size_t>(pipeline)]; }
};
// With the defaults of each pipeline.
Options default_options();

class Pipelines {
 public:
  // `places` may be null: then deep_scan must not be run.
  Pipelines(store::Database& database, std::span<const store::Fence> fences, connect::Fetcher& fetcher,
            connect::Places* places, Options options);

  // The budget as the options have it, for today and from then on. To be called once, at start.
  void apply_budget();

  // The handler of a pipeline's queue.
  engine::Outcome run(Pipeline pipeline, const engine::Attempt& attempt);

  static constexpr const char* kBudgetScope = "places.details";
  static constexpr const char* kBudgetName = "google";

 private:
  using Within = std::function<void(store::Connection&)>;
  engine::Outcome deep_scan(const engine::Attempt& attempt);
  std::variant<std::string, engine::Outcome> buy(const engine::Attempt& attempt, const std::string& place_id);
  std::variant<std::int64_t, engine::Outcome> draw(const store::Claim& claim, const std::string& place_id);
  engine::Outcome domain_extraction(const engine::Attempt& attempt);
  engine::Outcome domain_monitor(const engine::Attempt& attempt);
  engine::Outcome sitemap_discovery(const engine::Attempt& attempt);
  engine::Outcome sitemap_import(const engine::Attempt& attempt);
  engine::Outcome page_curation(const engine::Attempt& attempt);

  store::Row read(const store::Statement& statement, const engine::Attempt& attempt);
  const store::Fence& fence(Pipeline pipeline) const;
  // Outcomes that leave their evidence on the record.
  engine::Outcome done(Pipeline pipeline, const engine::Attempt& attempt, const nlohmann::json& evidence,
                       Within within, const std::string& note = {}) const;
  engine::Outcome failed(Pipeline pipeline, const engine::Attempt& attempt, const std::string& error,
                         const nlohmann::json& evidence) const;
  engine::Outcome taken_back(Pipeline pipeline, const engine::Attempt& attempt) const;
  engine::Outcome waits(Pipeline pipeline, const engine::Attempt& attempt, base::Duration delay,
                        const std::string& note) const;
  engine::Outcome not_fetched(Pipeline pipeline, const engine::Attempt& attempt,
                              const connect::FetchError& error, nlohmann::json evidence) const;
  Within keeps(Pipeline pipeline, const engine::Attempt& attempt, const nlohmann::json& evidence,
               const std::string& note, Within within) const;

  // One request, in the host's turn; throws Busy where it does not come.
  struct Busy {
    base::Duration left;
  };
  template <typename Ask>
  auto in_turn(Pipeline pipeline, const std::string& host, base::Duration time,
               const engine::Attempt& attempt, Ask&& ask) {
    const auto rest = options_.of(pipeline).delay;
    auto turn = hosts_.turn(host, time + kGrace + rest, rest, options_.patience,
                            store::worker_of(attempt.claim().claim), attempt.stop());
    if (const auto* left = std::get_if<base::Duration>(&turn)) throw Busy{*left};
    return ask(fetcher_.clock().boot() + time);
  }
  static constexpr base::Duration kGrace = std::chrono::seconds(10);
  // Asks over TLS, and without only where nobody listens for it.
  template <typename Ask>
  auto over_either(const std::string& host, Ask&& ask) {
    auto answer = ask("https://" + host);
    const auto* error = std::get_if<connect::FetchError>(&answer);
    if (error == nullptr || error->kind != connect::FetchError::Kind::connect) return answer;
    return ask("http://" + host);
  }
  connect::FetchResult fetch(Pipeline pipeline, const std::string& host, const std::string& url,
                             const engine::Attempt& attempt);
  // What looking for sitemaps has found: URLs, and where it looked with what answer.
  struct Discovered;
  void ask_robots(const std::string& host, const engine::Attempt& attempt, Discovered& found);
  void ask_home(const std::string& host, const engine::Attempt& attempt, Discovered& found);
  void ask_usual_places(const std::string& host, const engine::Attempt& attempt, Discovered& found);

  store::Database& database_;
  const std::span<const store::Fence> fences_;
  connect::Fetcher& fetcher_;
  connect::Places* const places_;
  const Options options_;
  Hosts hosts_;
};

}  // namespace fencepost::curate

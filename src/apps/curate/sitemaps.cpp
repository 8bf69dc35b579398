// Where a domain's sitemaps are, and what stands in them.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "apps/curate/evidence.hpp"
#include "apps/curate/pipelines.hpp"
#include "base/testpoint.hpp"
#include "connect/domain.hpp"
#include "connect/fetch/robots.hpp"
#include "connect/html/page.hpp"
#include "connect/sitemap/reader.hpp"
#include "connect/sitemap/rules.hpp"
#include "curate/sql.hpp"
#include "store/certain.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"

namespace fencepost::curate {

using connect::FetchError;
using engine::Attempt;
using engine::Outcome;
using nlohmann::json;

namespace {
constexpr std::size_t kMostSitemaps = 1'000;  // of one domain's discovery
constexpr int kSitemapTimes = 10;             // as long as a page may take

std::vector<store::Params> rows_of(const std::set<std::string>& urls) {
  std::vector<store::Params> rows;
  for (const auto& url : urls) rows.push_back({url});
  return rows;
}

// Whose turn it is that a sitemap waits for. robots.txt may name one on another host, where those of many
// domains stand.
std::string host_asked(const std::string& url, const std::string& domain) try {
  if (connect::on_host(url, domain) || !store::guard("sitemap_host")) return domain;
  return connect::domain_of(url).host;
} catch (const base::UserError&) {
  return domain;  // what is no host is not asked either
}

std::string_view name(connect::SitemapResult::Kind kind) {
  switch (kind) {
    case connect::SitemapResult::Kind::urlset:
      return "urlset";
    case connect::SitemapResult::Kind::index:
      return "index";
    case connect::SitemapResult::Kind::text:
      return "text";
    case connect::SitemapResult::Kind::nothing:
      break;
  }
  return "nothing";
}

// A page as its URL alone makes it.
store::Params page_row(const std::string& url, const connect::UrlVerdict& verdict) {
  using Kind = connect::UrlVerdict::Kind;
  const bool selected = verdict.kind == Kind::selected;
  return {url, verdict.reason, static_cast<int>(verdict.score * 100 + 0.5), selected ? kSelected : "New",
          selected                         ? "Queued"
          : verdict.kind == Kind::filtered ? "Filtered"
                                           : ""};
}
}  // namespace

// -- domain → sitemaps

struct Pipelines::Discovered {
  std::string origin;  // that answered
  connect::Robots robots;
  std::set<std::string> urls;
  json looked = json::object();      // where, and what was there
  std::optional<FetchError> failed;  // what kept us from looking
  void add(const std::vector<std::string>& links, const std::string& base) {
    for (const auto& link : links)
      if (const auto url = connect::absolute_url(base, link); url && urls.size() < kMostSitemaps)
        urls.insert(*url);
  }
};

void Pipelines::ask_robots(const std::string& host, const Attempt& attempt, Discovered& found) {
  auto answer = over_either(host, [&](const std::string& origin) {
    found.origin = origin;
    return in_turn(Pipeline::sitemap_discovery, host, options_.fetch_time, attempt,
                   [&](base::BootTime deadline) {
                     return connect::robots_of(fetcher_, origin + "/", deadline, attempt.stop());
                   });
  });
  if (auto* error = std::get_if<FetchError>(&answer)) {
    found.failed = std::move(*error);
    return;
  }
  found.robots = std::get<connect::Robots>(std::move(answer));
  found.add(found.robots.sitemaps(), {});
  found.looked["robots"] = std::to_string(found.robots.sitemaps().size()) + " named";
}

void Pipelines::ask_home(const std::string& host, const Attempt& attempt, Discovered& found) {
  if (!found.robots.allows("/")) {
    found.looked["home"] = "robots.txt forbids it";
    return;
  }
  const auto result = fetch(Pipeline::sitemap_discovery, host, found.origin + "/", attempt);
  if (const auto* error = std::get_if<FetchError>(&result)) {
    found.looked["home"] = error->reason;
    if (error->temporary || error->kind == FetchError::Kind::stopped) found.failed = *error;
    return;
  }
  const auto& fetched = std::get<connect::Fetched>(result);
  const auto page = connect::read_page(fetched.body, fetched.url, fetched.headers);
  found.add(page.sitemaps, fetched.url);
  found.looked["home"] = std::to_string(page.sitemaps.size()) + " named";
}

// Only where nothing was named: each is a request to somebody's server.
void Pipelines::ask_usual_places(const std::string& host, const Attempt& attempt, Discovered& found) {
  for (const auto& path : connect::common_sitemap_paths()) {
    if (!found.robots.allows(path)) {
      found.looked[path] = "robots.txt forbids it";
      continue;
    }
    connect::FetchRequest request;
    request.url = found.origin + path;
    request.content = connect::Content::sitemap;
    request.caps.time = options_.fetch_time;
    connect::SitemapReader reader(request.url, {.urls = 1}, [](auto& batch) { batch.clear(); });
    // The first element is enough.
    const auto result = in_turn(
        Pipeline::sitemap_discovery, host, options_.fetch_time, attempt, [&](base::BootTime deadline) {
          return fetcher_.stream(
              request, [&](std::string_view piece) { return reader.feed(piece); }, deadline, attempt.stop());
        });
    const auto* error = std::get_if<FetchError>(&result);
    const bool read = error == nullptr || error->kind == FetchError::Kind::unwanted;
    if (read && reader.kind() != connect::SitemapResult::Kind::nothing) {
      found.urls.insert(request.url);
      found.looked[path] = name(reader.kind());
      return;
    }
    found.looked[path] = read ? "not a sitemap" : error->reason;
    if (!read && (error->temporary || error->kind == FetchError::Kind::stopped)) {
      found.failed = *error;
      return;
    }
  }
}

Outcome Pipelines::sitemap_discovery(const Attempt& attempt) {
  constexpr auto kThis = Pipeline::sitemap_discovery;
  const auto domain = read(sql::domain, attempt);
  if (is_no(domain[1].text())) return taken_back(kThis, attempt);
  const auto& host = domain[0].text();
  Discovered found;
  ask_robots(host, attempt, found);
  if (!found.failed) ask_home(host, attempt, found);
  if (!found.failed && found.urls.empty()) ask_usual_places(host, attempt, found);
  const json evidence = {{"looked", found.looked}, {"sitemaps", found.urls}};
  // What was named is worth keeping, whatever could not be asked besides; but who was asked to end has not
  // seen what else is named.
  const bool ended =
      found.failed && found.failed->kind == FetchError::Kind::stopped && store::guard("discovery_whole");
  if (ended || (found.failed && found.urls.empty()))
    return not_fetched(kThis, attempt, *found.failed, evidence);
  if (found.urls.empty()) return failed(kThis, attempt, "no sitemap was found", evidence);
  return done(kThis, attempt, evidence,
              [urls = rows_of(found.urls), id = std::stoll(attempt.claim().item),
               host](store::Connection& connection) {
                connection.run_batch(sql::add_sitemaps, urls, {id, host, nullptr, 0, "New"});
              });
}

// -- sitemap → pages

// Writes what a sitemap names while it is read, batch by batch: each a transaction of its own, in which the
// claim still counts, and which may be repeated, because each URL is there once. So memory is flat, and a
// worker who has lost its claim writes nothing.
class SitemapWriter {
 public:
  SitemapWriter(store::Database& database, const store::Fence& fence, const store::Claim& claim,
                const store::Row& sitemap, int depth)
      : database_(database),
        fence_(fence),
        claim_(claim),
        domain_(sitemap[0].integer()),
        host_(sitemap[1].text()),
        depth_(static_cast<int>(sitemap[3].integer())),
        most_depth_(depth) {}

  void pages(const std::vector<connect::SitemapEntry>& batch) {
    std::set<std::string> urls;
    for (const auto& entry : batch) take(entry.url, urls);
    std::vector<store::Params> rows;
    for (const auto& url : urls) rows.push_back(page_row(url, connect::judge_url(url)));
    write([&](store::Connection& connection) {
      return connection.run_batch(sql::add_pages, rows, {domain_, host_}).size();
    });
  }

  void sitemaps(const std::vector<connect::SitemapEntry>& batch) {
    std::set<std::string> urls;
    for (const auto& entry : batch) take(entry.url, urls);
    if (depth_ >= most_depth_) {
      too_deep += urls.size();
      return;
    }
    const auto rows = rows_of(urls);
    write([&](store::Connection& connection) {
      return connection
          .run_batch(sql::add_sitemaps, rows,
                     {domain_, host_, std::stoll(claim_.item), depth_ + 1, kSelected})
          .size();
    });
  }

  std::size_t added = 0;      // that were not known before
  std::size_t elsewhere = 0;  // of other hosts
  std::size_t too_deep = 0;   // named by too many indexes above

 private:
  void take(const std::string& url, std::set<std::string>& urls) {
    if (connect::on_host(url, host_))
      urls.insert(url);  // in one order, for those who write the same at the same time
    else
      ++elsewhere;
  }

  template <typename Write>
  void write(Write&& what) {
    const auto once = [&](store::Connection& connection) {
      store::Transaction transaction(connection);
      if (connection.run(fence_.over(sql::lock_claim), {claim_.item, claim_.claim, claim_.fence}).empty())
        throw Gone{};
      const auto n = what(connection);
      base::testpoint("import.commit");
      transaction.commit();
      return n;
    };
    added += store::until_certain(database_,
                                  [&](store::Connection& connection, bool) { return once(connection); });
    base::testpoint("import.batch");
  }

  store::Database& database_;
  const store::Fence& fence_;
  const store::Claim& claim_;
  const std::int64_t domain_;
  const std::string host_;
  const int depth_, most_depth_;
};

Outcome Pipelines::sitemap_import(const Attempt& attempt) {
  constexpr auto kThis = Pipeline::sitemap_import;
  const auto sitemap = read(sql::sitemap, attempt);
  if (is_no(sitemap[4].text())) return taken_back(kThis, attempt);
  const auto &host = sitemap[1].text(), &url = sitemap[2].text();
  SitemapWriter writer(database_, fence(kThis), attempt.claim(), sitemap, options_.sitemap_depth);

  connect::FetchRequest request;
  request.url = url;
  request.content = connect::Content::sitemap;
  request.caps.time = kSitemapTimes * options_.fetch_time;
  connect::SitemapCaps caps;
  caps.urls = options_.sitemap_urls;
  request.caps.wire_bytes = request.caps.body_bytes = caps.bytes;
  std::optional<connect::SitemapReader> reader;
  reader.emplace(url, caps, [&](std::vector<connect::SitemapEntry>& batch) {
    if (reader->kind() == connect::SitemapResult::Kind::index)
      writer.sitemaps(batch);
    else
      writer.pages(batch);
  });
  const auto result =
      in_turn(kThis, host_asked(url, host), request.caps.time, attempt, [&](base::BootTime deadline) {
        return fetcher_.stream(
            request, [&](std::string_view piece) { return reader->feed(piece); }, deadline, attempt.stop());
      });
  const auto* error = std::get_if<FetchError>(&result);
  if (error != nullptr && error->kind != FetchError::Kind::unwanted)
    return not_fetched(kThis, attempt, *error, {{"urls_before", writer.added}});
  const auto read = reader->finish();
  json evidence = {{"kind", name(read.kind)}, {"urls", read.urls}, {"new", writer.added}};
  if (read.skipped > 0) evidence["skipped"] = read.skipped;
  if (writer.elsewhere > 0) evidence["elsewhere"] = writer.elsewhere;
  if (writer.too_deep > 0) evidence["too_deep"] = writer.too_deep;
  if (read.error) return failed(kThis, attempt, *read.error, evidence);
  // A fault of old: "success" that produced nothing.
  if (read.urls == 0 || writer.elsewhere + writer.too_deep >= read.urls)
    return failed(
        kThis, attempt,
        writer.too_deep > 0 ? "it stands under too many indexes" : "it names no page of this domain",
        evidence);
  return done(
      kThis, attempt, evidence,
      [id = std::stoll(attempt.claim().item), n = static_cast<std::int64_t>(read.urls),
       queue = std::string(
           queue_name(read.kind == connect::SitemapResult::Kind::index ? kThis : Pipeline::page_curation))](
          store::Connection& connection) {
        connection.run(sql::set_sitemap_urls, {id, n});
        connection.run(store::sql::notify, {queue});
      },
      read.truncated ? "a cap was met: what followed was left out" : "");
}

}  // namespace fencepost::curate

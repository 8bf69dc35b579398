#include "apps/curate/pipelines.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/curate/evidence.hpp"
#include "base/error.hpp"
#include "connect/domain.hpp"
#include "connect/html/page.hpp"
#include "curate/sql.hpp"

namespace fencepost::curate {

using engine::Attempt;
using engine::Outcome;
using nlohmann::json;

Options default_options() {
  Options options;
  for (const auto pipeline : kPipelines)
    options.pipelines[static_cast<std::size_t>(pipeline)] = defaults(pipeline);
  return options;
}

Pipelines::Pipelines(store::Database& database, std::span<const store::Fence> fences,
                     connect::Fetcher& fetcher, connect::Places* places, Options options)
    : database_(database),
      fences_(fences),
      fetcher_(fetcher),
      places_(places),
      options_(std::move(options)),
      hosts_(database, fetcher.clock()) {}

const store::Fence& Pipelines::fence(Pipeline pipeline) const {
  const auto at = std::find_if(fences_.begin(), fences_.end(),
                               [&](const auto& fence) { return fence.queue().name == queue_name(pipeline); });
  FENCEPOST_ASSERT(at != fences_.end());
  return *at;
}

Outcome Pipelines::run(Pipeline pipeline, const Attempt& attempt) try {
  switch (pipeline) {
    case Pipeline::deep_scan:
      return deep_scan(attempt);
    case Pipeline::domain_extraction:
      return domain_extraction(attempt);
    case Pipeline::domain_monitor:
      return domain_monitor(attempt);
    case Pipeline::sitemap_discovery:
      return sitemap_discovery(attempt);
    case Pipeline::sitemap_import:
      return sitemap_import(attempt);
    case Pipeline::page_curation:
      break;
  }
  return page_curation(attempt);
} catch (const Busy& busy) {
  // Somebody else's request is at the host: no attempt of this record, which waits in its queue.
  return waits(pipeline, attempt, busy.left, "waits for its turn at the host");
} catch (const Gone&) {
  return Outcome::done();  // stale: its settlement says so
}

store::Row Pipelines::read(const store::Statement& statement, const Attempt& attempt) {
  const auto rows = database_.retrying([&](store::Connection& connection) {
    return connection.run(statement, {std::stoll(attempt.claim().item)});
  });
  if (rows.empty()) throw Gone{};
  return rows[0];
}

// -- outcomes

Pipelines::Within Pipelines::keeps(Pipeline pipeline, const Attempt& attempt, const json& evidence,
                                   const std::string& note, Within within) const {
  return [&one = fence(pipeline), item = attempt.claim().item, text = text_of(evidence), note,
          within = std::move(within)](store::Connection& connection) {
    if (within) within(connection);
    connection.run(one.over(sql::set_outcome), {item, text, note});
  };
}

Outcome Pipelines::done(Pipeline pipeline, const Attempt& attempt, const json& evidence, Within within,
                        const std::string& note) const {
  return Outcome::done(keeps(pipeline, attempt, evidence, note, std::move(within)));
}

Outcome Pipelines::failed(Pipeline pipeline, const Attempt& attempt, const std::string& error,
                          const json& evidence) const {
  auto outcome = Outcome::failed(error);
  outcome.within = keeps(pipeline, attempt, evidence, {}, {});
  return outcome;
}

Outcome Pipelines::taken_back(Pipeline pipeline, const Attempt& attempt) const {
  return Outcome::done([&one = fence(pipeline), item = attempt.claim().item](store::Connection& connection) {
    connection.run(one.over(sql::take_back), {item});
  });
}

Outcome Pipelines::waits(Pipeline pipeline, const Attempt& attempt, base::Duration delay,
                         const std::string& note) const {
  auto outcome = Outcome::snooze(delay);
  outcome.within = [&one = fence(pipeline), item = attempt.claim().item,
                    note](store::Connection& connection) {
    connection.run(one.over(sql::set_note), {item, note});
  };
  return outcome;
}

Outcome Pipelines::not_fetched(Pipeline pipeline, const Attempt& attempt, const connect::FetchError& error,
                               json evidence) const {
  // The process ends, or somebody wants this one to: no attempt.
  if (error.kind == connect::FetchError::Kind::stopped) return Outcome::snooze(base::Duration(0));
  if (error.status != 0) evidence["status"] = error.status;
  if (!error.temporary) return failed(pipeline, attempt, error.reason, evidence);
  auto outcome = Outcome::retry(error.reason, error.retry_after);
  outcome.within = keeps(pipeline, attempt, evidence, {}, {});
  return outcome;
}

connect::FetchResult Pipelines::fetch(Pipeline pipeline, const std::string& host, const std::string& url,
                                      const Attempt& attempt) {
  connect::FetchRequest request;
  request.url = url;
  request.caps.time = options_.fetch_time;
  return in_turn(pipeline, host, options_.fetch_time, attempt,
                 [&](base::BootTime deadline) { return fetcher_.fetch(request, deadline, attempt.stop()); });
}

// -- business → domain

Outcome Pipelines::domain_extraction(const Attempt& attempt) {
  constexpr auto kThis = Pipeline::domain_extraction;
  const auto business = read(sql::business, attempt);
  if (is_no(business[1].text())) return taken_back(kThis, attempt);
  const auto& website = business[0].text();
  if (website.empty()) return failed(kThis, attempt, "it has no website", json::object());
  connect::Domain domain;
  try {
    domain = connect::domain_of(website);
  } catch (const base::UserError& error) {
    return failed(kThis, attempt, error.what(), {{"website", website}});
  }
  return done(kThis, attempt, {{"host", domain.host}, {"registrable", domain.registrable}},
              [id = std::stoll(attempt.claim().item), host = domain.host](store::Connection& connection) {
                connection.run(sql::add_domain, {host});
                connection.run(sql::set_business_domain, {id, host});
              });
}

// -- a domain's home page

Outcome Pipelines::domain_monitor(const Attempt& attempt) {
  constexpr auto kThis = Pipeline::domain_monitor;
  const auto domain = read(sql::domain, attempt);
  if (is_no(domain[1].text())) return taken_back(kThis, attempt);
  const auto& host = domain[0].text();
  const auto result =
      over_either(host, [&](const std::string& origin) { return fetch(kThis, host, origin + "/", attempt); });
  if (const auto* error = std::get_if<connect::FetchError>(&result))
    return not_fetched(kThis, attempt, *error, json::object());
  const auto& fetched = std::get<connect::Fetched>(result);
  const auto page = connect::read_page(fetched.body, fetched.url, fetched.headers);
  auto evidence = evidence_of(page);
  evidence["url"] = fetched.url;
  if (says_nothing(page)) return failed(kThis, attempt, "the home page says nothing", evidence);
  return done(kThis, attempt, evidence,
              [id = std::stoll(attempt.claim().item), title = page.title, description = page.description,
               language = page.language](store::Connection& connection) {
                connection.run(sql::set_domain_facts, {id, title, description, language});
              });
}

// -- page → contacts

Outcome Pipelines::page_curation(const Attempt& attempt) {
  constexpr auto kThis = Pipeline::page_curation;
  const auto record = read(sql::page, attempt);
  if (is_no(record[3].text())) return taken_back(kThis, attempt);
  const auto domain = record[0].integer();
  const auto &host = record[1].text(), &url = record[2].text();
  const auto result = fetch(kThis, host, url, attempt);
  if (const auto* error = std::get_if<connect::FetchError>(&result))
    return not_fetched(kThis, attempt, *error, json::object());
  const auto& fetched = std::get<connect::Fetched>(result);
  const auto page = connect::read_page(fetched.body, fetched.url, fetched.headers);
  const auto best = connect::best_email(page, host), phone = connect::best_phone(page);
  std::vector<store::Params> contacts;
  for (const auto& email : page.emails)
    contacts.push_back({email.address, phone, email.address == best ? 1 : 0});
  // Two pages that name the same addresses wait for one another in one order.
  std::sort(contacts.begin(), contacts.end(),
            [](const auto& a, const auto& b) { return a[0].text() < b[0].text(); });
  return done(
      kThis, attempt, evidence_of(page),
      [contacts, id = std::stoll(attempt.claim().item), domain, host, url,
       socials = text_of(socials_of(connect::best_socials(page)))](store::Connection& connection) {
        connection.run_batch(sql::upsert_contacts, contacts, {domain, host, socials, url});
        connection.run(sql::set_page_contact, {id, contacts.empty() ? "NoContactFound" : "ContactFound"});
      });
}

}  // namespace fencepost::curate

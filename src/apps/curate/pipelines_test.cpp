// From a business to contacts, over a web that the test serves. Both databases.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "apps/curate/testing/web.hpp"
#include "store/workers.hpp"

namespace fencepost::curate {
namespace {

class PipelinesTest : public testing::WebScene {
 protected:
  std::int64_t business(const std::string& website) {
    return run("INSERT INTO fencepost_businesses (name, website, curation_status) VALUES ('b', $1, "
               "'Selected') "
               "RETURNING id",
               {website})[0][0]
        .integer();
  }
  std::int64_t selected_domain(const std::string& host = "a.example") {
    const auto id = domain(host);
    pick(id, "Selected", Kind::domain);
    return id;
  }
  std::int64_t sitemap(const std::string& url, const std::string& host = "a.example") {
    run("INSERT INTO fencepost_domains (host) VALUES ($1) ON CONFLICT DO NOTHING", {host});
    return run("INSERT INTO fencepost_sitemaps (domain_id, host, url, curation_status) SELECT id, host, $2, "
               "'Selected' FROM fencepost_domains WHERE host = $1 RETURNING id",
               {host, url})[0][0]
        .integer();
  }
  std::int64_t page(const std::string& url, const std::string& host = "a.example") {
    run("INSERT INTO fencepost_domains (host) VALUES ($1) ON CONFLICT DO NOTHING", {host});
    return run("INSERT INTO fencepost_pages (domain_id, host, url, curation_status) SELECT id, host, $2, "
               "'Selected' FROM fencepost_domains WHERE host = $1 RETURNING id",
               {host, url})[0][0]
        .integer();
  }
  // A process that is at work.
  std::unique_ptr<store::WorkerRegistration> registration() {
    return std::make_unique<store::WorkerRegistration>(
        *database_, (std::filesystem::temp_directory_path() / "fencepost-curate-test").string(),
        [](store::Connection&, std::int64_t) { return false; });
  }
  static std::string urlset(const std::vector<std::string>& urls) {
    std::string xml = "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">";
    for (const auto& url : urls) xml += "<url><loc>" + url + "</loc></url>";
    return xml + "</urlset>";
  }
};

TEST_P(PipelinesTest, ABusinessesWebsiteBecomesADomainOnce) {
  const auto one = business("https://user:pw@www.Bücher.example.com:8443/x?y"),
             two = business("BÜCHER.example.com"), bad = business("localhost"), none = business("");
  EXPECT_EQ(work(Pipeline::domain_extraction), 4);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_domains"), 1);
  EXPECT_EQ(word("SELECT host FROM fencepost_domains"), "xn--bcher-kva.example.com");
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_businesses WHERE domain_id IS NOT NULL"), 2);
  EXPECT_EQ(processing(one, "businesses"), "Completed");
  EXPECT_EQ(processing(two, "businesses"), "Completed");
  EXPECT_EQ(processing(bad, "businesses"), "Error");
  EXPECT_EQ(error(none, "businesses"), "it has no website");
}

TEST_P(PipelinesTest, TheHomePageTellsWhatADomainIs) {
  const auto id = selected_domain();
  web_.page("http://a.example/",
            "<html lang=en><head><title>Bar &amp; Grill</title><meta name=description content='Food'></head>"
            "<body><a href='mailto:info@a.example'>write</a></body></html>");
  EXPECT_EQ(work(Pipeline::domain_monitor), 1);
  EXPECT_EQ(processing(id, "domains"), "Completed");
  EXPECT_EQ(word("SELECT title || '|' || description || '|' || language FROM fencepost_domains"),
            "Bar & Grill|Food|en");
  const auto evidence = nlohmann::json::parse(records_.get(Kind::domain, id).value().evidence);
  EXPECT_EQ(evidence.at("emails"), nlohmann::json({"info@a.example"}));
}

// Faults of the predecessor: "success" without output; an error that was not kept.
TEST_P(PipelinesTest, SuccessThatProducedNoOutputIsAnErrorThatIsKept) {
  const auto id = selected_domain();
  web_.page("http://a.example/", "<html></html>");
  EXPECT_EQ(work(Pipeline::domain_monitor), 1);
  EXPECT_EQ(processing(id, "domains"), "Error");
  EXPECT_EQ(error(id, "domains"), "the home page says nothing");
  const auto empty = sitemap("http://a.example/s.xml");
  web_.page("http://a.example/s.xml", urlset({}), "application/xml");
  EXPECT_EQ(work(Pipeline::sitemap_import), 1);
  EXPECT_EQ(processing(empty, "sitemaps"), "Error");
}

TEST_P(PipelinesTest, SitemapsAreFoundInRobotsTxtInLinksAndInTheUsualPlaces) {
  const auto one = selected_domain("a.example");
  web_.page("http://a.example/robots.txt", "Sitemap: http://a.example/one.xml\nSitemap: /relative.xml\n",
            "text/plain");
  web_.page("http://a.example/", "<title>a</title><link rel=sitemap href=/two.xml>");
  const auto two = selected_domain("b.example");
  web_.page("http://b.example/", "<title>b</title>");
  web_.page("http://b.example/sitemap.xml", urlset({"http://b.example/x"}), "application/xml");
  const auto three = selected_domain("c.example");
  EXPECT_EQ(work(Pipeline::sitemap_discovery), 3);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_sitemaps WHERE domain_id = $1", {one}), 2);
  EXPECT_EQ(word("SELECT url FROM fencepost_sitemaps WHERE domain_id = $1", {two}),
            "http://b.example/sitemap.xml");
  EXPECT_EQ(word("SELECT last_error FROM fencepost_discoveries WHERE domain_id = $1", {three}),
            "no sitemap was found");
  EXPECT_NE(
      word("SELECT evidence FROM fencepost_discoveries WHERE domain_id = $1", {three}).find("/sitemap.xml"),
      std::string::npos);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_sitemaps WHERE curation_status <> 'New'"), 0);
}

// Half of what a domain names must not stand there as all of it.
TEST_P(PipelinesTest, ADiscoveryThatIsAskedToEndHasFoundNothingYet) {
  const auto id = selected_domain();
  web_.page("http://a.example/robots.txt", "Sitemap: http://a.example/one.xml\n", "text/plain");
  web_.page("http://a.example/", "<title>a</title><link rel=sitemap href=/two.xml>");
  std::promise<void> ended;
  web_.before = [&, end = ended.get_future().share()](const std::string& url) {
    if (url != "http://a.example/") return;
    ends_.request_stop();
    end.wait();
  };
  work(Pipeline::sitemap_discovery, pipelines_, claims(Pipeline::sitemap_discovery));
  ended.set_value();
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_sitemaps WHERE domain_id = $1", {id}), 0);
  web_.before = [](const std::string&) {};
  ends_ = {};
  EXPECT_EQ(work(Pipeline::sitemap_discovery), 1);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_sitemaps WHERE domain_id = $1", {id}), 2);
}

TEST_P(PipelinesTest, ASitemapBecomesPagesByTheRulesOfTheirUrls) {
  const auto id = sitemap("http://a.example/s.xml");
  run("INSERT INTO fencepost_pages (domain_id, host, url, curation_status) SELECT id, host, "
      "'http://a.example/about', 'Not a Fit' FROM fencepost_domains");
  web_.page("http://a.example/s.xml",
            urlset({"http://a.example/contact", "http://a.example/jobs", "http://a.example/about",
                    "http://a.example/blog/post", "http://a.example/pic.jpg", "http://other.example/contact",
                    "http://a.example/contact"}),
            "application/xml");
  EXPECT_EQ(work(Pipeline::sitemap_import), 1);
  EXPECT_EQ(processing(id, "sitemaps"), "Completed");
  const auto state = [&](const std::string& path) {
    return word(
        "SELECT curation_status || '|' || processing_status || '|' || score FROM fencepost_pages WHERE "
        "url = $1",
        {"http://a.example" + path});
  };
  EXPECT_EQ(state("/contact"), "Selected|Queued|90");
  EXPECT_EQ(state("/jobs"), "Selected|Queued|70");
  EXPECT_EQ(state("/about"), "Not a Fit||0");  // a person's word stays
  EXPECT_EQ(state("/blog/post"), "New|Filtered|0");
  EXPECT_EQ(state("/pic.jpg"), "New|Filtered|0");
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_pages"), 5);
  EXPECT_EQ(claims(Pipeline::page_curation, 1).at(0).priority, 90);
}

TEST_P(PipelinesTest, AnIndexQueuesItsSitemapsDownToADepth) {
  sitemap("http://a.example/0.xml");
  for (int i = 0; i < 6; ++i)
    web_.page("http://a.example/" + std::to_string(i) + ".xml",
              "<sitemapindex><sitemap><loc>http://a.example/" + std::to_string(i + 1) +
                  ".xml</loc></sitemap></sitemapindex>",
              "application/xml");
  EXPECT_EQ(work(Pipeline::sitemap_import), 4);
  EXPECT_EQ(count("SELECT max(depth) FROM fencepost_sitemaps"), 3);
  EXPECT_EQ(word("SELECT last_error FROM fencepost_sitemaps WHERE depth = 3"),
            "it stands under too many indexes");
}

// Who has lost its claim in the middle writes nothing more, whatever it still reads.
TEST_P(PipelinesTest, AStaleImportWritesNothing) {
  const auto id = sitemap("http://a.example/s.xml");
  web_.page("http://a.example/s.xml", urlset({"http://a.example/contact"}), "application/xml");
  web_.before = [&](const std::string&) {
    run("UPDATE fencepost_sitemaps SET again = again + 1 WHERE id = $1", {id});
  };
  work(Pipeline::sitemap_import, pipelines_, claims(Pipeline::sitemap_import, 1));
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_pages"), 0);
  EXPECT_EQ(processing(id, "sitemaps"), "Queued");
  std::vector<std::string> many;  // in more than one batch
  for (int i = 0; i < 2'500; ++i) many.push_back("http://a.example/p" + std::to_string(i));
  web_.page("http://a.example/s.xml", urlset(many), "application/xml");
  work(Pipeline::sitemap_import, pipelines_, claims(Pipeline::sitemap_import, 1));
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_pages"), 0);
  web_.before = [](const std::string&) {};
  EXPECT_EQ(work(Pipeline::sitemap_import), 1);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_pages"), 2'500);
  run("DELETE FROM fencepost_pages");
  pick(id, "Selected", Kind::sitemap);
  web_.before = [&](const std::string&) { run("DELETE FROM fencepost_sitemaps WHERE id = $1", {id}); };
  work(Pipeline::sitemap_import, pipelines_, claims(Pipeline::sitemap_import, 1));
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_pages"), 0);
}

TEST_P(PipelinesTest, APageBecomesContactsWhicheverPageIsReadFirst) {
  const std::string html =
      "<title>t</title><a href='mailto:info@a.example'>i</a> sales@a.example "
      "<a href='tel:+49301234567'>call</a>";
  for (const auto first : {"http://a.example/a", "http://a.example/b"}) {
    run("DELETE FROM fencepost_domains");
    web_.page("http://a.example/a", html);
    web_.page("http://a.example/b", "<title>t</title><a href='mailto:info@a.example'>i</a>");
    const auto other = std::string(first).ends_with("a") ? "http://a.example/b" : "http://a.example/a";
    const auto id = page(first);
    EXPECT_EQ(work(Pipeline::page_curation), 1);
    page(other);
    EXPECT_EQ(work(Pipeline::page_curation), 1);
    EXPECT_EQ(word("SELECT contact FROM fencepost_pages WHERE id = $1", {id}), "ContactFound");
    EXPECT_EQ(word("SELECT page_url || '|' || phone FROM fencepost_contacts WHERE email = 'info@a.example'"),
              "http://a.example/a|+49301234567")
        << first;
    EXPECT_EQ(count("SELECT count(*) FROM fencepost_contacts"), 2);
    EXPECT_EQ(count("SELECT count(*) FROM fencepost_contacts WHERE best AND email = 'info@a.example'"), 1);
  }
  const auto none = page("http://a.example/none");
  web_.page("http://a.example/none", "<title>nobody</title>");
  EXPECT_EQ(work(Pipeline::page_curation), 1);
  EXPECT_EQ(processing(none, "pages"), "Completed");
  EXPECT_EQ(word("SELECT contact FROM fencepost_pages WHERE id = $1", {none}), "NoContactFound");
}

// A fault of the predecessor: a connection was held while something slow was called.
TEST_P(PipelinesTest, NoConnectionIsHeldDuringASlowCall) {
  page("http://a.example/slow");
  web_.page("http://a.example/slow", "<title>t</title>");
  const auto alone = store::Database::open(database_.url(), {.connections = 1});
  Pipelines one(*alone, fences_, fetcher_, nullptr, options_of());
  bool free = false;
  web_.before = [&](const std::string&) { free = alone->acquire()->usable(); };
  work(Pipeline::page_curation, one, claims(Pipeline::page_curation, 1));
  EXPECT_TRUE(free);
}

TEST_P(PipelinesTest, WhatMayPassIsTriedAgainAndThenAnErrorThatIsKept) {
  const auto id = page("http://a.example/x");
  web_.raw("http://a.example/x", connect::testing::answer("503 Service Unavailable"));
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(processing(id, "pages"), "Queued");
    EXPECT_EQ(work(Pipeline::page_curation), 1);
    due_now("pages");
  }
  EXPECT_EQ(processing(id, "pages"), "Error");
  EXPECT_NE(error(id, "pages"), "null");
  EXPECT_EQ(web_.asked("http://a.example/x"), 6);
}

// One request at a time, whichever queue and process asks.
TEST_P(PipelinesTest, AHostIsAskedByOneAtATimeOverAllQueues) {
  const auto id = page("http://a.example/x");
  web_.page("http://a.example/x", "<title>t</title>");
  Hosts others(*database_, base::system_clock());
  const auto process = registration();
  const auto worker = process->number();
  {
    auto turn = others.turn("a.example", std::chrono::hours(1), {}, {}, worker, {});
    ASSERT_TRUE(std::holds_alternative<Hosts::Turn>(turn));
    EXPECT_EQ(work(Pipeline::page_curation), 1);
    EXPECT_EQ(web_.asked("http://a.example/x"), 0);
    const auto waiting = records_.get(Kind::page, id).value();
    EXPECT_EQ(waiting.processing_status, "Queued");
    EXPECT_EQ(waiting.attempts, 0);
    EXPECT_EQ(waiting.note, "waits for its turn at the host");
    due_now("pages");
  }
  EXPECT_EQ(work(Pipeline::page_curation), 1);
  EXPECT_EQ(processing(id, "pages"), "Completed");
  auto rests = others.turn("a.example", std::chrono::hours(1), std::chrono::hours(1), {}, worker, {});
  rests = base::Duration(0);  // given back: now it rests
  EXPECT_TRUE(std::holds_alternative<base::Duration>(others.turn("a.example", {}, {}, {}, worker, {})));
}

// A worker that was killed in its request: its record is rescued at once, and does not wait for the host
// either.
TEST_P(PipelinesTest, AHostThatAnEndedProcessHadIsFreeAfterItsRest) {
  const auto id = page("http://a.example/x");
  web_.page("http://a.example/x", "<title>t</title>");
  Hosts others(*database_, base::system_clock());
  auto process = registration();
  const auto held = others.turn("a.example", std::chrono::hours(1), {}, {}, process->number(), {});
  EXPECT_EQ(work(Pipeline::page_curation), 1);
  EXPECT_EQ(web_.asked("http://a.example/x"), 0) << "its process lives";
  process.reset();
  due_now("pages");
  work(Pipeline::page_curation);  // sees that it has ended, and may be due again at once
  due_now("pages");
  work(Pipeline::page_curation);
  EXPECT_EQ(processing(id, "pages"), "Completed");
  EXPECT_EQ(web_.asked("http://a.example/x"), 1);
}

// robots.txt may name a sitemap anywhere: those of many domains stand on one host.
TEST_P(PipelinesTest, ASitemapOnAnotherHostWaitsForThatHostsTurn) {
  const std::string url = "http://www.cdn.example/a.xml";
  const auto id = sitemap(url);
  web_.page(url, urlset({"http://a.example/x"}), "application/xml");
  Hosts others(*database_, base::system_clock());
  const auto process = registration();
  const auto own = others.turn("a.example", std::chrono::hours(1), {}, {}, process->number(), {});
  {
    const auto turn = others.turn("cdn.example", std::chrono::hours(1), {}, {}, process->number(), {});
    ASSERT_TRUE(std::holds_alternative<Hosts::Turn>(turn));
    EXPECT_EQ(work(Pipeline::sitemap_import), 1);
    EXPECT_EQ(web_.asked(url), 0);
    EXPECT_EQ(records_.get(Kind::sitemap, id)->note, "waits for its turn at the host");
    due_now("sitemaps");
  }
  EXPECT_EQ(work(Pipeline::sitemap_import), 1);
  EXPECT_EQ(web_.asked(url), 1) << "its own host is not asked, and not waited for";
  EXPECT_EQ(processing(id, "sitemaps"), "Completed");
}

// A fault of the predecessor: TLS verification was off. A bad certificate is an error, and no reason to go on
// without one.
TEST_P(PipelinesTest, ABadCertificateIsAnErrorAndNotAskedAroundWithoutTls) {
  connect::testing::RawServer not_tls([](connect::testing::Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 Connection established\r\n\r\n");
    connection.read_some();
    connection.write("this is no handshake");
  });
  connect::HttpClient http({.addresses = {.allow_private = true}, .proxy = not_tls.url("")},
                           base::system_clock());
  connect::Fetcher fetcher(http);
  Pipelines with(*database_, fences_, fetcher, nullptr, options_of());
  const auto id = selected_domain();
  work(Pipeline::domain_monitor, with, claims(Pipeline::domain_monitor, 1));
  EXPECT_EQ(not_tls.connections(), 1);
  EXPECT_NE(processing(id, "domains"), "Completed");
}

ON_BOTH(PipelinesTest);

}  // namespace
}  // namespace fencepost::curate

#pragma once
// A show with an admin, a host, their connections and an episode, and what a worker does with an
// announcement, step by step and without an engine. Tests only.

#include "accounts/connections.hpp"
#include "accounts/shows.hpp"
#include "accounts/testing/people_test_base.hpp"
#include "apps/announce/episodes.hpp"
#include "apps/announce/gate.hpp"
#include "apps/announce/publisher.hpp"
#include "apps/announce/queue.hpp"
#include "apps/announce/repository.hpp"
#include "apps/announce/shows.hpp"
#include "apps/announce/testing/migrations.hpp"
#include "apps/announce/testing/never_refreshed.hpp"
#include "connect/webhook/webhook.hpp"
#include "store/migrate.hpp"

namespace fencepost::announce::testing {

constexpr base::Micros kMinute = 60'000'000, kHour = 60 * kMinute;

class EpisodeTestBase : public accounts::testing::PeopleTestBase {
 protected:
  EpisodeTestBase() : PeopleTestBase(migrations()) {
    accounts::set_member(*database_->acquire(), show_, bob_.id, accounts::ShowRole::host);
  }

  base::Micros now() { return database_->acquire()->run(store::sql::now)[0][0].integer(); }
  std::int64_t connect(const std::string& name, std::optional<std::int64_t> person) {
    return accounts::create_connection(*database_->acquire(), vault_, name, "webhook",
                                       "http://127.0.0.1:1/hook",
                                       base::Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), person)
        .id;
  }
  Episode make_episode(std::optional<base::Micros> starts_at = std::nullopt) {
    EpisodeDraft draft;
    draft.show = show_;
    draft.title = "Pilot";
    draft.number = 7;
    draft.starts_at = starts_at ? starts_at : now() + kHour;
    return *create_episode(*database_->acquire(), draft).episode;
  }
  // As Service::create makes it.
  std::int64_t announce(const Episode& episode, std::int64_t connection, Draft draft = {}) {
    auto lease = database_->acquire();
    store::Transaction transaction(*lease);
    draft.connection_id = connection;
    draft.episode = episode.id;
    lock_episode(*lease, episode.id, false);
    const auto id =
        add_to_episode(*lease, draft, accounts::get_connection(*lease, connection)->person).value();
    release(*lease, {.episode = episode.id, .announcement = id}, "test", "made");
    transaction.commit();
    return id;
  }
  Announcement get(std::int64_t id) { return load(*database_->acquire(), id).value(); }
  Episode get_episode_now(std::int64_t id) { return get_episode(*database_->acquire(), id).value(); }
  bool go_live(const Episode& episode, const std::string& video = "video-1") {
    return episode_live(*database_->acquire(), episode.id, video, "https://youtu.be/" + video, now());
  }
  bool end(const Episode& episode) { return episode_ended(*database_->acquire(), episode.id, now()); }
  EpisodeResult edit(const Episode& episode, const EpisodeChange& change) {
    return edit_episode(*database_->acquire(), episode.id, get_episode_now(episode.id).version, change,
                        "ann");
  }
  ShowEdit edit_show_now(const ShowChange& change) {
    return edit_show(*database_->acquire(), fence_, show_, std::nullopt, change, "ann");
  }

  // A worker, step by step: what it claims, what it renders, whether its gate lets it pass, how it ends.
  std::vector<store::Claim> claim() {
    return fence_.claim(*database_->acquire(), 100, std::chrono::minutes(1), kWorker);
  }
  std::variant<engine::Rendered, engine::NotNow> render(const store::Claim& claim) {
    return publisher_.render(*database_->acquire(), claim, "key");
  }
  static std::string text_of(const std::variant<engine::Rendered, engine::NotNow>& rendered) {
    const auto* post = std::get_if<engine::Rendered>(&rendered);
    return post != nullptr ? post->request : std::get<engine::NotNow>(rendered).error;
  }
  std::optional<store::Effect> gate(store::Connection& connection, const store::Claim& claim,
                                    const std::variant<engine::Rendered, engine::NotNow>& rendered) {
    const auto& post = std::get<engine::Rendered>(rendered);
    return fence_.begin_effect(
        connection, claim,
        {"key", post.request, post.destination, std::chrono::seconds(30), std::chrono::seconds(45)},
        post.allowed);
  }
  void settle(const store::Effect& effect, const store::EffectResult& result) {
    fence_.settle_effect(*database_->acquire(), effect, result, "test",
                         [&](store::Connection& c) { publisher_.settled(c, effect, result); });
  }
  // The whole of it, with the platform's yes.
  void post(std::int64_t id) {
    for (const auto& claimed : claim()) {
      ASSERT_EQ(claimed.item, std::to_string(id));
      const auto rendered = render(claimed);
      ASSERT_TRUE(std::holds_alternative<engine::Rendered>(rendered)) << text_of(rendered);
      const auto effect = gate(*database_->acquire(), claimed, rendered);
      ASSERT_TRUE(effect);
      settle(*effect, {store::Verdict::happened, "post-1", "https://example.com/1", "", {}});
    }
  }

  static constexpr std::int64_t kWorker = 7;
  const accounts::Person ann_ = person("ann@example.com"), bob_ = person("bob@example.com");
  const std::int64_t show_ =
      accounts::create_show(*database_->acquire(), "Night Talk", "night-talk", ann_.id).show->id;
  const accounts::Vault vault_ = accounts::Vault::open(database_.folder() + "/key", true);
  const std::int64_t connection_ = connect("bob's", bob_.id);
  connect::HttpClient http_{{.addresses = {.allow_private = true}}, base::system_clock()};
  connect::Webhook webhook_{http_};
  const store::Fence fence_ = installed();
  engine::Metrics metrics_;
  const engine::Context context_{*database_, metrics_, base::system_clock(), kWorker};
  NeverRefreshed never_;
  accounts::FreshCredentials credentials_{context_, vault_, never_};
  Publisher publisher_{*database_, credentials_, {&webhook_}, ImageLinks(vault_, ""), base::system_clock()};

 private:
  store::Fence installed() {
    auto lease = database_->acquire();
    store::Fence fence(announcement_queue(), lease->dialect(), store::own_schema(*lease));
    fence.install(*lease);
    return fence;
  }
};

}  // namespace fencepost::announce::testing

// Images of announcements: what goes out is what its people saw, and any change of it is an edit.

#include "apps/announce/images.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "apps/announce/edit.hpp"
#include "apps/announce/image_links.hpp"
#include "apps/announce/testing/episode_test_base.hpp"
#include "apps/announce/threads.hpp"
#include "apps/announce/way.hpp"
#include "base/sha256.hpp"
#include "connect/testing/images.hpp"

namespace fencepost::announce {
namespace {

using connect::testing::png;

// A platform with images: what it would send says which.
class Pictured final : public connect::Connector {
 public:
  std::string_view platform() const override { return "webhook"; }
  base::Duration refuses_second_arrival() const override { return base::Duration(0); }
  connect::ImageRules image_rules(const connect::Account&) const override {
    return {.who = "Pictured", .images = 20, .fetched = fetched};
  }
  bool fetched = false;
  mutable std::vector<std::string> urls;  // that it was given
  void check(const std::string&, const connect::Credentials&) const override {}
  connect::Rendered render(const connect::Post& post, const connect::Account& account,
                           const std::string&) const override {
    urls.clear();
    for (const auto& image : post.images) urls.push_back(image.url);
    auto body = nlohmann::json::array();
    for (const auto& image : post.images) body.push_back(image.alt + " " + base::sha256_hex(image.bytes));
    return {account.target, body.dump()};
  }
  connect::Outcome send(const connect::Rendered&, const connect::Credentials&, const std::string&,
                        base::BootTime, std::stop_token) override {
    return {};
  }
  connect::Look look(const connect::Rendered&, const connect::Credentials&, const std::string&,
                     base::BootTime, std::stop_token) override {
    return {};
  }
};

class ImagesTest : public testing::EpisodeTestBase {
 protected:
  // As Service does it.
  Edited add(std::int64_t id, const std::string& alt, std::optional<std::int64_t> position = std::nullopt) {
    const NewImage image{png(16, 9, alt), alt, position};
    const auto facts = checked_image(image.bytes, alt);
    return change(id, [&](store::Connection& c, const Announcement& now) {
      add_image(c, id, now.images, image, facts, base::sha256_hex(image.bytes));
    });
  }
  template <typename Write>
  Edited change(std::int64_t id, const Write& write) {
    return edit_item(*database_, fence_,
                     {.id = id,
                      .version = get(id).version,
                      .actor = "bob",
                      .is_there = [](const Announcement&) { return false; },
                      .write = [&](store::Connection& c, const Announcement& now) -> Edit::Written {
                        write(c, now);
                        c.run(store::Sql{"grow",
                                         "UPDATE fencepost_announcements SET version = version + 1 "
                                         "WHERE id = " +
                                             std::to_string(id)});
                        return {};
                      }});
  }
  std::vector<std::string> alts(std::int64_t id) {
    std::vector<std::string> all;
    std::int64_t place = 1;
    for (const auto& image : get(id).images) {
      EXPECT_EQ(image.position, place++);
      all.push_back(image.facts.alt);
    }
    return all;
  }
  std::int64_t image(std::int64_t id, std::size_t place) { return get(id).images.at(place).id; }
  std::string rendered(const store::Claim& claim) {
    rendered_ = pictured_.render(*database_->acquire(), claim, "key");
    return text_of(rendered_);
  }
  std::int64_t fence_of(std::int64_t id) {
    return fence_.read(*database_->acquire(), std::to_string(id))->fence;
  }
  static std::string sent(const std::string& alt) { return alt + " " + base::sha256_hex(png(16, 9, alt)); }
  using Words = std::vector<std::string>;

  const Episode episode_ = make_episode();
  const std::int64_t id_ = announce(episode_, connection_);
  Pictured connector_;
  Publisher pictured_{*database_,
                      credentials_,
                      {&connector_},
                      ImageLinks(vault_, "https://here.example"),
                      base::system_clock()};
  std::variant<engine::Rendered, engine::NotNow> rendered_;
};

TEST_P(ImagesTest, TheBytesComeBackAsTheyCame) {
  std::string bytes = png(16, 9);
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  const auto facts = checked_image(bytes, "ü");
  change(id_, [&](store::Connection& c, const Announcement& now) {
    add_image(c, id_, now.images, {bytes, "ü", {}}, facts, base::sha256_hex(bytes));
  });
  const auto image = get(id_).images.at(0);
  EXPECT_EQ(image.facts.size, static_cast<std::int64_t>(bytes.size()));
  EXPECT_EQ(image.sha256, base::sha256_hex(bytes));
  EXPECT_EQ(image.facts.width, 16);
  const auto lease = database_->acquire();
  const auto read = image_bytes(*lease, id_, image.id);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes, bytes);
  EXPECT_EQ(read->media_type, "image/png");
  EXPECT_FALSE(image_bytes(*lease, id_ + 1, image.id)) << "of another announcement";
  const auto whole = images_to_publish(*lease, id_);
  ASSERT_EQ(whole.size(), 1U);
  EXPECT_EQ(whole[0].bytes, bytes);
  EXPECT_EQ(whole[0].alt, "ü");
}

TEST_P(ImagesTest, TheyStandInTheirOrderWhoeverComesAndGoes) {
  add(id_, "a");
  add(id_, "c");
  add(id_, "b", 2);
  EXPECT_EQ(alts(id_), (Words{"a", "b", "c"}));
  const auto move = [&](std::size_t from, std::int64_t to) {
    change(id_, [&](store::Connection& c, const Announcement& now) {
      change_image(c, id_, now.images, now.images.at(from), {.position = to});
    });
  };
  move(0, 3);
  EXPECT_EQ(alts(id_), (Words{"b", "c", "a"}));
  move(2, 1);
  EXPECT_EQ(alts(id_), (Words{"a", "b", "c"}));
  move(0, 20);
  EXPECT_EQ(alts(id_), (Words{"b", "c", "a"})) << "at most the last place";
  change(id_, [&](store::Connection& c, const Announcement& now) { remove_image(c, id_, now.images.at(0)); });
  EXPECT_EQ(alts(id_), (Words{"c", "a"}));
}

TEST_P(ImagesTest, AChangeIsANewVersionAndTakesItsApprovalBack) {
  edit_show_now({.needs_approval = true});
  const auto approve = [&] {
    database_.run("UPDATE fencepost_announcements SET approved_version = version WHERE id = $1", {id_});
    return get(id_).approved;
  };
  add(id_, "a");
  const auto act = [&](auto write) {
    const auto before = get(id_).version;
    const auto fence = fence_of(id_);
    EXPECT_TRUE(approve());
    EXPECT_EQ(change(id_, write).first, EditResult::changed);
    EXPECT_EQ(get(id_).version, before + 1);
    EXPECT_GT(fence_of(id_), fence);
    EXPECT_FALSE(get(id_).approved);
  };
  act([&](store::Connection& c, const Announcement& now) {
    change_image(c, id_, now.images, now.images.at(0), {.alt = "another"});
  });
  act([&](store::Connection& c, const Announcement& now) { remove_image(c, id_, now.images.at(0)); });
}

TEST_P(ImagesTest, Rule8WhatIsChangedAfterTheClaimGoesOutAsItIsThen) {
  add(id_, "old");
  go_live(episode_);
  auto claimed = claim().at(0);
  EXPECT_EQ(rendered(claimed), nlohmann::json({sent("old")}).dump());
  add(id_, "new");
  EXPECT_FALSE(gate(*database_->acquire(), claimed, rendered_));
  claimed = claim().at(0);
  EXPECT_EQ(rendered(claimed), nlohmann::json({sent("old"), sent("new")}).dump());
  EXPECT_TRUE(gate(*database_->acquire(), claimed, rendered_));
  EXPECT_EQ(add(id_, "late").first, EditResult::in_flight);
  EXPECT_EQ(alts(id_), (Words{"old", "new"}));
}

// The connector is told where its platform can fetch each, and only that claim's links open them.
TEST_P(ImagesTest, LinksOpenAnImageForTheClaimThatPostsItAndForNobodyElse) {
  add(id_, "a");
  add(id_, "b");
  go_live(episode_);
  connector_.fetched = true;
  const auto first = claim().at(0);
  rendered(first);
  const auto urls = connector_.urls;
  ASSERT_EQ(urls.size(), 2U);
  const std::string origin = std::string("https://here.example") + kImageLinks;
  EXPECT_TRUE(urls[0].starts_with(origin)) << urls[0];
  const auto opened = [&](const std::string& url) {
    const auto image = linked_image(*database_, vault_, url.substr(origin.size()));
    return image ? image->bytes : "nothing";
  };
  EXPECT_EQ(opened(urls[0]), png(16, 9, "a"));
  EXPECT_EQ(opened(urls[1]), png(16, 9, "b"));
  EXPECT_EQ(opened(urls[0].substr(0, urls[0].size() - 1)), "nothing");
  // An edit takes the claim away; the next one has links of its own.
  add(id_, "c");
  EXPECT_EQ(opened(urls[0]), "nothing");
  const auto second = claim().at(0);
  rendered(second);
  EXPECT_EQ(opened(urls[0]), "nothing");
  const auto now = connector_.urls;
  EXPECT_EQ(opened(now.at(0)), png(16, 9, "a"));
  const auto effect = gate(*database_->acquire(), second, rendered_);
  ASSERT_TRUE(effect);
  EXPECT_EQ(opened(now.at(0)), png(16, 9, "a")) << "a platform may fetch late";
  settle(*effect, {store::Verdict::happened, "1", "", "", {}});
  EXPECT_EQ(opened(now.at(0)), "nothing");
}

TEST_P(ImagesTest, Rule12AnotherProgramsWriteToAnImageRevokesTheClaim) {
  add(id_, "a");
  go_live(episode_);
  for (const auto* statement :
       {"UPDATE fencepost_announcement_images SET alt = 'b'",
        "INSERT INTO fencepost_announcement_images (announcement_id, position, media_type, width, height, "
        "size, sha256, bytes) SELECT announcement_id, 2, media_type, width, height, size, sha256, bytes "
        "FROM fencepost_announcement_images WHERE position = 1",
        "DELETE FROM fencepost_announcement_images WHERE position = 1"}) {
    const auto claimed = claim();
    ASSERT_EQ(claimed.size(), 1U) << statement;
    rendered(claimed[0]);
    database_.run(statement);
    EXPECT_FALSE(gate(*database_->acquire(), claimed[0], rendered_)) << statement;
    // Its worker gives it back.
    auto lease = database_->acquire();
    database_.run("UPDATE fencepost_announcements SET status = 'queued' WHERE status = 'claimed'");
  }
}

TEST_P(ImagesTest, APartHasItsOwnAndTheyGoWithIt) {
  {
    auto lease = database_->acquire();
    store::Transaction transaction(*lease);
    add_parts(*lease, id_, {"two"}, true, "test");
    transaction.commit();
  }
  const auto part = get(id_).parts.at(0).id;
  const auto version = get(id_).version;
  EXPECT_EQ(add(part, "of two").first, EditResult::changed);
  EXPECT_EQ(get(id_).version, version + 1) << "approvals and versions are of the whole";
  EXPECT_TRUE(get(id_).images.empty());
  EXPECT_EQ(get(id_).parts.at(0).images.at(0).facts.alt, "of two");
  add(id_, "of one");
  const auto count = [&] {
    return database_.run("SELECT count(*) FROM fencepost_announcement_images")[0][0].integer();
  };
  EXPECT_EQ(count(), 2);
  auto lease = database_->acquire();
  store::Transaction transaction(*lease);
  fence_.remove(*lease, std::to_string(id_), "bob");
  transaction.commit();
  EXPECT_EQ(count(), 0);
}

std::string refusal(const std::function<void()>& act) {
  try {
    act();
    return "";
  } catch (const base::UserError& error) {
    return error.code();
  }
}

TEST_P(ImagesTest, WhatIsNoImageOrTooMuchIsRefused) {
  EXPECT_EQ(refusal([] { checked_image("<svg/>", ""); }), "invalid_image");
  EXPECT_EQ(refusal([] { checked_image("", ""); }), "invalid_image");
  EXPECT_EQ(refusal([] { checked_image(png(16, 9, std::string(kImageBytes, 'x')), ""); }), "invalid_image");
  EXPECT_EQ(refusal([] { checked_image(png(16, 9), std::string(5001, 'x')); }), "invalid_text");
  EXPECT_EQ(refusal([] { checked_image(png(16, 9), "\xff"); }), "invalid_text");
  for (int i = 0; i < kMostImages; ++i) EXPECT_EQ(add(id_, std::to_string(i)).first, EditResult::changed);
  const auto version = get(id_).version;
  EXPECT_EQ(refusal([&] { add(id_, "one more"); }), "invalid_image");
  EXPECT_EQ(get(id_).version, version);
  EXPECT_EQ(get(id_).images.size(), static_cast<std::size_t>(kMostImages));
}

ON_BOTH(ImagesTest);

}  // namespace
}  // namespace fencepost::announce

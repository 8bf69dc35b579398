#pragma once
// How a video leaves: the application's side of the effect runner (rule 16), over YouTube's resumable
// uploads.
//
// Opening a session and all pieces but the last are prepare(): repeatable, and nobody sees anything. The gate
// stands before the last piece, which is 256 KiB at most, and which makes the video. So a cancel at 40 % is
// `prevented`, and no video appears.

#include "accounts/fresh_credentials.hpp"
#include "apps/upload/media/folders.hpp"
#include "apps/upload/uploader/sessions.hpp"
#include "connect/youtube/upload.hpp"
#include "engine/effect_work.hpp"
#include "store/database.hpp"

namespace fencepost::uploader {

struct Options {
  // The hard deadline of the last piece, from its gate. It has to leave so long before the slot at least: a
  // publishAt that is past publishes at once.
  base::Duration timeout = std::chrono::seconds(60);
  // A whole upload, of one attempt; the queue's deadline is no shorter.
  base::Duration longest = std::chrono::hours(24);
  std::int64_t piece = std::int64_t{8} << 20;  // bytes at once, at most
  // The first wait after a 5xx or a cut; doubled with each that follows.
  base::Duration pause = std::chrono::seconds(1);
  // Of everything that this process uploads; nullptr: none. Outlives the uploader.
  connect::Pace* pace = nullptr;
};

// Thread-safe. Everything named in the constructor outlives it.
class Uploader : public engine::EffectApp {
 public:
  // `youtube`: made with the engine's clock, on which deadlines are moments.
  Uploader(store::Database& database, accounts::FreshCredentials& credentials, const accounts::Vault& vault,
           const media::Folders& folders, connect::youtube::UploadApi& youtube, Options options = {});

  std::variant<engine::Rendered, engine::NotNow> render(store::Connection& connection,
                                                        const store::Claim& claim,
                                                        const std::string& key) override;
  std::optional<engine::NotNow> prepare(const store::Claim& claim, const std::string& key,
                                        engine::Rendered& rendered, base::BootTime until,
                                        std::stop_token stop) override;
  base::Duration prepare_time() const override { return options_.longest; }
  store::EffectResult send(const store::Effect& effect, const engine::Rendered& rendered,
                           base::BootTime deadline) override;
  store::EffectResult look(const store::Reconcile& reconcile, std::stop_token stop) override;
  // An upload goes on where YouTube has it, in the same session: that makes one video, however often its last
  // piece arrives.
  bool refuses_second_arrival(const store::Effect& effect, base::Duration age) override;
  void settled(store::Connection& connection, const store::Effect& effect,
               const store::EffectResult& result) override;

 private:
  struct Way;
  struct Step;
  using Stand = connect::youtube::Stand;
  using Trouble = connect::youtube::Trouble;

  std::optional<engine::NotNow> fresh(Way& way, base::Duration valid_for) const;
  std::optional<engine::NotNow> open(Way& way, const Step& step, const char* doubt);
  std::optional<engine::NotNow> go_on(Way& way, const Step& step);
  std::optional<engine::NotNow> pieces(Way& way, const Step& step);
  engine::NotNow refused(const Way& way, const Trouble& trouble);
  engine::NotNow later(const Way& way, const std::string& why, base::Micros at) const;
  store::EffectResult outcome(const Way& way, const Trouble& trouble) const;
  base::BootTime deadline(base::BootTime until, base::Duration most) const;

  store::Database& database_;
  accounts::FreshCredentials& credentials_;
  const accounts::Vault& vault_;
  const media::Folders& folders_;
  connect::youtube::UploadApi& youtube_;
  const Options options_;
};

}  // namespace fencepost::uploader

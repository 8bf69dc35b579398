#pragma once
// What follows an upload: its thumbnail, and the watch until YouTube says that the video is public. Each is a
// repeatable step of its own; none of them ever repeats the upload, or makes it fail.

#include "accounts/fresh_credentials.hpp"
#include "apps/upload/media/folders.hpp"
#include "apps/upload/quota.hpp"
#include "connect/youtube/upload.hpp"
#include "core/state.hpp"
#include "engine/handler_work.hpp"
#include "store/database.hpp"

namespace fencepost::uploader {

// The queue `publications`, over fencepost_publications.
core::Queue publication_queue();

struct WatchOptions {
  base::Duration first = std::chrono::seconds(15);     // behind the slot: YouTube takes a moment
  base::Duration again = std::chrono::minutes(2);      // while it is not public
  base::Duration late = std::chrono::minutes(15);      // then people are told, once
  base::Duration over = std::chrono::hours(24 * 7);    // then nobody looks any more
  base::Duration thumbnail = std::chrono::minutes(5);  // between its tries
  int thumbnail_tries = 5;
};

// Thread-safe. Everything named outlives it.
class Publications {
 public:
  Publications(store::Database& database, accounts::FreshCredentials& credentials,
               const media::Folders& folders, connect::youtube::UploadApi& youtube,
               WatchOptions options = {});

  engine::Outcome watch(const engine::Attempt& attempt);

 private:
  struct Item;
  std::optional<Item> read(std::int64_t id);
  upload::Permit permit(const Item& item, upload::Call call);
  bool wants_thumbnail(const Item& item) const;
  // When to try again; nullopt: it is set, or given up.
  std::optional<base::Duration> thumbnail(const Item& item, const connect::Credentials& credentials,
                                          const std::stop_token& stop);
  // It has failed so many times; where that was the last, people are told.
  void thumbnail_failed(const Item& item, const std::string& why, std::int64_t tries) const;
  // `thumbnail`: when to try that again.
  engine::Outcome judge(const Item& item, const connect::youtube::VideoStatus& seen,
                        std::optional<base::Duration> thumbnail) const;
  // People are told why, once.
  void tell(const Item& item, const std::string& why) const;
  engine::Outcome ends(const Item& item, const std::string& why) const;
  // Nobody has seen it public: looks again, or ends by its time.
  engine::Outcome not_yet(const Item& item, const std::string& why, base::Duration wait) const;

  store::Database& database_;
  accounts::FreshCredentials& credentials_;
  const media::Folders& folders_;
  connect::youtube::UploadApi& youtube_;
  const WatchOptions options_;
};

}  // namespace fencepost::uploader

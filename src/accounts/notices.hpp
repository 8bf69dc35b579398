#pragma once
// Notices: what people and systems may want to be told. An application writes one in the transaction of what
// happened, so that there is one exactly if that is committed; apps/notify makes deliveries of them.

#include <optional>
#include <string>
#include <string_view>

#include "store/database.hpp"

namespace fencepost::accounts {

// item_failed, item_unknown: of a queue's item; triggers write them (the application's own migration).
// credentials_expiring, credentials_refused: of a connection.  quota_low: a quota near its end.
enum class NoticeKind { item_failed, item_unknown, credentials_expiring, credentials_refused, quota_low };
inline constexpr NoticeKind kNoticeKinds[] = {NoticeKind::item_failed, NoticeKind::item_unknown,
                                              NoticeKind::credentials_expiring,
                                              NoticeKind::credentials_refused, NoticeKind::quota_low};
std::string_view name(NoticeKind kind);  // "item_failed"
std::optional<NoticeKind> notice_kind_named(std::string_view word);

struct Notice {
  NoticeKind kind = NoticeKind::item_failed;
  std::string queue{};  // empty: of no queue
  std::string item{};   // the item's key, or what a person calls the thing
  // Whose it is: this person's, or the connection's owner's. Neither: operators alone are told.
  std::optional<std::int64_t> person{};
  std::optional<std::int64_t> connection_id{};
  std::string detail{};  // short and safe to show; no secret
};

// Writes it in the caller's transaction, or in one of its own. Each call is a notice: that something still is
// so is no news, and the caller raises it once. Throws InfraError.
void raise(store::Connection& connection, const Notice& notice);

}  // namespace fencepost::accounts

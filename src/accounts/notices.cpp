#include "accounts/notices.hpp"

#include "accounts/sql.hpp"
#include "accounts/text.hpp"

namespace fencepost::accounts {

namespace {
constexpr std::size_t kLongestDetail = 500;
constexpr std::string_view kWords[] = {"item_failed", "item_unknown", "credentials_expiring",
                                       "credentials_refused", "quota_low"};
}  // namespace

std::string_view name(NoticeKind kind) { return kWords[static_cast<int>(kind)]; }

std::optional<NoticeKind> notice_kind_named(std::string_view word) {
  for (const auto kind : kNoticeKinds)
    if (name(kind) == word) return kind;
  return std::nullopt;
}

void raise(store::Connection& connection, const Notice& notice) {
  connection.run(sql::add_notice, {std::string(name(notice.kind)), notice.queue, notice.item, notice.person,
                                   notice.connection_id, printable(notice.detail, kLongestDetail)});
}

}  // namespace fencepost::accounts

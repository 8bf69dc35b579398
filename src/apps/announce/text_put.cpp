#include "apps/announce/text_put.hpp"

#include "announce/sql.hpp"
#include "apps/announce/episodes.hpp"
#include "apps/announce/queue.hpp"
#include "apps/announce/repository.hpp"
#include "store/fence.hpp"
#include "store/sql.hpp"

namespace fencepost::announce {

bool put_text(store::Connection& connection, const TextPut& put, const std::string& text, bool doubt) {
  store::Transaction transaction(connection);
  const auto episode = lock_parents(connection, put.announcement, false);
  const auto written = connection.run(sql::put_text, {put.announcement, put.version, text, put.ahead});
  if (written.empty()) {
    const auto now = doubt ? load(connection, put.announcement) : std::nullopt;
    if (!now || now->version != put.version + 1 || now->generated_text != text) return false;
    // The write that was in doubt is there; what is committed after it takes it along.
    store::Fence::confirm(connection);
    transaction.commit();
    return true;
  }
  connection.run_batch(store::sql::add_events,
                       {{kQueue, std::to_string(put.announcement), "text", store::Value(), store::Value(),
                         store::Value(), store::Value(), put.actor, "a model has written its text"}});
  // Where a show wants approval, it is a new version to approve.
  if (episode)
    release(connection, {.episode = episode, .announcement = put.announcement}, put.actor,
            "its text was written");
  transaction.commit();
  return true;
}

}  // namespace fencepost::announce

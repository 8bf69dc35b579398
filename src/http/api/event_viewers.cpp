#include "http/api/event_viewers.hpp"

#include <charconv>
#include <map>

#include "accounts/alive.hpp"
#include "apps/announce/service.hpp"
#include "apps/upload/queue.hpp"

namespace fencepost::http {

namespace {

// Whose an item is does not change; only the hub's thread asks.
class Owners {
 public:
  explicit Owners(OwnerOf owner_of) : owner_of_(std::move(owner_of)) {}

  bool is(const std::string& item, std::int64_t person) {
    std::int64_t id = 0;
    if (std::from_chars(item.data(), item.data() + item.size(), id).ec != std::errc()) return false;
    if (known_.size() > kMost) known_.clear();
    auto at = known_.find(id);
    if (at == known_.end()) at = known_.emplace(id, owner_of_(id)).first;
    return at->second == person;
  }

 private:
  static constexpr std::size_t kMost = 100'000;
  const OwnerOf owner_of_;
  std::map<std::int64_t, std::optional<std::int64_t>> known_;
};

}  // namespace

EventHub::Viewers event_viewers(store::Database& database, OwnerOf owner_of, OwnerOf uploader_of) {
  const auto owners = std::make_shared<std::map<std::string, Owners>>();
  owners->emplace(announce::announcement_queue().name, Owners(std::move(owner_of)));
  if (uploader_of) owners->emplace(upload::kQueue, Owners(std::move(uploader_of)));
  return [&database, owners](const std::vector<Principal>& who) {
    const auto now =
        database.retrying([&](store::Connection& connection) { return accounts::alive(connection, who); });
    std::vector<std::optional<EventHub::Sees>> out;
    for (const auto& one : now) {
      if (!one || !one->scopes.has(accounts::Scope::read)) {
        out.emplace_back();
      } else if (one->at_least(accounts::Role::operator_)) {
        out.emplace_back(EventHub::Sees());
      } else {
        out.emplace_back([owners, person = *one->person](const store::Event& event) {
          const auto of_queue = owners->find(event.queue);
          return of_queue != owners->end() && of_queue->second.is(event.item, person);
        });
      }
    }
    return out;
  };
}

}  // namespace fencepost::http

#pragma once
// Records as people see and pick them. Setting Selected queues a record's processing, here and nowhere else
// in this program (the tables' triggers do the same for other programs); setting anything else takes back
// what is queued. While a record is worked on, Selected means "again afterwards", and anything else asks its
// handler to end; it never runs twice at once.
//
// Thread-safe. Functions throw InfraError; what they have to repeat after a doubtful commit they repeat.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "apps/curate/kinds.hpp"
#include "store/fence.hpp"

namespace fencepost::curate {

struct Record {
  std::int64_t id = 0;
  Kind kind = Kind::place;
  std::string curation_status;
  std::string processing_status;
  std::optional<std::string> last_error;
  std::string note;      // what it waits for; empty: nothing
  std::string evidence;  // JSON of what was found
  int attempts = 0;
  base::Micros run_at = 0;
  std::int64_t version = 1;  // grows with every change by a person; the ETag
  base::Micros created_at = 0, updated_at = 0;
  store::Row own;  // the kind's own columns, in the order of own_columns()
};
// "place_id", "name", …
const std::vector<std::string>& own_columns(Kind kind);

struct Contact {
  std::int64_t id = 0, domain = 0;
  std::string host, email, phone;
  std::string socials;  // JSON
  std::string page_url;
  bool best = false;  // the one to write to, of those on its page
  base::Micros created_at = 0, updated_at = 0;
};

struct Filter {
  std::vector<std::int64_t> ids = {};  // for bulk acts
  std::optional<std::string> curation_status = std::nullopt;
  std::optional<std::string> processing_status = std::nullopt;
  std::string search = {};  // a part of name, host or URL, in any case
};

// What setting a curation status does to one record. queued: its processing is. again_afterwards: it is being
// worked on, and is queued when that has ended. already_queued: nothing changed. taken_back: it was queued.
// in_flight: its handler is asked to end. set: the word alone.
enum class PickAnswer { queued, again_afterwards, already_queued, taken_back, in_flight, set };
std::string_view name(PickAnswer answer);

struct Picked {
  enum class Kind { done, not_found, version_conflict } kind = Kind::done;
  PickAnswer answer = PickAnswer::set;
  std::optional<Record> record;  // as it is now
};

struct BulkPicked {
  std::int64_t items = 0;
  std::map<std::string, std::int64_t>
      answers;        // also "not_found"; "changed": it no longer was what was asked
  bool more = false;  // there were others beyond `max`
};
constexpr int kPickMost = 100'000;

class Records {
 public:
  // `fences`: those of the six queues are among them.
  Records(store::Database& database, std::span<const store::Fence> fences);

  // The newest first, before `before`.
  std::vector<Record> list(Kind kind, const Filter& filter, std::int64_t before, int n) const;
  std::optional<Record> get(Kind kind, std::int64_t id) const;
  std::vector<Contact> contacts(const std::string& search, std::int64_t before, int n) const;
  std::optional<Contact> contact(std::int64_t id) const;

  // `version`: what was seen; nullopt: whatever it is. Throws UserError("invalid_curation_status").
  Picked pick(Kind kind, std::int64_t id, std::optional<std::int64_t> version, const std::string& status,
              const std::string& actor);
  // All that the filter means, at most `max`, in steps of 500, each a transaction. `preview`: what would be
  // answered; nothing is written. Throws UserError as above, and "invalid_filter".
  BulkPicked pick_many(Kind kind, const Filter& filter, const std::string& status, int max, bool preview,
                       const std::string& actor);
  // in_flight: it is being worked on and was asked to end; say it again afterwards.
  core::StopAnswer remove(Kind kind, std::int64_t id, const std::string& actor);

  const store::Fence& fence(Pipeline pipeline) const;

 private:
  using Answers = std::map<std::string, std::int64_t>;
  std::vector<Record> list(store::Connection& connection, Kind kind, const Filter& filter,
                           std::int64_t before, int n) const;
  std::optional<Record> get(store::Connection& connection, Kind kind, std::int64_t id) const;
  std::vector<std::int64_t> page_of(store::Connection& connection, Kind kind, const Filter& filter,
                                    std::int64_t before, int n) const;
  void pick_held(store::Connection& connection, Kind kind, const std::vector<std::int64_t>& ids,
                 const std::string& status, const std::string& actor,
                 const std::vector<store::Snapshot>& held) const;
  std::pair<Answers, std::vector<std::int64_t>> would(store::Connection& connection, Kind kind,
                                                      const Filter& filter,
                                                      const std::vector<std::int64_t>& ids,
                                                      const std::string& status) const;
  Answers step(store::Connection& connection, Kind kind, const Filter& filter,
               const std::vector<std::int64_t>& ids, const std::string& status,
               const std::string& actor) const;

  store::Database& database_;
  const std::span<const store::Fence> fences_;
};

}  // namespace fencepost::curate

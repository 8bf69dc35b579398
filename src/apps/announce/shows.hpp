#pragma once
// What a show wants of its announcements, and who says no to all of them at once: the kill switch, a host who
// leaves, a connection that is disconnected.
//
// All are one transaction, or a part of the caller's: then a refusal wants a rollback. They throw InfraError.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "accounts/shows.hpp"
#include "store/database.hpp"
#include "store/fence.hpp"

namespace fencepost::announce {

struct ShowSettings {
  std::string description;
  std::optional<std::string> channel_id;  // YouTube's: UC and 22 of A–Z a–z 0–9 _ -
  std::string title_filter;     // a part of a stream's title, in any case: others are not this show's
  bool filter_titles = false;   // whether the filter counts
  std::string zone = "UTC";     // IANA
  bool enabled = true;          // false: the kill switch, nothing is posted
  bool needs_approval = false;  // an admin approves each announcement, in the version that goes out
  std::int64_t stagger = 0;     // seconds between the announcements of one episode
  std::string template_text;    // of announcements without own or generated text; may be empty
};
struct ShowChange {  // empty members stay as they are
  std::optional<std::string> name{}, slug{}, description{}, title_filter{}, zone{}, template_text{};
  std::optional<std::optional<std::string>> channel_id{};
  std::optional<bool> filter_titles{}, enabled{}, needs_approval{};
  std::optional<std::int64_t> stagger{};
};

// What has become of announcements that somebody said no to.
struct Prevented {
  std::int64_t prevented = 0;        // they never go out, but by a recorded act
  std::int64_t in_flight = 0;        // being sent at this moment; not tried again
  std::int64_t outcome_unknown = 0;  // were sent, and nobody knows
  std::int64_t waiting = 0;          // of a kill switch: not due yet; what comes due while it is off fails
};

// Throws UserError: invalid_channel, invalid_zone, invalid_text, invalid_field.
void check(const ShowChange& change);
// Of those of these shows that are there.
std::map<std::int64_t, ShowSettings> show_settings(store::Connection& connection,
                                                   const std::vector<std::int64_t>& shows);

// As accounts::create_show, with what it wants from the start (name and slug of `wanted`).
accounts::ShowResult create_show(store::Connection& connection, const ShowChange& wanted,
                                 std::optional<std::int64_t> admin);

struct ShowEdit {
  accounts::ShowResult result;
  ShowSettings settings{};               // done: as they are now
  std::optional<Prevented> prevented{};  // the kill switch was thrown
};
// All of it in one: name, settings, one version. Throws UserError, also as accounts::edit_show.
ShowEdit edit_show(store::Connection& connection, const store::Fence& fence, std::int64_t id,
                   std::optional<std::int64_t> version, const ShowChange& change, const std::string& actor);

// in_flight, outcome_unknown: of one of its announcements; nothing was removed.
enum class RemoveShow { done, not_found, in_flight, outcome_unknown };
// With its episodes; what was posted stays, and so do all histories.
RemoveShow remove_show(store::Connection& connection, const store::Fence& fence, std::int64_t id,
                       const std::string& actor);

// Takes somebody out of a show; his announcements in it are stopped. What is in flight is not tried again.
std::pair<accounts::MemberAnswer, Prevented> remove_member(store::Connection& connection,
                                                           const store::Fence& fence, std::int64_t show,
                                                           std::int64_t person, const std::string& actor);
// The host's own word whether announcements may be made for him. Out: those that he has in it are stopped,
// too. nullopt: he is not in the show.
std::optional<Prevented> opt(store::Connection& connection, const store::Fence& fence, std::int64_t show,
                             std::int64_t person, bool in, const std::string& actor);
// How a host wants to sound in a show, where a model writes for him. false: he is not in it. Throws UserError
// invalid_text.
bool set_style(store::Connection& connection, std::int64_t show, std::int64_t person,
               const std::string& style);
struct OwnWords {
  bool opted_in = false;
  std::string style;  // may be empty
};
std::optional<OwnWords> own_words(store::Connection& connection, std::int64_t show, std::int64_t person);
// In the transaction that disconnects it, behind the lock of its row: stops what has not begun; what is in
// flight is not tried again either, since its gate would find no connection.
Prevented stop_over(store::Connection& connection, const store::Fence& fence, std::int64_t id,
                    const std::string& actor);

}  // namespace fencepost::announce

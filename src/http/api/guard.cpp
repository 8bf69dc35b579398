// Who asks, and what they are to the thing that a path names.

#include "accounts/connections.hpp"
#include "accounts/invitations.hpp"
#include "accounts/sessions.hpp"
#include "accounts/shows.hpp"
#include "accounts/tokens.hpp"
#include "apps/announce/episodes.hpp"
#include "apps/notify/subscriptions.hpp"
#include "apps/upload/media/videos.hpp"
#include "apps/upload/uploads.hpp"
#include "base/error.hpp"
#include "http/api/common.hpp"

namespace fencepost::http {

namespace {

Relation self_if(bool mine) { return mine ? Relation::self : Relation::none; }

Relation in_show(store::Connection& connection, const Principal& who, std::int64_t show) {
  const auto role = accounts::show_role(connection, who, show);
  if (!role) return Relation::none;
  return *role == accounts::ShowRole::admin ? Relation::admin : Relation::host;
}

// Its inviter's, and of those who could have made it.
Relation of_invitation(store::Connection& connection, const Principal& who, std::int64_t id) {
  const auto invitation = accounts::get_invitation(connection, id);
  if (!invitation) return Relation::none;
  if (invitation->inviter && invitation->inviter == who.person) return Relation::self;
  return self_if(invitation->show && in_show(connection, who, *invitation->show) == Relation::admin);
}

}  // namespace

std::optional<Principal> known(Services& services, const Credential& credential) {
  return services.database.retrying([&](store::Connection& connection) {
    const auto& secret = credential.secret.reveal();
    return credential.kind == Credential::Kind::session ? accounts::authenticate_session(connection, secret)
                                                        : accounts::authenticate(connection, secret);
  });
}

Relation relation_to(Services& services, const Principal& who, Thing thing, const std::string& key) {
  const auto id = positive(key);
  // Nothing belongs to the instance's own tokens; theirs is the role.
  if (!id || !who.person) return Relation::none;
  if (thing == Thing::announcement && services.announcements.owner(*id) == who.person) return Relation::self;
  return services.database.retrying([&](store::Connection& connection) {
    switch (thing) {
      case Thing::show:
        return in_show(connection, who, *id);
      case Thing::episode: {
        const auto found = announce::get_episode(connection, *id);
        return found ? in_show(connection, who, found->show) : Relation::none;
      }
      case Thing::announcement: {
        const auto show = announce::show_of(connection, *id);
        return show ? in_show(connection, who, *show) : Relation::none;
      }
      case Thing::invitation:
        return of_invitation(connection, who, *id);
      case Thing::connection: {
        const auto found = accounts::get_connection(connection, *id);
        return self_if(found && found->person == who.person);
      }
      case Thing::subscription: {
        const auto found = notify::get_subscription(connection, *id);
        return self_if(found && found->person == who.person);
      }
      // Whoever may schedule on a channel may do so with all of its uploads.
      case Thing::channel:
        return upload::may_schedule(connection, *id, *who.person) ? Relation::host : Relation::none;
      case Thing::upload: {
        const auto found = upload::get_upload(connection, *id);
        return found && upload::may_schedule(connection, found->channel_id, *who.person) ? Relation::host
                                                                                         : Relation::none;
      }
      case Thing::video: {
        // Everybody sees those of media folders; what they have to say of them is an operator's.
        const auto found = media::get_video(connection, *id);
        return self_if(found && found->person == who.person);
      }
      case Thing::nothing:
        break;
    }
    FENCEPOST_ASSERT(false);
    return Relation::none;
  });
}

Limiter shared_limiter(accounts::RateLimits& limits) {
  return [&limits](const std::string& key, const RateLimit& limit, base::BootTime now) -> SharedTake {
    const auto taken = limits.take(key, limit.count, limit.per, now);
    switch (taken.answer) {
      case accounts::RateLimits::Answer::taken:
        return {true, std::nullopt};
      case accounts::RateLimits::Answer::refused:
        return {true, taken.wait};
      case accounts::RateLimits::Answer::unshared:
        break;
    }
    return {};
  };
}

std::optional<std::int64_t> whose(const Request& request) {
  const Principal& who = *request.principal;
  return who.at_least(Role::operator_) ? std::nullopt : who.person;
}

std::int64_t person_of(const Request& request) {
  if (const auto person = request.principal->person) return *person;
  throw base::UserError("no_person",
                        "this token is the instance's own and nobody's: sign in, or take a person's");
}

}  // namespace fencepost::http

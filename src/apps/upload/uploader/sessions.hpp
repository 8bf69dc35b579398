#pragma once
// What an upload is to its uploader: what YouTube will be told, and the session that it goes on with.
//
// A session stands for certain words and a certain file. Whoever edits the upload, moves its slot or changes
// the file gets another one, and the old one never completes: nobody sends its last piece.
//
// Functions run in the caller's transaction where it has one, throw InfraError, and are as thread-safe as the
// connection is.

#include <optional>
#include <string>

#include "accounts/rotation.hpp"
#include "accounts/vault.hpp"
#include "apps/upload/media/videos.hpp"
#include "apps/upload/quota.hpp"
#include "connect/youtube/upload.hpp"
#include "store/fence.hpp"

namespace fencepost::uploader {

struct Session {
  std::int64_t number = 0;
  std::string draft;
  std::optional<std::string> sealed{};  // nullopt: its address never came
  base::Micros opened_at = 0;
  // The last piece may have left: a video may come of it, whatever is known of the session by now.
  bool last_piece = false;
};

struct ToUpload {
  std::int64_t id = 0;
  std::int64_t channel_id = 0;
  std::string channel;
  std::int64_t connection_id = 0;
  std::int64_t project_id = 0;
  bool enabled = false;
  base::Micros slot_at = 0;
  media::Video video;
  connect::youtube::Draft draft;
  std::optional<Session> session{};
  std::string last_error;
  base::Micros now = 0;  // the database's, when this was read
};
// nullopt: there is no such upload.
std::optional<ToUpload> to_upload(store::Connection& connection, std::int64_t id);

// What a session of it is for. Pure.
std::string draft_of(const ToUpload& upload);

// That YouTube has so many bytes: the write that says whether the claim is still ours. A whole percent more
// than before (`told`, which grows) is an event too, at most one a second by `clock`. Answers how long its
// slot is away by now; nullopt: the claim is not ours any more.
struct Progress {
  int percent = -1;
  base::BootTime at{};
};
std::optional<base::Duration> note_progress(store::Connection& connection, const store::Claim& claim,
                                            std::int64_t bytes, std::int64_t total, Progress& told,
                                            const base::Clock& clock);

// Before a session is opened: counts the call, and forgets the session before. The call is spent from the
// commit on, whatever becomes of it.
struct Begun {
  bool revoked = false;
  bool may_exist = false;                  // not begun: the last piece of the session before may have left
  std::optional<base::Micros> fresh_at{};  // not begun: the quota of the day is used up until then
  std::int64_t number = 0;
};
Begun begin_session(store::Connection& connection, const store::Claim& claim, const ToUpload& upload);
// Its address, before the first byte. False: the claim is not ours any more.
bool keep_session(store::Connection& connection, const accounts::Vault& vault, const store::Claim& claim,
                  std::int64_t number, const base::Secret& address);
// nullopt: it never came, or no key opens it any more.
std::optional<base::Secret> address_of(const accounts::Vault& vault, std::int64_t upload,
                                       const Session& session);
// For the rotation of the key.
accounts::Sealed sealed_sessions();
// The uploads that would go on with a session which `vault` cannot open; all of them, where it is null.
std::int64_t unreadable_sessions(store::Connection& connection, const accounts::Vault* vault);
// In the gate's transaction, behind the parents that it shares: locks the item, and the session's last piece
// may leave from the commit on. False: the claim is not ours any more, or it is not the upload's session.
bool mark_last_piece(store::Connection& connection, const store::Claim& claim, std::int64_t number);
// It certainly did not: known of the one arrival that there was, or a person's word. Another session may
// begin.
void unmark_last_piece(store::Connection& connection, std::int64_t upload);
// In the transaction that settles: the video is there. Its watch begins.
void completed(store::Connection& connection, std::int64_t upload, std::int64_t number, std::int64_t bytes);

// A person has said whether the video is there; in the transaction that says so. If so its watch begins.
void resolved(store::Connection& connection, std::int64_t upload, bool happened);

}  // namespace fencepost::uploader

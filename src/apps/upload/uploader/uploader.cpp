#include "apps/upload/uploader/uploader.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "accounts/connections.hpp"
#include "apps/upload/uploads.hpp"
#include "base/log.hpp"
#include "base/testpoint.hpp"
#include "connect/exchange.hpp"

namespace fencepost::uploader {

using connect::youtube::kPieceUnit;
using engine::NotNow;
using store::EffectResult;
using store::Verdict;
using Kind = connect::youtube::Trouble::Kind;

namespace {
constexpr const char* kBeginsAnew = "YouTube has lost the session: it begins anew";
constexpr const char* kSessionLost =
    "session_lost: YouTube does not know the session any more, and cannot say whether it has the video: look "
    "in YouTube Studio, and resolve it";
constexpr const char* kSessionChanged =
    "session_changed: it was edited behind its last piece, which may still arrive: look in YouTube "
    "Studio, and resolve it";
constexpr const char* kSessionUnreadable =
    "session_unreadable: the key of its session is gone, and its last piece may have left: look in YouTube "
    "Studio, and resolve it";
constexpr const char* kSlotPassed =
    "slot_passed: its slot is over, or too near to upload in time: reschedule it";
constexpr base::Duration kSpare = std::chrono::seconds(30);
// What a piece may take at the least speed that is worth keeping a connection for.
constexpr base::Duration kPieceTime = std::chrono::minutes(10);
constexpr base::Duration kAskTime = std::chrono::seconds(30);
// So many troubles one after the other, with no byte more in between: then another attempt, after its
// back-off.
constexpr int kPatience = 5;
// What YouTube wants to wait for longer is not slept through: others have the worker meanwhile.
constexpr base::Duration kLongestPause = std::chrono::seconds(30);
// Credentials are asked for anew after this, so that they outlast a long upload.
constexpr base::Duration kRenew = std::chrono::minutes(2);

std::int64_t id_of(const std::string& item) { return std::stoll(item); }

NotNow failed(std::string why) { return {std::move(why), {}}; }
NotNow again(std::string why, base::Duration wait) { return {std::move(why), wait}; }
// Nothing is written any more: the settlement is stale.
NotNow revoked() { return again("somebody changed or stopped it", base::Duration(0)); }

std::string of_bytes(std::int64_t offset, std::int64_t total) {
  return "YouTube has " + std::to_string(offset) + " of " + std::to_string(total) + " bytes";
}

// What went wrong and may pass by itself: ask where the upload stands, and go on.
bool passes(const connect::youtube::Trouble& trouble) {
  return trouble.kind == Kind::network || trouble.kind == Kind::server || trouble.kind == Kind::malformed ||
         trouble.kind == Kind::rate;
}

// What is learnt of a connection, written in the transaction that settles.
struct Learnt {
  std::int64_t connection_id = 0, version = 0;  // 0: nothing of it
  bool accepted = false, refused = false;
  std::int64_t number = 0, bytes = 0;  // of the session that became a video
  bool nothing_left = false;           // no last piece of the session can make a video any more
};
}  // namespace

// From render() to settled(): nothing of it is kept.
struct Uploader::Way {
  ToUpload upload{};
  base::FileDescriptor file{};
  connect::Credentials credentials{};
  std::int64_t version = 0;  // of the secret
  bool may_refresh = false;
  base::BootTime fresh_at{};
  base::Secret session{};
  std::int64_t number = 0;
  std::int64_t offset = 0;
  std::string video{};      // it is complete already
  bool last_piece = false;  // it may have left before this attempt
  std::string doubt{};      // so that the session cannot be gone on with, nor another begin: why
  Progress told{};
  base::Duration left{};  // to its slot, when somebody last asked the database
};

struct Uploader::Step {
  const store::Claim& claim;
  base::BootTime until;
  std::stop_token stop;
};

Uploader::Uploader(store::Database& database, accounts::FreshCredentials& credentials,
                   const accounts::Vault& vault, const media::Folders& folders,
                   connect::youtube::UploadApi& youtube, Options options)
    : database_(database),
      credentials_(credentials),
      vault_(vault),
      folders_(folders),
      youtube_(youtube),
      options_(options) {}

std::variant<engine::Rendered, NotNow> Uploader::render(store::Connection& connection,
                                                        const store::Claim& claim, const std::string&) {
  auto item = to_upload(connection, id_of(claim.item));
  if (!item) return failed("the upload was deleted");
  if (item->video.removed_at) return failed("video_removed: the video was removed before it was uploaded");
  const auto account = accounts::get_connection(connection, item->connection_id);
  if (!account || account->disconnected_at)
    return failed("the channel's connection is disconnected: connect it, and retry");
  if (item->slot_at - item->now < options_.timeout.count()) return failed(kSlotPassed);
  if (!item->enabled) return again("its channel is switched off", std::chrono::minutes(1));
  auto way = std::make_shared<Way>();
  way->left = base::Duration(item->slot_at - item->now);
  way->upload = std::move(*item);
  engine::Rendered rendered;
  rendered.destination = "youtube";
  rendered.timeout = options_.timeout;
  rendered.context = way;
  return rendered;
}

std::optional<NotNow> Uploader::fresh(Way& way, base::Duration valid_for) const {
  auto got = credentials_.get(way.upload.connection_id, valid_for);
  if (const auto* none = std::get_if<accounts::NotUsable>(&got)) return NotNow{none->why, none->again};
  auto& live = std::get<accounts::LiveConnection>(got);
  way.version = live.version;
  way.may_refresh = live.refreshable && !live.on_trial;
  way.credentials = {std::move(live.secret)};
  way.fresh_at = youtube_.clock().boot();
  return std::nullopt;
}

// Where a wait would end behind the slot there is nothing to wait for.
NotNow Uploader::later(const Way& way, const std::string& why, base::Micros at) const {
  const auto wait = base::Duration(at - youtube_.clock().wall());
  if (wait >= way.left - options_.timeout)
    return failed(why + "; that is over only after its slot: reschedule it");
  return again(why, std::max(wait, base::Duration(0)));
}

// Before the gate: whatever YouTube did, there is no video.
NotNow Uploader::refused(const Way& way, const Trouble& trouble) {
  const auto now = youtube_.clock().wall();
  const auto outcome = connect::youtube::outcome_of(trouble, now);
  if (outcome.reason == connect::Reason::credentials)
    database_.retrying([&](store::Connection& connection) {
      accounts::credentials_refused(connection, way.upload.connection_id, way.version, outcome.error);
      return 0;
    });
  switch (trouble.kind) {
    case Kind::credentials:
      if (!way.may_refresh) return failed(outcome.error);
      return {outcome.error, base::Duration(0), true};
    case Kind::quota: {
      const auto at = database_.retrying([&](store::Connection& connection) {
        return upload::close_day(connection, way.upload.project_id, upload::Call::insert);
      });
      return later(way, "quota_exceeded: " + trouble.why, at);
    }
    case Kind::upload_limit:
      return later(way, "upload_limit_exceeded: " + trouble.why,
                   now + base::Duration(connect::youtube::kUploadLimitRest).count());
    case Kind::stopped:
      return again(outcome.error, base::Duration(0));
    default:
      break;
  }
  if (!outcome.retryable) return failed(outcome.error);
  if (!outcome.retry_after) return {outcome.error, base::Duration(0), true};
  auto wait = later(way, outcome.error, now + outcome.retry_after->count());
  wait.attempted = wait.again.has_value();
  return wait;
}

std::optional<NotNow> Uploader::open(Way& way, const Step& step, const char* doubt) {
  const auto begun = database_.retrying(
      [&](store::Connection& connection) { return begin_session(connection, step.claim, way.upload); });
  if (begun.revoked) return revoked();
  if (begun.may_exist) {
    // No other session: the gate is passed with nothing to send, and the outcome is unknown.
    way.doubt = doubt;
    return std::nullopt;
  }
  if (begun.fresh_at)
    return later(way, "quota_exceeded: the project's quota of the day is used up", *begun.fresh_at);
  base::testpoint("upload.session.begun");
  const auto opened = youtube_.open(connect::youtube::metadata(way.upload.draft), way.upload.video.size,
                                    way.upload.video.media_type,
                                    {way.credentials, deadline(step.until, kAskTime), step.stop});
  if (opened.trouble) return refused(way, *opened.trouble);
  // Stored before the first byte, so that a crash goes on with it.
  const bool kept = database_.retrying([&](store::Connection& connection) {
    return keep_session(connection, vault_, step.claim, begun.number, opened.session);
  });
  if (!kept) return revoked();
  base::testpoint("upload.session.kept");
  way.session = opened.session;
  way.number = begun.number;
  way.last_piece = false;
  way.offset = 0;
  return std::nullopt;
}

// With the session that there is, at the byte that YouTube has; else with a new one.
std::optional<NotNow> Uploader::go_on(Way& way, const Step& step) {
  const auto& old = way.upload.session;
  if (old) {
    way.number = old->number;
    way.last_piece = old->last_piece;
  }
  const bool fits = old && old->sealed && old->draft == draft_of(way.upload) &&
                    way.upload.now - old->opened_at < base::Duration(connect::youtube::kSessionLife).count();
  if (!fits) return open(way, step, kSessionChanged);
  auto address = address_of(vault_, way.upload.id, *old);
  if (!address) return open(way, step, kSessionUnreadable);
  way.session = std::move(*address);
  const auto stand = youtube_.ask(way.session, way.upload.video.size,
                                  {way.credentials, deadline(step.until, kAskTime), step.stop});
  switch (stand.kind) {
    case Stand::Kind::incomplete:
      way.offset = stand.offset;
      return std::nullopt;
    case Stand::Kind::complete:
      // Its last piece came late, after it was seen to be missing: what is left to do is to say so.
      way.video = stand.video;
      way.offset = way.upload.video.size;
      return std::nullopt;
    case Stand::Kind::lost:
      // A new one, unless its last piece may have left: what was seen to be missing may have come later.
      return open(way, step, kSessionLost);
    case Stand::Kind::trouble:
      break;
  }
  return refused(way, *stand.trouble);
}

base::BootTime Uploader::deadline(base::BootTime until, base::Duration most) const {
  return std::min(until, youtube_.clock().boot() + most);
}

std::optional<NotNow> Uploader::pieces(Way& way, const Step& step) {
  const auto total = way.upload.video.size;
  if (!way.doubt.empty()) return std::nullopt;
  const auto note = [&] {
    return database_.retrying([&](store::Connection& connection) {
      return note_progress(connection, step.claim, way.offset, total, way.told, youtube_.clock());
    });
  };
  for (int troubles = 0;;) {
    const auto left = note();
    if (!left) return revoked();
    if (step.stop.stop_requested()) return again("it goes on later", base::Duration(0));
    way.left = *left;
    const auto length = connect::youtube::piece_before_last(way.offset, total, options_.piece);
    if (length == 0 || way.offset == total) return std::nullopt;
    // The gate would refuse it, behind hours of pieces for nothing.
    if (way.left < options_.timeout) return failed(kSlotPassed);
    if (youtube_.clock().boot() - way.fresh_at > kRenew)
      if (auto none = fresh(way, kRenew + kPieceTime + kSpare)) return none;
    auto stand =
        youtube_.put(way.session, {way.file.get(), way.offset, length, options_.pace}, total,
                     {way.credentials,
                      deadline(step.until, std::min(kPieceTime, way.left - options_.timeout)), step.stop});
    if (stand.kind == Stand::Kind::trouble && passes(*stand.trouble)) {
      if (++troubles > kPatience) return refused(way, *stand.trouble);
      const auto wait = std::max(stand.trouble->retry_after.value_or(base::Duration(0)),
                                 options_.pause * (1 << (troubles - 1)));
      if (wait > kLongestPause || !connect::pause(wait, youtube_.clock(), step.until, step.stop))
        return refused(way, *stand.trouble);
      stand = youtube_.ask(way.session, total, {way.credentials, deadline(step.until, kAskTime), step.stop});
      if (stand.kind == Stand::Kind::trouble && passes(*stand.trouble)) {
        if (stand.trouble->retry_after > kLongestPause) return refused(way, *stand.trouble);
        continue;
      }
    }
    // As an attempt, so that a YouTube that loses them all comes to an end.
    if (stand.kind == Stand::Kind::lost) return NotNow{kBeginsAnew, base::Duration(0), true};
    if (stand.kind == Stand::Kind::trouble) return refused(way, *stand.trouble);
    if (stand.kind == Stand::Kind::complete) {
      way.video = stand.video;
      way.offset = total;
      return std::nullopt;
    }
    if (stand.offset > way.offset) troubles = 0;
    way.offset = stand.offset;
    base::testpoint("upload.piece.sent");
  }
}

std::optional<NotNow> Uploader::prepare(const store::Claim& claim, const std::string&,
                                        engine::Rendered& rendered, base::BootTime until,
                                        std::stop_token stop) {
  const auto way = std::any_cast<std::shared_ptr<Way>>(rendered.context);
  const Step step{claim, until, std::move(stop)};
  way->file = media::open(folders_, way->upload.video);
  if (auto none = fresh(*way, options_.timeout + kPieceTime + kSpare)) return none;
  if (auto none = go_on(*way, step)) return none;
  if (auto none = pieces(*way, step)) return none;
  if (auto none = fresh(*way, options_.timeout + kSpare)) return none;
  const auto& upload = way->upload;
  rendered.request =
      nlohmann::json{{"session", way->number},
                     {"bytes", upload.video.size},
                     {"video", nlohmann::json::parse(connect::youtube::metadata(upload.draft))}}
          .dump();
  // Whatever the session was opened for is what the claim's fence stands for: an edit moves that.
  rendered.allowed = [id = upload.id, claim, number = way->number, connection_id = upload.connection_id,
                      margin = options_.timeout](store::Connection& connection) {
    return upload::gate_allows(connection, id, connection_id, margin) &&
           mark_last_piece(connection, claim, number);
  };
  base::testpoint("upload.prepared");
  return std::nullopt;
}

EffectResult Uploader::outcome(const Way& way, const Trouble& trouble) const {
  const auto outcome = connect::youtube::outcome_of(trouble, youtube_.clock().wall());
  Learnt learnt{way.upload.connection_id, way.version};
  learnt.refused = outcome.reason == connect::Reason::credentials;
  learnt.nothing_left = !way.last_piece;
  EffectResult result{Verdict::did_not_happen, "", "", outcome.error, {}, learnt};
  if (learnt.refused ? way.may_refresh : outcome.retryable)
    result.retry_after = outcome.retry_after.value_or(base::Duration(0));
  return result;
}

// The last piece, whose deadline no pace may use up. What is unclear is asked for until the deadline, and
// what is missing is sent again: the session takes each byte once.
EffectResult Uploader::send(const store::Effect&, const engine::Rendered& rendered, base::BootTime deadline) {
  const auto way = std::any_cast<std::shared_ptr<Way>>(rendered.context);
  const auto total = way->upload.video.size;
  const auto happened = [&](const std::string& video) {
    Learnt learnt{way->upload.connection_id, way->version, true, false, way->number, total};
    return EffectResult{Verdict::happened, video, connect::youtube::watch_url(video), "", {}, learnt};
  };
  if (!way->video.empty()) return happened(way->video);
  const auto unknown = [](const std::string& why) { return EffectResult{Verdict::unknown, "", "", why, {}}; };
  if (!way->doubt.empty()) return unknown(way->doubt);
  std::string why = "YouTube did not say what became of the last piece";
  bool left = false;  // the last piece may have
  bool asking = way->offset == total;
  for (int tries = 0;; ++tries) {
    const connect::youtube::UploadApi::Call call{way->credentials, deadline, {}};
    const auto stand =
        asking ? youtube_.ask(way->session, total, call)
               : youtube_.put(way->session, {way->file.get(), way->offset, total - way->offset}, total, call);
    base::testpoint("upload.last.sent");
    if (stand.kind == Stand::Kind::complete && !stand.video.empty()) return happened(stand.video);
    if (stand.kind == Stand::Kind::incomplete) way->offset = stand.offset;
    if (stand.kind == Stand::Kind::lost) {
      // Answered to the first arrival: it was gone before. After that nobody knows.
      if (left || asking || way->last_piece) return unknown(kSessionLost);
      Learnt learnt;
      learnt.nothing_left = true;
      return {Verdict::did_not_happen, "", "", kBeginsAnew, base::Duration(0), learnt};
    }
    if (stand.kind == Stand::Kind::trouble) {
      why = stand.trouble->why;
      // An answer that refuses, or no byte that left: certain while no earlier arrival is unclear.
      if (!left && !asking && (!stand.trouble->left || !passes(*stand.trouble)))
        return outcome(*way, *stand.trouble);
    }
    left = left || !asking;
    asking = stand.kind != Stand::Kind::incomplete;
    if (!connect::pause(options_.pause * (1 << std::min(tries, 4)), youtube_.clock(), deadline, {})) break;
  }
  return unknown(why);
}

EffectResult Uploader::look(const store::Reconcile& reconcile, std::stop_token stop) {
  const auto cannot = [](const std::string& why) { return EffectResult{Verdict::unknown, "", "", why, {}}; };
  const auto item = to_upload(*database_.acquire(), id_of(reconcile.effect.item));
  if (!item) return cannot("the upload was deleted");
  const auto sent = nlohmann::json::parse(reconcile.effect.request, nullptr, /*allow_exceptions=*/false);
  const auto number = connect::text_at(sent, "session");
  if (!item->session || !item->session->sealed || std::to_string(item->session->number) != number)
    return cannot("its session is not known any more: look in YouTube Studio");
  const auto address = address_of(vault_, item->id, *item->session);
  if (!address) return cannot(kSessionUnreadable);
  auto fresh = credentials_.get(item->connection_id, kAskTime + kSpare, accounts::FreshCredentials::To::ask);
  if (const auto* none = std::get_if<accounts::NotUsable>(&fresh))
    return cannot("YouTube cannot be asked: " + none->why);
  auto& live = std::get<accounts::LiveConnection>(fresh);
  const connect::Credentials credentials{std::move(live.secret)};
  const auto stand = youtube_.ask(*address, item->video.size,
                                  {credentials, youtube_.clock().boot() + kAskTime, std::move(stop)});
  switch (stand.kind) {
    case Stand::Kind::complete:
      if (stand.video.empty()) break;
      return {
          Verdict::happened,
          stand.video,
          connect::youtube::watch_url(stand.video),
          "",
          {},
          Learnt{item->connection_id, live.version, true, false, item->session->number, item->video.size}};
    case Stand::Kind::incomplete:
      // It stands for other words, or another file, than the upload by now: it is not gone on with, and a
      // last piece that still travels would complete it.
      if (item->session->draft != draft_of(*item)) return cannot(kSessionChanged);
      return {Verdict::did_not_happen, "", "", of_bytes(stand.offset, item->video.size), {}};
    case Stand::Kind::lost:
      return cannot(kSessionLost);
    case Stand::Kind::trouble:
      return cannot("YouTube cannot be asked: " + stand.trouble->why);
  }
  return cannot("YouTube's answer could not be read");
}

bool Uploader::refuses_second_arrival(const store::Effect&, base::Duration) { return true; }

void Uploader::settled(store::Connection& connection, const store::Effect& effect,
                       const EffectResult& result) {
  const auto id = id_of(effect.item);
  const auto* learnt = std::any_cast<Learnt>(&result.own);
  const bool happened = result.verdict == Verdict::happened;
  if (happened) {
    upload::set_uploaded(connection, id, result.remote_id, result.remote_url);
    if (learnt != nullptr) completed(connection, id, learnt->number, learnt->bytes);
  }
  if (learnt == nullptr) return;
  if (learnt->nothing_left) unmark_last_piece(connection, id);
  if (learnt->connection_id == 0) return;
  // Behind the item, against the order of locks, as announce's publisher says.
  accounts::set_connection_error(connection, learnt->connection_id,
                                 happened ? std::nullopt : std::optional(result.detail));
  if (learnt->accepted) accounts::credentials_accepted(connection, learnt->connection_id, learnt->version);
  if (learnt->refused)
    accounts::credentials_refused(connection, learnt->connection_id, learnt->version, result.detail);
}

}  // namespace fencepost::uploader

#include "apps/upload/media/upkeep.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "apps/upload/media/videos.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/sha256.hpp"
#include "media/sql.hpp"

namespace fencepost::media {

namespace {
constexpr std::chrono::seconds kRound{10};
constexpr base::Duration kLease = std::chrono::minutes(5);
constexpr std::int64_t kLooks = 3;  // a video that kills who looks at it is let be

// nullopt: it could not be read to its end, or a stop was wanted.
std::optional<std::string> hash_of(int file, const std::stop_token& stop) {
  base::Sha256 hash;
  std::string buffer(1 << 20, '\0');
  for (off_t at = 0; !stop.stop_requested();) {
    const auto n = pread(file, buffer.data(), buffer.size(), at);
    if (n == 0) return hash.hex();
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    hash.add(std::string_view(buffer).substr(0, static_cast<std::size_t>(n)));
    at += n;
    // It is read once, and must not push out of memory what others read again.
    posix_fadvise(file, 0, at, POSIX_FADV_DONTNEED);
  }
  return std::nullopt;
}

store::Value maybe(const std::optional<std::int64_t>& number) {
  return number ? store::Value(*number) : store::Value();
}

struct Looked {
  Facts facts;
  std::optional<std::string> hash{};
};

Looked look_at(const Video& video, const Folders& folders, const std::string& program,
               const ProbeLimits& limits, const std::stop_token& stop) try {
  const auto file = open(folders, video);
  Looked looked;
  looked.hash = hash_of(file.get(), stop);
  looked.facts = program.empty() ? Facts{.error = kNoProbe} : probe(program, file, limits, stop);
  return looked;
} catch (const base::UserError& error) {
  return {{.error = error.what()}};
}
}  // namespace

int measure(store::Database& database, const Folders& folders, const std::string& program,
            const ProbeLimits& limits, const std::stop_token& stop, int most) {
  int measured = 0;
  for (; measured < most && !stop.stop_requested(); ++measured) {
    const auto taken = database.retrying([&](store::Connection& connection) {
      return connection.run(sql::take_probe, {kLease.count(), kLooks}).rows;
    });
    if (taken.empty()) break;
    const auto id = taken[0][0].integer();
    const auto video =
        database.retrying([&](store::Connection& connection) { return get_video(connection, id); });
    FENCEPOST_ASSERT(video.has_value());
    const auto looked = taken[0][1].boolean()
                            ? Looked{{.error = "it could not be measured: three tries did not end"}}
                            : look_at(*video, folders, program, limits, stop);
    if (stop.stop_requested()) {
      database.retrying([&](store::Connection& connection) {
        connection.run(sql::give_probe, {id});
        return 0;
      });
      break;
    }
    const auto& facts = looked.facts;
    database.retrying([&](store::Connection& connection) {
      connection.run(sql::store_probe,
                     {id, looked.hash, maybe(facts.duration_ms), maybe(facts.width), maybe(facts.height),
                      facts.error.empty() ? store::Value() : store::Value(facts.error)});
      return 0;
    });
  }
  return measured;
}

Upkeep::Upkeep(store::Database& database, const Folders& folders, Files* files, std::string program,
               const ProbeLimits& limits)
    : database_(database),
      folders_(folders),
      files_(files),
      program_(std::move(program)),
      limits_(limits),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

void Upkeep::wake() {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  woken_.notify_all();
}

void Upkeep::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    look(stop);
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, stop, kRound, [this] { return wanted_; });
    wanted_ = false;
  }
}

void Upkeep::look(const std::stop_token& stop) try {
  while (files_ != nullptr && !stop.stop_requested() && files_->sweep() > 0) {
  }
  while (!stop.stop_requested() && measure(database_, folders_, program_, limits_, stop) > 0) {
  }
} catch (const std::exception& error) {
  // The next round looks again.
  base::log(base::LogLevel::warn, "media not looked after", {{"error", error.what()}});
}

}  // namespace fencepost::media

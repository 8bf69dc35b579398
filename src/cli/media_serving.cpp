#include "cli/media_serving.hpp"

#include "apps/upload/media/upkeep.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "cli/settings.hpp"

namespace fencepost::cli {

namespace {
constexpr std::int64_t kMebibyte = std::int64_t{1} << 20;

// "shows=/srv/shows, clips=/srv/clips"
std::vector<media::Folder> folders_of(const Settings& settings) {
  const auto [text, source] = settings.find("media-folders");
  std::vector<media::Folder> folders;
  for (std::size_t from = 0; from < text.size();) {
    const auto to = std::min(text.find(',', from), text.size());
    auto part = text.substr(from, to - from);
    part.erase(0, part.find_first_not_of(' '));
    from = to + 1;
    const auto equals = part.find('=');
    if (equals == std::string::npos || equals + 1 == part.size())
      throw UsageError("media-folders (" + source + "): '" + part + "' is no NAME=PATH");
    if (part.substr(0, equals) == media::kFiles)
      throw UsageError("media-folders (" + source + "): the name files is taken");
    folders.push_back({part.substr(0, equals), part.substr(equals + 1)});
  }
  return folders;
}

// Empty: nothing comes by tus.
std::string files_folder(const Settings& settings) {
  auto path = settings.text("files-folder");
  const auto beside = store::sqlite_path(settings.text("database"));
  return path.empty() && beside ? *beside + ".files" : path;
}

media::FilesOptions files_options(const Settings& settings) {
  media::FilesOptions options;
  options.path = files_folder(settings);
  options.most = settings.count("files-max-mib") * kMebibyte;
  options.most_of_person = settings.count("files-person-mib") * kMebibyte;
  options.free = settings.count("files-free-mib") * kMebibyte;
  options.expire = settings.duration("files-expire");
  return options;
}

media::Rules rules_of(const Settings& settings) {
  return {settings.duration("short-least"), settings.duration("short-most"),
          settings.duration("final-least")};
}

std::string ffprobe_of(const Settings& settings) {
  const auto name = settings.text("ffprobe");
  const auto found = name == "off" ? std::string() : media::find_program(name);
  if (found.empty() && name != "off")
    base::log(base::LogLevel::info, "videos are not measured", {{"missing", name}});
  return found;
}
}  // namespace

struct MediaServing::Parts {
  Parts(const Settings& settings, store::Database& of, const base::Clock& clock)
      : database(of), program(ffprobe_of(settings)) {
    auto all = folders_of(settings);
    const auto options = files_options(settings);
    if (!options.path.empty()) {
      files = std::make_unique<media::Files>(database, options, clock);
      all.push_back({media::kFiles, options.path});
    }
    folders = std::make_unique<media::Folders>(all);
    shown = std::make_unique<media::Media>(media::Media{*folders, files.get(), rules_of(settings)});
    shown->added = [this] {
      if (upkeep) upkeep->wake();
    };
  }

  store::Database& database;
  const std::string program;
  std::unique_ptr<media::Files> files;
  std::unique_ptr<media::Folders> folders;
  std::unique_ptr<media::Media> shown;
  std::unique_ptr<media::Upkeep> upkeep;
};

const std::vector<std::string_view>& media_settings() {
  static const std::vector<std::string_view> names{
      "media-folders", "files-folder", "files-max-mib", "files-person-mib", "files-free-mib",
      "files-expire",  "ffprobe",      "short-least",   "short-most",       "final-least"};
  return names;
}

MediaServing::MediaServing(const Settings& settings, store::Database& database, const base::Clock& clock) try
    : parts_(std::make_unique<Parts>(settings, database, clock)) {
} catch (const base::UserError& error) {
  throw UsageError(error.what());
}

MediaServing::~MediaServing() = default;

media::Media& MediaServing::media() { return *parts_->shown; }
const media::Folders& MediaServing::folders() const { return *parts_->folders; }

void MediaServing::start() {
  parts_->upkeep = std::make_unique<media::Upkeep>(parts_->database, *parts_->folders, parts_->files.get(),
                                                   parts_->program, media::ProbeLimits{});
}

}  // namespace fencepost::cli

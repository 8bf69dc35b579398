#include "apps/upload/describe.hpp"

#include <nlohmann/json.hpp>

#include "apps/upload/media/metadata.hpp"
#include "apps/upload/media/templates.hpp"

namespace fencepost::upload {

namespace {
using nlohmann::json;

Metadata metadata_of(const media::Metadata& from) {
  Metadata to;
  to.title = from.title;
  to.description = from.description;
  to.tags = json(from.tags).dump();
  to.category = from.category;
  to.language = from.language;
  if (from.thumbnail) {
    to.thumbnail_folder = from.thumbnail->folder;
    to.thumbnail_path = from.thumbnail->path;
  }
  return to;
}
}  // namespace

void Describer::read(store::Connection& connection, std::int64_t channel, const std::string& language) {
  if (templates_.contains(language)) return;
  const auto found = media::template_for(connection, channel, language);
  templates_[language] = found ? std::optional(metadata_of(found->metadata)) : std::nullopt;
}

Metadata Describer::describe(const Channel& channel, const Metadata& own, const std::string& video_title,
                             const Place& place, std::optional<std::int64_t> number) const {
  Metadata words = own;
  if (const auto& known = templates_.at(own.language)) {
    const auto& from = *known;
    std::map<std::string, std::string> values{{"title", video_title},
                                              {"date", place.publish_day},
                                              {"channel", channel.name},
                                              {"language", own.language}};
    if (number) values["number"] = std::to_string(*number);
    const auto fill = [&](const std::string& text) {
      if (!number && text.find("{number}") != std::string::npos)
        throw base::UserError("number_missing",
                              "the channel's template has {number}: give a number, or words of its own");
      return media::fill(text, values);
    };
    if (words.title.empty()) media::check_title(words.title = fill(from.title));
    if (words.description.empty()) media::check_description(words.description = fill(from.description));
    if (words.tags == "[]") {
      std::vector<std::string> tags;
      for (const auto& tag : json::parse(from.tags)) tags.push_back(fill(tag.get<std::string>()));
      media::check_tags(tags);
      words.tags = json(tags).dump();
    }
    if (!words.category) words.category = from.category;
    if (words.language.empty()) words.language = from.language;
    if (!words.thumbnail_path) {
      words.thumbnail_folder = from.thumbnail_folder;
      words.thumbnail_path = from.thumbnail_path;
    }
  }
  if (words.title.empty()) words.title = video_title;
  return words;
}

}  // namespace fencepost::upload

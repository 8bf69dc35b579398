#pragma once
// Templates of what is said of a channel's videos, one a language.
//
// All functions throw InfraError, are one transaction (or a part of the caller's), and are as thread-safe as
// the connection is. After an `in_doubt` one: repeat them.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "store/database.hpp"

namespace fencepost::media {

struct Thumbnail {
  std::string folder, path;
};

struct Metadata {
  std::string title, description;
  std::vector<std::string> tags{};
  std::optional<std::string> category{};
  std::string language{};  // "": none said
  std::optional<Thumbnail> thumbnail{};
};

// The texts of its metadata may have {title} {date} {number} {channel} {language}.
struct Template {
  std::int64_t id = 0;
  std::int64_t channel = 0;
  Metadata metadata{};
  std::int64_t version = 1;
  base::Micros created_at = 0;
};

// Throw UserError: invalid_title, invalid_description, invalid_tags, invalid_language, invalid_category,
// duplicate_template: the channel has one of that language.
Template add_template(store::Connection& connection, std::int64_t channel, const Metadata& metadata);
// Channel and language stay. False: it is another version by now, or gone.
bool edit_template(store::Connection& connection, std::int64_t id, std::int64_t version,
                   const Metadata& metadata);
bool delete_template(store::Connection& connection, std::int64_t id);
std::optional<Template> get_template(store::Connection& connection, std::int64_t id);
// By id, behind `after`. `channel` nullopt: of all.
std::vector<Template> page_of_templates(store::Connection& connection, std::optional<std::int64_t> channel,
                                        std::int64_t after, int limit);
// The channel's own of that language ("pt-BR", else "pt", else any); nullopt: there is none.
std::optional<Template> template_for(store::Connection& connection, std::int64_t channel,
                                     const std::string& language);

// What a template says of one video. Throws UserError (invalid_title …) where it does not fit with these
// values.
Metadata filled(const Metadata& metadata, const std::map<std::string, std::string>& values);

}  // namespace fencepost::media

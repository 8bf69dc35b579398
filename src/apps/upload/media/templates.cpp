#include "apps/upload/media/templates.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/upload/media/metadata.hpp"
#include "base/error.hpp"
#include "media/sql.hpp"

namespace fencepost::media {

namespace {
using nlohmann::json;

// The shape of a BCP 47 tag: "en", "pt-BR", "zh-Hant-TW".
bool is_language(const std::string& text) {
  std::size_t length = 0;
  bool first = true;
  for (const char c : text + '-') {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c == '-') {
      if (length < (first ? 2U : 1U) || length > 8) return false;
      length = 0;
      first = false;
    } else if (letter || (!first && c >= '0' && c <= '9')) {
      ++length;
    } else {
      return false;
    }
  }
  return text.size() <= 35;
}

void check(const Metadata& metadata) {
  check_title(metadata.title);
  check_description(metadata.description);
  check_tags(metadata.tags);
  if (!metadata.language.empty() && !is_language(metadata.language))
    throw base::UserError("invalid_language", "write a language as en or pt-BR (BCP 47)");
  const auto& category = metadata.category;
  if (category && (category->empty() || category->size() > 4 ||
                   category->find_first_not_of("0123456789") != std::string::npos))
    throw base::UserError("invalid_category", "a category is its number at YouTube, such as 22");
}

store::Value maybe(const std::optional<Thumbnail>& thumbnail, std::string Thumbnail::*part) {
  return thumbnail ? store::Value((*thumbnail).*part) : store::Value();
}

Template template_of(const store::Row& row) {
  Template out;
  out.id = row[0].integer();
  out.channel = row[1].integer();
  out.metadata.language = row[2].text();
  out.metadata.title = row[3].text();
  out.metadata.description = row[4].text();
  out.metadata.tags = json::parse(row[5].text()).get<std::vector<std::string>>();
  out.metadata.category = row[6].maybe_text();
  if (!row[7].is_null()) out.metadata.thumbnail = Thumbnail{row[7].text(), row[8].text()};
  out.version = row[9].integer();
  out.created_at = row[10].integer();
  return out;
}

}  // namespace

Template add_template(store::Connection& connection, std::int64_t channel, const Metadata& metadata) {
  check(metadata);
  store::Transaction transaction(connection);
  const auto made =
      connection.run(sql::add_template, {channel, metadata.language, metadata.title, metadata.description,
                                         json(metadata.tags).dump(), metadata.category,
                                         maybe(metadata.thumbnail, &Thumbnail::folder),
                                         maybe(metadata.thumbnail, &Thumbnail::path)});
  if (made.empty())
    throw base::UserError("duplicate_template",
                          "the channel has a template of this language: change that one");
  auto out = get_template(connection, made[0][0].integer());
  transaction.commit();
  return std::move(out).value();
}

bool edit_template(store::Connection& connection, std::int64_t id, std::int64_t version,
                   const Metadata& metadata) {
  check(metadata);
  return !connection
              .run(sql::edit_template,
                   {id, version, metadata.title, metadata.description, json(metadata.tags).dump(),
                    metadata.category, maybe(metadata.thumbnail, &Thumbnail::folder),
                    maybe(metadata.thumbnail, &Thumbnail::path)})
              .empty();
}

bool delete_template(store::Connection& connection, std::int64_t id) {
  return !connection.run(sql::delete_template, {id}).empty();
}

std::optional<Template> get_template(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run(sql::one_template, {id});
  if (rows.empty()) return std::nullopt;
  return template_of(rows[0]);
}

std::vector<Template> page_of_templates(store::Connection& connection, std::optional<std::int64_t> channel,
                                        std::int64_t after, int limit) {
  std::vector<Template> page;
  for (const auto& row : connection.run(sql::templates_page, {after, limit, channel}))
    page.push_back(template_of(row));
  return page;
}

std::optional<Template> template_for(store::Connection& connection, std::int64_t channel,
                                     const std::string& language) {
  const auto rows =
      connection.run(sql::template_for, {channel, language, language.substr(0, language.find('-'))});
  if (rows.empty()) return std::nullopt;
  return template_of(rows[0]);
}

Metadata filled(const Metadata& metadata, const std::map<std::string, std::string>& values) {
  Metadata out = metadata;
  out.title = fill(metadata.title, values);
  out.description = fill(metadata.description, values);
  for (auto& tag : out.tags) tag = fill(tag, values);
  check(out);
  return out;
}

}  // namespace fencepost::media

#pragma once
// What a delivery says: notices, collapsed by kind and queue. Pure.

#include <string>
#include <vector>

#include "accounts/notices.hpp"
#include "base/clock.hpp"

namespace fencepost::notify {

// Five examples of each group are named; the others are counted.
constexpr std::size_t kExamples = 5;
// Beyond so many groups those of a kind are one.
constexpr std::size_t kGroups = 30;

struct Told {
  std::string item, detail;
  base::Micros at = 0;
};

struct Group {
  std::string kind, queue;
  std::int64_t count = 0;
  std::vector<Told> first;
};

class Digest {
 public:
  Digest() = default;
  // As text() wrote it; what cannot be read is an empty one.
  static Digest parse(const std::string& text);
  std::string text() const;

  void add(const std::string& kind, const std::string& queue, Told told);
  std::int64_t count() const;
  const std::vector<Group>& groups() const { return groups_; }

 private:
  std::vector<Group> groups_;
};

// "3 announcements items failed", one line: a mail's subject, a webhook's `text`.
std::string headline(const Digest& digest);
// A mail's text, with every group and its examples.
std::string letter(const Digest& digest);

// The body of a webhook: {"type": "notification", "id", "created_at", "text", "count", "groups": [...]}. The
// same arguments give the same bytes: every attempt is signed over the same body.
std::string webhook_body(const std::string& id, base::Micros created_at, const std::string& kind,
                         const Digest& digest);

}  // namespace fencepost::notify

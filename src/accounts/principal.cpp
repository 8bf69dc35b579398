#include "accounts/principal.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace fencepost::accounts {

namespace {

template <typename T>
using Word = std::pair<T, std::string_view>;

constexpr Word<Role> kRoles[] = {
    {Role::member, "member"}, {Role::operator_, "operator"}, {Role::owner, "owner"}};
constexpr Word<ShowRole> kShowRoles[] = {{ShowRole::host, "host"}, {ShowRole::admin, "admin"}};
constexpr Word<Scope> kScopeWords[] = {{Scope::read, "read"},     {Scope::announce, "announce"},
                                       {Scope::upload, "upload"}, {Scope::curate, "curate"},
                                       {Scope::queues, "queues"}, {Scope::admin, "admin"}};
static_assert(std::size(kScopeWords) == std::size(kScopes));

template <typename T, std::size_t N>
std::string_view word_of(const Word<T> (&words)[N], T value) {
  return std::find_if(words, words + N, [&](const auto& word) { return word.first == value; })->second;
}
template <typename T, std::size_t N>
std::optional<T> named(const Word<T> (&words)[N], std::string_view text) {
  const auto at = std::find_if(words, words + N, [&](const auto& word) { return word.second == text; });
  return at == words + N ? std::nullopt : std::optional(at->first);
}

}  // namespace

std::string_view name(Role role) { return word_of(kRoles, role); }
std::string_view name(ShowRole role) { return word_of(kShowRoles, role); }
std::string_view name(Scope scope) { return word_of(kScopeWords, scope); }
std::optional<Role> role_named(std::string_view word) { return named(kRoles, word); }
std::optional<ShowRole> show_role_named(std::string_view word) { return named(kShowRoles, word); }
std::optional<Scope> scope_named(std::string_view word) { return named(kScopeWords, word); }

Role least_role(Scope scope) {
  return scope == Scope::queues || scope == Scope::admin ? Role::operator_ : Role::member;
}

Scopes Scopes::stored(std::string_view words) {
  Scopes scopes;
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    if (const auto scope = scope_named(words.substr(0, end))) scopes = scopes.with(*scope);
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return scopes;
}

Scopes Scopes::named(const std::vector<std::string>& words) {
  Scopes scopes;
  for (const auto& word : words) {
    const auto scope = scope_named(word);
    if (!scope)
      throw base::UserError("invalid_scope", "the scopes are: read, announce, upload, curate, queues, admin");
    scopes = scopes.with(*scope);
  }
  if (scopes.empty()) throw base::UserError("invalid_scope", "a token needs a scope: for example read");
  return scopes;
}

bool Scopes::covers(Scopes other) const {
  return std::all_of(std::begin(kScopes), std::end(kScopes),
                     [&](Scope scope) { return (other.bits_ & of(scope).bits_) == 0 || has(scope); });
}

std::vector<std::string> Scopes::words() const {
  std::vector<std::string> words;
  for (const auto scope : kScopes)
    if ((bits_ & of(scope).bits_) != 0) words.emplace_back(name(scope));
  return words;
}

std::string Scopes::text() const {
  std::string text;
  for (const auto& word : words()) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace fencepost::accounts

// Idempotency-Key. What is kept is sealed: the answer that makes a token or a connection holds a secret.

#include <nlohmann/json.hpp>

#include "accounts/idempotency.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "http/api/common.hpp"
#include "store/certain.hpp"
#include "store/fence.hpp"

namespace fencepost::http {

namespace {
using accounts::Begun;
using accounts::IdempotentRequest;
using nlohmann::json;

std::optional<IdempotentRequest> keyed(const Request& request) {
  const std::string* key = request.headers.find("Idempotency-Key");
  if (key == nullptr) return std::nullopt;
  if (request.headers.count("Idempotency-Key") != 1)
    throw base::UserError("invalid_field", "send one Idempotency-Key, not several");
  FENCEPOST_ASSERT(request.principal.has_value());
  // The query says what is wanted as the body does: ?alt= of an image. Each has a hash of its own, so that no
  // query can pass for the beginning of a body.
  auto hash = accounts::request_hash(request.body);
  if (!request.query.empty()) hash += accounts::request_hash(json(request.query).dump());
  return IdempotentRequest{request.principal->account(), *key, std::move(hash),
                           request.method + ' ' + request.path};
}

std::string sealed(const Services& services, const IdempotentRequest& request, const Response& response) {
  json headers = json::array();
  for (const auto& [name, value] : response.headers) headers.push_back({name, value});
  const json kept = {{"headers", std::move(headers)}, {"body", response.body}};
  return services.vault.seal(base::Secret(kept.dump()),
                             accounts::answer_context(request.principal, request.key));
}

Response replay(Services& services, const Request& asked, const IdempotentRequest& request,
                const Begun& begun) {
  // The commit of the first one may be in doubt: seen here, but not yet on the standby. One that is waited
  // for behind it proves it (rule 4); where that fails, nobody is told anything.
  store::until_certain(services.database, [](store::Connection& connection, bool) {
    store::Fence::confirm(connection);
    return true;
  });
  const auto plain =
      services.vault.try_unseal(begun.body, accounts::answer_context(request.principal, request.key));
  // Done is done: without the key of its answer, too, it is never done again under this one.
  if (!plain)
    return problem(asked, 409, "answer_unreadable",
                   "this request took effect before, and its answer is encrypted with a key that is gone: "
                   "look what is there, and send what is still missing with a new Idempotency-Key");
  const auto kept = json::parse(plain->reveal());
  Response response{begun.status, {}, kept.at("body").get<std::string>()};
  for (const auto& header : kept.at("headers"))
    response.headers.add(header[0].get<std::string>(), header[1].get<std::string>());
  response.headers.set("Idempotent-Replayed", "true");
  return response;
}

// The answer where there is nothing to do.
std::optional<Response> settled(Services& services, const Request& request, const IdempotentRequest& keyed,
                                const Begun& begun) {
  switch (begun.kind) {
    case Begun::Kind::fresh:
      return std::nullopt;
    case Begun::Kind::replay:
      return replay(services, request, keyed, begun);
    case Begun::Kind::mismatch:
      return problem(request, 422, "idempotency_key_reused",
                     "this Idempotency-Key was used for another request: take a new one");
    case Begun::Kind::in_progress:
      break;
  }
  Response response = problem(request, 409, "in_progress",
                              "the first request with this Idempotency-Key is at work: "
                              "repeat yours for its answer");
  response.headers.set("Retry-After", "1");
  return response;
}

// Another request with the key was quicker; what this one has written is rolled back.
struct Overtaken {
  Begun begun;
};

bool took_effect(const Response& response) { return response.status >= 200 && response.status < 300; }

// Never fails what is done already: without its answer the key ends with its lease.
template <typename Write>
void remember(Services& services, const char* what, const Write& write) noexcept {
  try {
    services.database.retrying([&](store::Connection& connection) {
      write(connection);
      return 0;
    });
  } catch (const std::exception& error) {
    base::log(base::LogLevel::warn, what, {{"error", error.what()}});
  }
}
}  // namespace

Field idempotency_key() {
  return {.name = "Idempotency-Key",
          .max_length = 255,
          .description = "your name for this request: repeated within 24 hours it gets the same answer",
          .example = "\"2f1c7f0e-6f4b\"",
          .min_length = 1};
}

Response make_keeping(Services& services, const Request& request,
                      const std::function<std::optional<Response>(const Keep&)>& make) {
  const auto key = keyed(request);
  const auto look = [&]() -> std::optional<Response> {
    if (!key) return std::nullopt;
    return settled(services, request, *key, services.database.retrying([&](store::Connection& connection) {
      return accounts::look_idempotent(connection, *key);
    }));
  };
  // A repetition gets its answer even where the request would be refused by now; and where it is refused
  // because of what the first one has done meanwhile.
  if (auto answer = look()) return std::move(*answer);
  Response made;
  const Keep keep = [&](store::Connection& connection, const Response& response) {
    made = response;
    if (!key) return;
    auto begun =
        accounts::keep_idempotent(connection, *key, response.status, sealed(services, *key, response));
    if (begun.kind != Begun::Kind::fresh) throw Overtaken{std::move(begun)};
  };
  try {
    auto refused = make(keep);
    if (!refused) return made;
    auto answer = look();
    return answer ? std::move(*answer) : std::move(*refused);
  } catch (const Overtaken& overtaken) {
    return settled(services, request, *key, overtaken.begun).value();
  } catch (const base::UserError&) {
    if (auto answer = look()) return std::move(*answer);
    throw;
  }
}

Response make_once(Services& services, const Request& request, const Make& make) {
  return make_keeping(services, request, [&](const Keep& keep) {
    services.database.retrying([&](store::Connection& connection) {
      store::Transaction transaction(connection);
      keep(connection, make(connection));
      transaction.commit();
      return true;
    });
    return std::nullopt;
  });
}

Response act_once(Services& services, const Request& request, const Act& act) {
  const auto key = keyed(request);
  if (!key) return act();
  const auto begun = services.database.retrying(
      [&](store::Connection& connection) { return accounts::begin_idempotent(connection, *key); });
  if (auto answer = settled(services, request, *key, begun)) return std::move(*answer);
  const auto abandon = [&] {
    remember(services, "idempotency key not given back", [&](store::Connection& connection) {
      accounts::abandon_idempotent(connection, *key, begun.owner);
    });
  };
  try {
    Response response = act();
    if (took_effect(response))
      remember(services, "answer not kept", [&](store::Connection& connection) {
        accounts::finish_idempotent(connection, *key, begun.owner, response.status,
                                    sealed(services, *key, response));
      });
    else
      abandon();
    return response;
  } catch (const base::InfraError& error) {
    if (!error.in_doubt()) abandon();
    throw;
  } catch (const std::exception&) {
    abandon();
    throw;
  }
}

}  // namespace fencepost::http

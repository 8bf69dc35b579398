#include "connect/models/model.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "connect/exchange.hpp"
#include "connect/retry_after.hpp"

namespace fencepost::connect {

namespace {

using Json = nlohmann::ordered_json;
using Kind = ModelOptions::Api;

constexpr auto kWho = "the model's service";

// The money is used up, whatever the status: OpenAI says so with 429, Anthropic with 400 or 429.
bool is_spent(const nlohmann::json& body) {
  const auto& error = member(body, "error");
  for (const auto* name : {"code", "type"})
    for (const auto* word :
         {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error"})
      if (text_at(error, name) == word) return true;
  const auto message = text_at(error, "message");
  for (const auto* words : {"credit balance", "spend limit", "spending limit", "usage limits"})
    if (message.find(words) != std::string::npos) return true;
  return false;
}

// Of a yes: the text, and whether the model was cut short.
struct Said {
  std::string text;
  bool cut = false;
};

Said said_by_openai(const nlohmann::json& body) {
  const auto& choices = member(body, "choices");
  if (!choices.is_array() || choices.empty()) return {};
  const auto& content = member(member(choices[0], "message"), "content");
  return {content.is_string() ? content.get<std::string>() : "",
          text_at(choices[0], "finish_reason") == "length"};
}

Said said_by_anthropic(const nlohmann::json& body) {
  Said said{"", text_at(body, "stop_reason") == "max_tokens"};
  const auto& content = member(body, "content");
  if (!content.is_array()) return said;
  for (const auto& block : content)
    if (const auto& text = member(block, "text"); text.is_string() && text_at(block, "type") == "text")
      said.text += text.get<std::string>();
  return said;
}

class ChatModel final : public Model {
 public:
  ChatModel(HttpClient& http, ModelOptions options) : http_(http), options_(std::move(options)) {}

  std::string name() const override {
    return (options_.api == Kind::openai ? "openai: " : "anthropic: ") + options_.model;
  }

  Writing write(const Prompt& prompt, base::BootTime deadline, std::stop_token stop) override {
    HttpRequest request;
    request.method = "POST";
    request.url =
        options_.base_url + (options_.api == Kind::openai ? "/v1/chat/completions" : "/v1/messages");
    request.headers = headers();
    try {
      request.body = body_of(prompt).dump();
    } catch (const Json::exception&) {
      return {{}, certain(Reason::rejected, "what is known of the episode is not valid UTF-8")};
    }
    request.deadline = deadline;
    const auto result = http_.call(request, std::move(stop));
    if (result.status != 200 || result.failure) return {{}, classify_model(result, http_.clock().wall())};
    const auto body = json_of(result);
    const auto said = options_.api == Kind::openai ? said_by_openai(body) : said_by_anthropic(body);
    if (body.is_discarded() || !body.is_object())
      return {{}, certain(Reason::temporary, std::string(kWho) + " gave an answer that cannot be read")};
    // Half a sentence is no text, and the same question has the same end.
    if (said.cut)
      return {{}, certain(Reason::rejected, "the model needed more than text-max-tokens: raise it")};
    auto text = clean(said.text);
    if (text.empty()) return {{}, certain(Reason::rejected, "the model wrote nothing")};
    return {std::move(text), accepted("", "")};
  }

 private:
  Headers headers() const {
    Headers headers = {{"Content-Type", "application/json"}};
    const auto& key = options_.key.reveal();
    if (options_.api == Kind::anthropic) headers.emplace_back("anthropic-version", "2023-06-01");
    if (options_.api == Kind::anthropic && !key.empty()) headers.emplace_back("x-api-key", key);
    if (options_.api == Kind::openai && !key.empty()) headers.emplace_back("Authorization", "Bearer " + key);
    return headers;
  }

  Json body_of(const Prompt& prompt) const {
    Json body = {{"model", options_.model}, {"max_tokens", options_.max_tokens}};
    const Json user = {{"role", "user"}, {"content", prompt.user}};
    if (options_.api == Kind::anthropic) {
      body["system"] = prompt.system;
      body["messages"] = Json::array({user});
    } else {
      body["messages"] = Json::array({{{"role", "system"}, {"content", prompt.system}}, user});
    }
    return body;
  }

  HttpClient& http_;
  const ModelOptions options_;
};

}  // namespace

Outcome classify_model(const HttpResult& result, base::Micros now) {
  if (result.status == 0 || result.status / 100 == 2)
    return result.failure
               ? nothing_posted(no_answer(*result.failure))
               : certain(Reason::temporary, std::string(kWho) + " gave an answer that cannot be read");
  if (is_spent(json_of(result)))
    return certain(Reason::rejected, answered(kWho, result.status, "its spend limit is reached"));
  auto outcome = by_status(kWho, result, now);
  if (result.status == 403) outcome = certain(Reason::credentials, answered(kWho, result.status));
  if (outcome.verdict == Verdict::unknown) {
    // 408, 409, 529 and the other 5xx; a redirect is followed by nobody.
    const bool later = result.status >= 400;
    outcome = certain(later ? Reason::temporary : Reason::rejected, answered(kWho, result.status));
  }
  if (const auto wait = result.header("Retry-After"); wait && outcome.retryable)
    outcome.retry_after = parse_retry_after(*wait, now, kLongestWait);
  outcome.rest.reset();
  return outcome;
}

std::unique_ptr<Model> make_model(HttpClient& http, ModelOptions options) {
  while (options.base_url.ends_with('/')) options.base_url.pop_back();
  if (const auto problem = url_problem(options.base_url, http.addresses()))
    throw base::UserError("invalid_destination", *problem);
  const auto& key = options.key.reveal();
  if (std::any_of(key.begin(), key.end(), [](unsigned char c) { return c <= 0x20 || c >= 0x7f; }))
    throw base::UserError("invalid_credentials", "the model's key has a blank or a control character in it");
  return std::make_unique<ChatModel>(http, std::move(options));
}

}  // namespace fencepost::connect

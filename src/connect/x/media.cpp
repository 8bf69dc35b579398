#include "connect/x/media.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "connect/multipart.hpp"

namespace fencepost::connect::x {

namespace {

using Json = nlohmann::ordered_json;

bool is_gif(const Image& image) { return image.media_type == "image/gif"; }

// One step of an upload. Whatever it comes to, nothing is posted.
class Upload {
 public:
  Upload(const Api& api, const Image& image, const std::string& key, const Call& call)
      : api_(api), image_(image), key_(key), call_(call) {}

  // The outcome: accepted with the media's id, or why not.
  Outcome run() {
    auto outcome = begin();
    for (std::size_t at = 0, n = 0; at < image_.bytes.size() && ok(outcome); ++n) {
      const auto piece =
          std::min(image_.bytes.size() - at, static_cast<std::size_t>(api_.limits().number("append-bytes")));
      outcome = append(n, image_.bytes.substr(at, piece));
      at += piece;
    }
    if (ok(outcome)) outcome = finish();
    if (ok(outcome) && !image_.alt.empty()) outcome = describe();
    if (!ok(outcome)) return nothing_posted(std::move(outcome));
    return accepted(id_, "");
  }

 private:
  static bool ok(const Outcome& outcome) { return outcome.verdict == Verdict::accepted; }
  // Any 2xx is a yes for a step that can be done again.
  Outcome outcome_of(const HttpResult& result) const {
    if (result.status / 100 == 2 && !result.failure) return accepted("", "");
    return api_.refusal(result, call_.credentials);
  }

  Outcome begin() {
    const Json wish = {{"media_type", image_.media_type},
                       {"total_bytes", image_.bytes.size()},
                       {"media_category", is_gif(image_) ? "tweet_gif" : "tweet_image"}};
    const auto result = api_.post("/2/media/upload/initialize", wish.dump(), call_);
    auto outcome = outcome_of(result);
    if (!ok(outcome)) return outcome;
    id_ = text_at(member(json_of(result), "data"), "id");
    // It becomes part of a path.
    const bool number =
        !id_.empty() && std::all_of(id_.begin(), id_.end(), [](char c) { return c >= '0' && c <= '9'; });
    return number ? outcome : unknown("X's answer to an upload could not be read");
  }

  Outcome append(std::size_t segment, const std::string& piece) {
    const auto number = std::to_string(segment);
    const auto body = multipart(
        {{.name = "segment_index", .content = number},
         {.name = "media", .content = piece, .file = "piece", .media_type = "application/octet-stream"}},
        key_);
    return outcome_of(api_.post("/2/media/upload/" + id_ + "/append", body.content_type, body.body, call_));
  }

  // Images are ready at once; animated ones are worked on, and asked about until they are done.
  Outcome finish() {
    auto result = api_.post("/2/media/upload/" + id_ + "/finalize", "", call_);
    while (true) {
      const auto outcome = outcome_of(result);
      if (!ok(outcome)) return outcome;
      const auto body = json_of(result);
      const auto& info = member(member(body, "data"), "processing_info");
      const auto state = text_at(info, "state");
      if (state.empty() || state == "succeeded") return outcome;
      if (state == "failed") return certain(Reason::rejected, "X could not read an image");
      const auto& seconds = member(info, "check_after_secs");
      const auto wait = std::clamp(seconds.is_number_integer() ? seconds.get<int>() : 1, 0, 60);
      if (!pause(std::chrono::seconds(wait), api_.clock(), call_.deadline, call_.stop))
        return unknown("X was still at work on an image");
      result = api_.get("/2/media/upload?command=STATUS&media_id=" + id_, call_);
    }
  }

  Outcome describe() {
    const Json wish = {{"id", id_}, {"metadata", {{"alt_text", {{"text", image_.alt}}}}}};
    return outcome_of(api_.post("/2/media/metadata", wish.dump(), call_));
  }

  const Api& api_;
  const Image& image_;
  const std::string& key_;
  const Call& call_;
  std::string id_;
};

}  // namespace

std::variant<std::vector<std::string>, Outcome> upload(const Api& api, const std::vector<Image>& images,
                                                       const std::string& key, const Call& call) {
  std::vector<std::string> ids;
  for (const auto& image : images) {
    auto outcome = Upload(api, image, key, call).run();
    if (outcome.verdict != Verdict::accepted) return outcome;
    ids.push_back(outcome.remote_id);
  }
  return ids;
}

}  // namespace fencepost::connect::x

#include "http/message.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace fencepost::http {
namespace {

TEST(Headers, CompareNamesWithoutCase) {
  Headers headers{{"Content-Type", "text/csv"}};
  headers.add("content-type", "text/html");
  EXPECT_EQ(headers.count("CONTENT-TYPE"), 2U);
  EXPECT_EQ(*headers.find("cOnTeNt-TyPe"), "text/csv");
  headers.set("CONTENT-type", "a");
  EXPECT_EQ(headers.count("Content-Type"), 1U);
  EXPECT_EQ(headers.find("Content-Typ"), nullptr);
}

TEST(Headers, AValueCannotStartALineOfItsOwn) {
  Headers headers;
  headers.set("Location", std::string("/a\r\nSet-Cookie: x=1\n\0\x7f", 22));
  EXPECT_EQ(*headers.find("Location"), "/a  Set-Cookie: x=1   ");
}

TEST(HeadersDeathTest, ANameIsAToken) {
  Headers headers;
  EXPECT_DEATH(headers.set("X-A\r\nX-B", "1"), "bug");
  EXPECT_DEATH(headers.set("", "1"), "bug");
}

TEST(Problem, IsRfc9457WithCodeAndRequestId) {
  const Request request{.request_id = "r-1"};
  const auto response =
      problem(request, 409, "already_posted", "it is out", {{"url", "https://x"}, {"code", "forged"}});
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(*response.headers.find("Content-Type"), "application/problem+json");
  EXPECT_EQ(nlohmann::json::parse(response.body), nlohmann::json({{"type", "about:blank"},
                                                                  {"title", "Conflict"},
                                                                  {"status", 409},
                                                                  {"detail", "it is out"},
                                                                  {"code", "already_posted"},
                                                                  {"request_id", "r-1"},
                                                                  {"url", "https://x"}}));
}

TEST(JsonResponse, ShowsBrokenUtf8InsteadOfFailing) {
  EXPECT_EQ(json_response(200, {{"name", "a\xff"}}).body, "{\"name\":\"a\xef\xbf\xbd\"}");
}

TEST(RequestId, TakesASaneOneAndMakesOthersAnew) {
  EXPECT_EQ(request_id_for({{"X-Request-Id", "Abc-1.2_3"}}), "Abc-1.2_3");
  const Headers bad[] = {{},
                         {{"X-Request-Id", ""}},
                         {{"X-Request-Id", "a b"}},
                         {{"X-Request-Id", "\"><script>"}},
                         {{"X-Request-Id", std::string(65, 'a')}},
                         {{"X-Request-Id", "a"}, {"x-request-id", "b"}}};
  for (const auto& headers : bad) EXPECT_EQ(request_id_for(headers).size(), 32U);
  EXPECT_NE(request_id_for({}), request_id_for({}));
}

}  // namespace
}  // namespace fencepost::http

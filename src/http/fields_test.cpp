#include "http/fields.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace fencepost::http {
namespace {

using nlohmann::json;

const std::vector<Field>& fields() {
  static const std::vector<Field> list = {
      {.name = "title", .required = true, .max_length = 5, .min_length = 1},
      {.name = "run_at", .format = Format::date_time, .nullable = true},
      {.name = "kind", .choices = {"live", "video"}},
      {.name = "count", .type = FieldType::integer, .minimum = 1, .maximum = 10},
      {.name = "big", .type = FieldType::integer},
      {.name = "ratio", .type = FieldType::number, .minimum = 0},
      {.name = "on", .type = FieldType::boolean},
      {.name = "tags", .type = FieldType::strings, .max_length = 3, .max_items = 2},
      {.name = "links",
       .type = FieldType::objects,
       .fields = {{.name = "url", .required = true, .format = Format::uri},
                  {.name = "mail", .format = Format::email}}},
      {.name = "owner",
       .type = FieldType::object,
       .fields = {{.name = "id", .required = true, .format = Format::uuid}}},
      {.name = "free", .type = FieldType::object},
  };
  return list;
}

// The body's refusal as "status code: detail", or "" where it is fine.
std::string refusal_of(std::string_view body) {
  json out;
  const auto refusal = parse_body(fields(), body, out);
  return refusal ? std::to_string(refusal->status) + " " + refusal->code + ": " + refusal->detail : "";
}

TEST(Body, TakesWhatIsDeclared) {
  json out;
  const std::string body =
      R"({"title":"é€😀","run_at":"2026-11-22T18:00:00Z","kind":"live","count":10,"big":-9223372036854775808,
          "ratio":0.5,"on":false,"tags":["a","abc"],"links":[{"url":"https://a.example/x","mail":"a@b"}],
          "owner":{"id":"7d444840-9dc0-11d1-b245-5ffdce74fad2"},"free":{"any":[1,{"x":null}]}})";
  EXPECT_FALSE(parse_body(fields(), body, out));
  EXPECT_EQ(out["count"], 10);
  EXPECT_EQ(refusal_of(R"({"title":"a","run_at":null})"), "");
  EXPECT_EQ(refusal_of(R"({"title":"a","count":2.0})"), "");
  EXPECT_EQ(refusal_of(R"({"title":"a","big":9223372036854775807})"), "");
}

TEST(Body, NamesTheFieldAndWhatToDo) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({})", "the field 'title' is missing and must be given"},
      {R"({"title":1})", "the field 'title' must be a string"},
      {R"({"title":null})", "the field 'title' must be a string"},
      {R"({"title":""})", "the field 'title' must not be empty"},
      {R"({"title":"ééééé€"})", "the field 'title' has 6 characters: shorten it to 5"},
      {R"({"title":"a\u0000"})", "the field 'title' must not contain the character U+0000"},
      {R"({"title":"a","run_at":"soon"})",
       "the field 'run_at' must be a time between 1970 and 2037 such as 2026-11-22T18:00:00Z"},
      {R"({"title":"a","kind":"film"})", "the field 'kind' must be one of: live, video"},
      {R"({"title":"a","count":"1"})", "the field 'count' must be a whole number"},
      {R"({"title":"a","count":1.5})", "the field 'count' must be a whole number of at most 63 bits"},
      {R"({"title":"a","big":9223372036854775808})",
       "the field 'big' must be a whole number of at most 63 bits"},
      {R"({"title":"a","count":0})", "the field 'count' must be at least 1"},
      {R"({"title":"a","count":11})", "the field 'count' must be at most 10"},
      {R"({"title":"a","ratio":-0.1})", "the field 'ratio' must be at least 0"},
      {R"({"title":"a","on":1})", "the field 'on' must be true or false"},
      {R"({"title":"a","tags":"a"})", "the field 'tags' must be a list"},
      {R"({"title":"a","tags":["a","b","c"]})", "the field 'tags' has 3 entries: at most 2"},
      {R"({"title":"a","tags":["a","long"]})", "the field 'tags[1]' has 4 characters: shorten it to 3"},
      {R"({"title":"a","links":[{"url":"ftp://x"}]})",
       "the field 'links[0].url' must be an http:// or https:// URL"},
      {R"({"title":"a","links":[{"url":"http:///x"}]})",
       "the field 'links[0].url' must be an http:// or https:// URL"},
      {R"({"title":"a","links":[3]})", "the field 'links[0]' must be an object"},
      {R"({"title":"a","links":[{}]})", "the field 'links[0].url' is missing and must be given"},
      {R"({"title":"a","links":[{"url":"http://a","mail":"a@b@c"}]})",
       "the field 'links[0].mail' must be an e-mail address"},
      {R"({"title":"a","owner":{"id":"7d44"}})", "the field 'owner.id' must be a UUID"},
      {R"({"title":"a","owner":[]})", "the field 'owner' must be an object"},
      {R"({"title":"a","owner":{"id":"7d444840-9dc0-11d1-b245-5ffdce74fad2","x":1}})",
       "the field 'owner.x' is not known here: remove it (known: id)"},
  };
  for (const auto& [body, detail] : cases)
    EXPECT_EQ(refusal_of(body), std::string("422 invalid_field: ") + detail);
}

TEST(Body, ReportsAllFieldsAtOnceUpToALimit) {
  json out;
  const auto two = parse_body(fields(), R"({"count":0,"on":1})", out);
  ASSERT_TRUE(two);
  EXPECT_EQ(two->errors.size(), 3U);
  json many = {{"title", "a"}};
  for (int i = 0; i < 100; ++i) many["x" + std::to_string(i)] = 1;
  const auto refusal = parse_body(fields(), many.dump(), out);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->errors.size(), kMaxFieldErrors);
}

TEST(Body, SaysWhereItIsMalformedAndEchoesNothing) {
  EXPECT_EQ(refusal_of("{\"title\":\n \"a\",}"),
            "400 invalid_json: the body is not JSON: look at line 2, byte 6");
  for (const char* bad :
       {"{", "nul", "{\"a\":1}x", "{'a':1}", "{\"title\":\"\\ud800\"}", "\"\n\"", "[1,]", "NaN"})
    EXPECT_EQ(refusal_of(bad).substr(0, 17), "400 invalid_json:") << bad;
  EXPECT_EQ(refusal_of("{\"ratio\":1e999}"),
            "400 invalid_json: the body holds a number that is out of range");
  EXPECT_EQ(refusal_of("{\"title\":\"\xff\"}"), "400 bad_utf8: the body is not UTF-8");
  EXPECT_EQ(refusal_of("[]"), "422 invalid_field: the body must be a JSON object");
  EXPECT_EQ(refusal_of(R"({"title":"a","title":"b"})"),
            "400 invalid_json: the body gives the member 'title' twice");
  EXPECT_EQ(refusal_of(R"({"title":"a","free":{"x":{"y":1,"y":2}}})"),
            "400 invalid_json: the body gives the member 'y' twice");
}

TEST(Body, NestsOnlySoDeep) {
  const auto nested = [](std::size_t levels) {
    return R"({"title":"a","free":{"x":)" + std::string(levels - 2, '[') + std::string(levels - 2, ']') +
           "}}";
  };
  EXPECT_EQ(refusal_of(nested(kMaxDepth)), "");
  EXPECT_EQ(refusal_of(nested(kMaxDepth + 1)), "400 too_deep: the body is nested more than 32 levels deep");
  EXPECT_EQ(refusal_of(nested(500'000)).substr(0, 13), "400 too_deep:");
  EXPECT_EQ(refusal_of(std::string(500'000, '[')).substr(0, 4), "400 ");
}

TEST(Body, AClippedNameStaysUtf8) {
  std::string name;
  for (int i = 0; i < 100; ++i) name += "é";
  json out;
  const auto refusal = parse_body({}, json{{name, 1}}.dump(), out);
  ASSERT_TRUE(refusal);
  EXPECT_NO_THROW(json(refusal->detail).dump());
  EXPECT_LT(refusal->detail.size(), 200U);
}

TEST(Texts, AreReadByTheirType) {
  const std::vector<Field> list = {
      {.name = "limit", .type = FieldType::integer, .minimum = 1, .maximum = 100},
      {.name = "live", .type = FieldType::boolean},
      {.name = "cursor", .max_length = 4}};
  const auto detail = [&](const std::map<std::string, std::string>& texts, bool closed = true) {
    const auto refusal = check_texts(list, texts, "query parameter", closed);
    return refusal ? refusal->detail : "";
  };
  EXPECT_EQ(detail({{"limit", "100"}, {"live", "true"}, {"cursor", "12"}}), "");
  EXPECT_EQ(detail({{"limit", "1x"}}), "the query parameter 'limit' must be a whole number");
  EXPECT_EQ(detail({{"limit", ""}}), "the query parameter 'limit' must be a whole number");
  EXPECT_EQ(detail({{"limit", "99999999999999999999"}}),
            "the query parameter 'limit' must be a whole number");
  EXPECT_EQ(detail({{"limit", "0"}}), "the query parameter 'limit' must be at least 1");
  EXPECT_EQ(detail({{"live", "yes"}}), "the query parameter 'live' must be true or false");
  EXPECT_EQ(detail({{"cursor", "12345"}}), "the query parameter 'cursor' has 5 characters: shorten it to 4");
  EXPECT_EQ(detail({{"limti", "1"}}),
            "the query parameter 'limti' is not known here: remove it (known: limit, live, cursor)");
  EXPECT_EQ(detail({{"limti", "1"}}, false), "");
}

TEST(Schema, SaysWhatTheCheckChecks) {
  const auto schema = object_schema(fields());
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["required"], json::array({"title"}));
  const auto& properties = schema["properties"];
  EXPECT_EQ(properties["title"]["maxLength"], 5);
  EXPECT_EQ(properties["title"]["minLength"], 1);
  EXPECT_EQ(properties["run_at"]["type"], (json{"string", "null"}));
  EXPECT_EQ(properties["run_at"]["format"], "date-time");
  EXPECT_EQ(properties["kind"]["enum"], (json{"live", "video"}));
  EXPECT_EQ(properties["count"]["maximum"], 10);
  EXPECT_EQ(properties["tags"]["items"]["maxLength"], 3);
  EXPECT_EQ(properties["links"]["items"]["required"], json::array({"url"}));
  EXPECT_FALSE(properties["free"].contains("additionalProperties"));
  for (const auto& [name, property] : properties.items()) EXPECT_FALSE(property["examples"].empty()) << name;
}

TEST(Schema, ItsExampleWouldBeAccepted) {
  json out;
  const auto refusal = parse_body(fields(), example_of(fields()).dump(), out);
  EXPECT_FALSE(refusal) << refusal->detail;
}

}  // namespace
}  // namespace fencepost::http

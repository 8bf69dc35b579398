// /api/docs: the route table as a page, made once at start. No script, and nothing from elsewhere.

#include <memory>

#include "http/api/common.hpp"

namespace fencepost::http {

namespace {
constexpr const char* kPolicy =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr const char* kStyle = R"(
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid #8886; padding: .5rem 0 1rem; }
h2 { font-size: 1.05rem; margin: .5rem 0 0; }
code { font-family: ui-monospace, monospace; }
table { border-collapse: collapse; width: 100%; margin-top: .5rem; }
th, td { text-align: left; vertical-align: top; padding: .15rem .75rem .15rem 0; }
th { font-weight: 600; }
caption { text-align: left; font-style: italic; }
.method { display: inline-block; min-width: 4.5rem; font-weight: 700; }
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string_view type_name(FieldType type) {
  switch (type) {
    case FieldType::string:
      return "text";
    case FieldType::integer:
      return "whole number";
    case FieldType::number:
      return "number";
    case FieldType::boolean:
      return "true or false";
    case FieldType::object:
      return "object";
    case FieldType::strings:
      return "list of texts";
    case FieldType::objects:
      return "list of objects";
  }
  return "";
}

std::string remarks(const Field& field) {
  std::string out = field.description;
  for (std::size_t i = 0; i < field.choices.size(); ++i)
    out += (i > 0 ? " | " : out.empty() ? "" : ": ") + field.choices[i];
  return out;
}

std::string field_table(const char* caption, const std::vector<Field>& fields) {
  if (fields.empty()) return {};
  std::string out = "<table><caption>" + std::string(caption) + "</caption>\n";
  for (const auto& field : fields)
    out += "<tr><td><code>" + escaped(field.name) + "</code></td><td>" + std::string(type_name(field.type)) +
           (field.required ? ", needed" : "") + "</td><td>" + escaped(remarks(field)) + "</td></tr>\n";
  return out + "</table>\n";
}

std::string answer_table(const std::vector<Answer>& answers) {
  std::string out = "<table><caption>Answers</caption>\n";
  for (const auto& answer : answers)
    out += "<tr><td>" + std::to_string(answer.status) + "</td><td>" + escaped(answer.description) +
           "</td></tr>\n";
  return out + "</table>\n";
}

std::string section(const Route& route) {
  return "<section>\n<h2><code><span class=\"method\">" + escaped(route.method) + "</span> " +
         escaped(route.pattern) + "</code></h2>\n<p>" + escaped(route.summary) + " (" +
         escaped(describe(route.access)) + ")" + "</p>\n" + field_table("Query", route.query) +
         field_table("Headers", route.headers) + field_table("Body", route.fields) +
         answer_table(route.answers) + "</section>\n";
}

std::string page(const std::vector<Route>& routes, const std::string& version) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Fencepost API</title>\n"
      "<link rel=\"stylesheet\" href=\"/api/docs.css\">\n</head>\n<body>\n<h1>Fencepost API " +
      escaped(version) +
      "</h1>\n<p>JSON over HTTP. Send <code>Authorization: Bearer TOKEN</code>; a POST may carry an "
      "<code>Idempotency-Key</code>. Refusals are <code>application/problem+json</code> with a stable "
      "<code>code</code>. For programs: <a href=\"/api/v1/openapi.json\">OpenAPI 3.1</a>.</p>\n";
  for (const auto& route : routes) out += section(route);
  return out + "</body>\n</html>\n";
}

Route static_route(const char* pattern, const char* summary, const char* type, std::string body) {
  Route route{.method = "GET", .pattern = pattern, .access = Access::anyone, .limit = kReads};
  route.summary = summary;
  route.answers = {{200, "the page", {}, type}};
  route.handler = [type, content = std::make_shared<const std::string>(std::move(body))](const Request&) {
    return Response{200,
                    {{"Content-Type", type},
                     {"Cache-Control", "max-age=60"},
                     {"Content-Security-Policy", kPolicy},
                     {"Referrer-Policy", "no-referrer"}},
                    *content};
  };
  return route;
}
}  // namespace

void add_docs(std::vector<Route>& routes, const std::string& version) {
  auto text = page(routes, version);
  routes.push_back(static_route("/api/docs", "This page", "text/html; charset=utf-8", std::move(text)));
  routes.push_back(static_route("/api/docs.css", "Its style", "text/css; charset=utf-8", kStyle));
}

}  // namespace fencepost::http

#include "apps/curate/csv.hpp"

#include <algorithm>

namespace fencepost::curate {

namespace {
char separator_of(std::string_view text) {
  const auto first = text.substr(0, text.find_first_of("\r\n"));
  char best = ',';
  for (const char c : {';', '\t'})
    if (std::count(first.begin(), first.end(), c) > std::count(first.begin(), first.end(), best)) best = c;
  return best;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), separator_(separator_of(text)) {}

  std::vector<CsvRow> rows() {
    std::vector<CsvRow> all;
    while (at_ < text_.size()) {
      const auto begin = at_;
      CsvRow row{line_, {}, {}};
      if (!read(row)) {
        // Only its own line is lost, whatever the quote would have taken along.
        row.fields.clear();
        at_ = begin;
        line_ = row.line;
        skip_line();
      }
      const bool empty = row.error.empty() && row.fields.size() == 1 && row.fields[0].empty();
      if (!empty) all.push_back(std::move(row));
    }
    return all;
  }

 private:
  bool read(CsvRow& row) {
    for (;;) {
      std::string field;
      const bool quoted = at_ < text_.size() && text_[at_] == '"';
      if (quoted ? !read_quoted(field, row) : !read_plain(field, row)) return false;
      row.fields.push_back(std::move(field));
      if (at_ == text_.size()) return true;
      if (text_[at_] != separator_) {
        end_line();
        return true;
      }
      ++at_;
    }
  }

  bool read_plain(std::string& field, CsvRow& row) {
    while (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\r' && text_[at_] != '\n') {
      if (text_[at_] == '"') {
        row.error = "a quote stands in a field that does not begin with one";
        return false;
      }
      field += text_[at_++];
    }
    return true;
  }

  bool read_quoted(std::string& field, CsvRow& row) {
    ++at_;
    for (;; ++at_) {
      if (at_ == text_.size()) {
        row.error = "a quoted field does not end";
        return false;
      }
      if (text_[at_] == '"') {
        if (at_ + 1 < text_.size() && text_[at_ + 1] == '"')
          ++at_;
        else
          break;
      } else if (text_[at_] == '\n') {
        ++line_;
      }
      field += text_[at_];
    }
    ++at_;
    if (at_ == text_.size() || text_[at_] == separator_ || text_[at_] == '\r' || text_[at_] == '\n')
      return true;
    row.error = "text stands behind the quote that ends a field";
    return false;
  }

  void end_line() {
    if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
    ++at_;
    ++line_;
  }

  void skip_line() {
    at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
    if (at_ < text_.size()) end_line();
  }

  const std::string_view text_;
  const char separator_;
  std::size_t at_ = 0;
  int line_ = 1;
};
}  // namespace

std::vector<CsvRow> parse_csv(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return Reader(text).rows();
}

}  // namespace fencepost::curate

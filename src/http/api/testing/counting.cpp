#include "http/api/testing/counting.hpp"

namespace fencepost::http::testing {

class CountingConnection final : public store::Connection {
 public:
  CountingConnection(CountingDatabase& database, std::unique_ptr<store::Connection> inner)
      : database_(database), inner_(std::move(inner)) {}

  store::Dialect dialect() const override { return inner_->dialect(); }
  store::Rows run(const store::Sql& sql, const store::Params& params) override {
    ++database_.statements_;
    return inner_->run(sql, params);
  }
  store::Rows run_batch(const store::Sql& sql, const std::vector<store::Params>& rows,
                        const store::Params& shared) override {
    ++database_.statements_;
    return inner_->run_batch(sql, rows, shared);
  }
  void prepare_only(const store::Sql& sql) override { inner_->prepare_only(sql); }
  void script(const std::string& text) override {
    ++database_.statements_;
    inner_->script(text);
  }
  void begin() override {
    ++database_.statements_;
    inner_->begin();
  }
  void commit() override {
    ++database_.statements_;
    inner_->commit();
  }
  void rollback() noexcept override { inner_->rollback(); }
  bool in_transaction() const override { return inner_->in_transaction(); }
  bool usable() const override { return inner_->usable(); }
  std::vector<std::string> wait_notifications(base::BootTime until) override {
    return inner_->wait_notifications(until);
  }
  void wake() override { inner_->wake(); }
  void listen(const std::string& channel) override { inner_->listen(channel); }

 private:
  CountingDatabase& database_;
  std::unique_ptr<store::Connection> inner_;
};

std::unique_ptr<store::Connection> CountingDatabase::connect() {
  return std::make_unique<CountingConnection>(*this, inner_->connect());
}

}  // namespace fencepost::http::testing

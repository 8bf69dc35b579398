#include "apps/announce/testing/doubtful.hpp"

namespace fencepost::announce::testing {

class DoubtfulConnection final : public store::Connection {
 public:
  DoubtfulConnection(DoubtfulDatabase& database, std::unique_ptr<store::Connection> inner)
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
  void script(const std::string& text) override { inner_->script(text); }
  void begin() override { inner_->begin(); }
  void commit() override {
    if (database_.left_.fetch_sub(1) <= 0) {
      database_.left_ = 0;
      return inner_->commit();
    }
    usable_ = false;
    if (database_.fate_ == DoubtfulDatabase::Fate::kept)
      inner_->commit();
    else
      inner_->rollback();
    throw base::InfraError("connection lost in COMMIT",
                           {.retryable = true, .poisoned = true, .in_doubt = true});
  }
  void rollback() noexcept override { inner_->rollback(); }
  bool in_transaction() const override { return inner_->in_transaction(); }
  bool usable() const override { return usable_ && inner_->usable(); }
  std::vector<std::string> wait_notifications(base::BootTime until) override {
    return inner_->wait_notifications(until);
  }
  void wake() override { inner_->wake(); }
  void listen(const std::string& channel) override { inner_->listen(channel); }

 private:
  DoubtfulDatabase& database_;
  std::unique_ptr<store::Connection> inner_;
  bool usable_ = true;
};

std::unique_ptr<store::Connection> DoubtfulDatabase::connect() {
  return std::make_unique<DoubtfulConnection>(*this, inner_->connect());
}

}  // namespace fencepost::announce::testing

// The code of docs/guide/time-and-context.md.
#include <gort/gort.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>

using namespace std::chrono_literals;

void clocks() {
  gort::ticker ticker(2ms);
  for (int i = 0; i < 3; ++i) ticker.c().recv();

  auto rung = gort::make<gort::chan<gort::unit>>();
  gort::timer alarm = gort::after_func(1h, [=] { rung.close(); });
  alarm.reset(1ms);  // rather sooner
  rung.recv();
  std::printf("rung\n");
}

std::string look_up(const std::string& name, gort::context ctx) {
  gort::sleep(1h, ctx);  // a slow service
  return "number of " + name;
}

void impatient() {
  auto [ctx, cancel] = gort::with_timeout(gort::background(), 5ms);
  gort::defer release(cancel);
  try {
    std::printf("%s\n", look_up("Ada", ctx).c_str());
  } catch (const gort::context_error& e) {
    std::printf("%s\n", e.what());
  }
}

// Adds up what comes, until it ends or `ctx` is done.
long sum_until_done(gort::recv_chan<long> in, gort::context ctx) {
  long sum = 0;
  std::optional<long> value;
  while (gort::select(gort::on_recv(in, value), gort::on_recv(ctx.done())) == 0 && value) {
    sum += *value;
  }
  return sum;
}

void why() {
  auto [ctx, cancel] = gort::with_cause(gort::background());
  cancel(std::make_exception_ptr(std::runtime_error("the user has left")));
  std::printf("%s\n", ctx.err().message().c_str());
  try {
    std::rethrow_exception(ctx.cause());
  } catch (const std::exception& e) {
    std::printf("%s\n", e.what());
  }
}

struct request_id {
  int number;
};

void log_line(gort::context ctx, const char* text) {
  const request_id* id = ctx.value<request_id>();
  std::printf("[%d] %s\n", id ? id->number : 0, text);
}

int main() {
  return gort::run([] {
    clocks();
    impatient();
    auto numbers = gort::make<gort::chan<long>>();
    auto [ctx, cancel] = gort::with_cancel(gort::background());
    auto sum = gort::spawn(sum_until_done, numbers, ctx);
    numbers.send(40);
    numbers.send(2);
    cancel();
    std::printf("%ld\n", sum.get());
    why();
    log_line(gort::with_value(gort::background(), request_id{17}), "found by its type");
  });
}

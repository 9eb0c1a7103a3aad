// The code of docs/guide/channels.md.
#include <gort/gort.hpp>

#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

void basics() {
  auto names = gort::make<gort::chan<std::string>>();
  gort::go([names] {
    names.send("Ada");
    names.send("Grace");
    names.close();
  });

  std::optional<std::string> first = names.recv();
  std::printf("first %s\n", first->c_str());
  for (const std::string& name : names) std::printf("then %s\n", name.c_str());
  std::printf("closed: %s\n", names.recv().has_value() ? "no" : "yes");
}

void without_waiting() {
  auto parcels = gort::make<gort::chan<std::unique_ptr<int>>>(1);
  auto a = std::make_unique<int>(1);
  auto b = std::make_unique<int>(2);
  const bool sent_a = parcels.try_send(std::move(a));
  const bool sent_b = parcels.try_send(std::move(b));  // full: b is still ours
  std::printf("%d %d, b is %d\n", sent_a, sent_b, *b);
}

void produce(gort::send_chan<int> out) {
  for (int i = 1; i <= 3; ++i) out.send(i);
  out.close();
}

int total(gort::recv_chan<int> in) {
  int sum = 0;
  for (int i : in) sum += i;
  return sum;
}

// Everything that two channels deliver, until both are closed.
int total_of_both(gort::recv_chan<int> a, gort::recv_chan<int> b) {
  int sum = 0;
  const auto take = [&](gort::recv_chan<int>& from) {
    return gort::on_recv(from, [&](std::optional<int> v) {
      if (!v) from = {};  // closed: a nil channel is never chosen
      sum += v.value_or(0);
    });
  };
  while (a || b) gort::select(take(a), take(b));
  return sum;
}

// Passes on what comes until told to stop, and returns how much that was.
int relay(gort::recv_chan<int> in, gort::send_chan<int> out, gort::recv_chan<gort::unit> stop) {
  std::optional<int> value;
  for (int passed_on = 0;; ++passed_on) {
    switch (gort::select(gort::on_recv(in, value), gort::on_recv(stop))) {
      case 0:
        if (!value) return passed_on;  // closed
        out.send(*value);
        break;
      case 1: return passed_on;
    }
  }
}

// The index of the first channel that delivers.
int first_of(const std::vector<gort::recv_chan<int>>& channels) {
  std::vector<std::optional<int>> values(channels.size());
  std::vector<gort::select_case> cases;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    cases.push_back(gort::on_recv(channels[i], values[i]));
  }
  return gort::select(std::span(cases));
}

int main() {
  return gort::run([] {
    basics();
    without_waiting();

    auto numbers = gort::make<gort::chan<int>>();
    gort::go(produce, numbers);
    std::printf("total %d\n", total(numbers));

    auto a = gort::make<gort::chan<int>>(), b = gort::make<gort::chan<int>>();
    gort::go(produce, a);
    gort::go(produce, b);
    std::printf("total of both %d\n", total_of_both(a, b));

    auto in = gort::make<gort::chan<int>>(), out = gort::make<gort::chan<int>>();
    auto stop = gort::make<gort::chan<gort::unit>>();
    auto relayed = gort::spawn(relay, in, out, stop);
    for (int i = 1; i <= 3; ++i) {
      in.send(i);
      std::printf("relayed %d\n", *out.recv());
    }
    stop.close();
    std::printf("relayed %d values\n", relayed.get());

    std::vector<gort::recv_chan<int>> silent(3);
    gort::go(produce, gort::send_chan<int>(a = gort::make<gort::chan<int>>(3)));
    silent[1] = a;
    std::printf("channel %d was first\n", first_of(silent));
  });
}

// A pipeline: every stage is a goroutine that takes a channel and returns one.
//
// Nothing is computed before somebody asks: an unbuffered send waits for its receiver. Leaving the
// loop early cancels the context, which ends the stages that would otherwise wait for ever.
#include <gort/gort.hpp>

#include <iostream>

using gort::chan, gort::context, gort::context_error, gort::recv_chan;

// Starts a stage: f sends to a new channel, which is closed when f is done or cancelled.
template <class F>
recv_chan<long> stage(F f) {
  auto out = gort::make<chan<long>>();
  gort::go([=] {
    gort::defer close([&] { out.close(); });
    try {
      f(out);
    } catch (const context_error&) {
      // Nobody listens any more.
    }
  });
  return out;
}

recv_chan<long> count_from(long first, context ctx) {
  return stage([=](chan<long> out) {
    for (long n = first;; ++n) out.send(n, ctx);
  });
}

recv_chan<long> squared(recv_chan<long> in, context ctx) {
  return stage([=](chan<long> out) {
    for (long n : in) out.send(n * n, ctx);
  });
}

recv_chan<long> odd_only(recv_chan<long> in, context ctx) {
  return stage([=](chan<long> out) {
    for (long n : in) {
      if (n % 2 != 0) out.send(n, ctx);
    }
  });
}

int main() {
  return gort::run([] {
    auto [ctx, cancel] = gort::with_cancel(gort::background());
    gort::defer stop(cancel);
    for (long n : odd_only(squared(count_from(1, ctx), ctx), ctx)) {
      if (n > 200) break;
      std::cout << n << '\n';
    }
  });
}

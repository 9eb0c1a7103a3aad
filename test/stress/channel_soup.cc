// Channel soup: layers of channels with random capacities, joined by goroutines that move values on
// in every way there is. What goes in at the top comes out at the bottom, each value once and
// whole.
//
// A round: producers feed the channels of layer 0, relays carry from a layer to the next, consumers
// empty the last. Each layer is closed when its writers have ended, so a round ends by itself; a
// second kind of round closes channels in the middle of it, where a failed send must leave the
// value with the sender.

#include "stress.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace {

using namespace stress;
using gort::chan;
using gort::make;

// Can only be moved and knows whether it is whole.
struct Token {
  std::uint64_t id = 0;
  std::unique_ptr<std::uint64_t> twin;

  static Token of(std::uint64_t id) { return {id, std::make_unique<std::uint64_t>(~id)}; }
  bool whole() const { return twin && *twin == ~id; }
};

using Layer = std::vector<chan<Token>>;

// What went in and what came out: count and sum, and how many tokens were not whole.
struct Ledger {
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> sent_sum{0};
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> received_sum{0};
  std::atomic<std::uint64_t> broken{0};

  void put(std::uint64_t id) {
    ++sent;
    sent_sum += id;
  }
  void take(const Token& token) {
    ++received;
    received_sum += token.id;
    broken += !token.whole();
  }
  void check() const {
    CHECK(sent.load() == received.load());
    CHECK(sent_sum.load() == received_sum.load());
    CHECK(broken.load() == 0);
  }
};

Layer random_layer(Random& random) {
  Layer layer;
  for (int i = random.between(1, 4); i > 0; --i) {
    layer.push_back(make<chan<Token>>(random.one_in(2) ? 0 : random.below(8)));
  }
  return layer;
}

// Sends to some channel of the layer. Throws what send throws; the token is then still whole.
void send_somewhere(Random& random, Layer& layer, Token& token) {
  auto& first = random.pick(layer);
  auto& second = random.pick(layer);
  for (;;) {
    switch (random.below(6)) {
      case 0: first.send(std::move(token)); return;
      case 1:
        if (first.try_send(std::move(token))) return;
        break;
      case 2: {  // the same token in two cases: only one of them may move it
        gort::select(gort::on_send(first, std::move(token)),
                     gort::on_send(second, std::move(token)));
        return;
      }
      case 3:
        if (gort::select(gort::on_send(first, std::move(token)),
                         gort::on_timeout(std::chrono::microseconds(random.below(100)))) == 0) {
          return;
        }
        break;
      case 4:
        if (gort::select(gort::on_send(first, std::move(token)),
                         gort::on_send(second, std::move(token)), gort::on_default()) != 2) {
          return;
        }
        break;
      default: {
        auto [ctx, cancel] =
            gort::with_timeout(gort::background(), std::chrono::microseconds(random.below(100)));
        gort::defer d{cancel};
        try {
          first.send(std::move(token), ctx);
          return;
        } catch (const gort::context_error&) {
        }
      }
    }
    gort::yield();
  }
}

// Receives from `open`, from which closed channels are taken out; nothing once all are closed.
std::optional<Token> receive_somewhere(Random& random, Layer& open) {
  while (!open.empty()) {
    const auto at = static_cast<std::size_t>(random.below(static_cast<int>(open.size())));
    std::optional<Token> token;
    bool closed = false;
    switch (random.below(5)) {
      case 0: {  // for ever only if there is no other channel where somebody may wait for us
        auto [ctx, cancel] =
            gort::with_timeout(gort::background(), std::chrono::microseconds(random.below(100)));
        gort::defer d{cancel};
        try {
          token = open.size() == 1 ? open[at].recv() : open[at].recv(ctx);
          closed = !token;
        } catch (const gort::context_error&) {
        }
        break;
      }
      case 1: {
        auto result = open[at].try_recv();
        token = std::move(result.value);
        closed = result.closed;
        break;
      }
      case 2:
        closed = gort::select(gort::on_recv(open[at], token),
                              gort::on_timeout(std::chrono::microseconds(random.below(100)))) == 0;
        closed = closed && !token;
        break;
      case 3: {  // the list of all, made at run time
        std::vector<std::optional<Token>> slots(open.size());
        std::vector<gort::select_case> cases;
        for (std::size_t i = 0; i < open.size(); ++i) {
          cases.push_back(gort::on_recv(open[i], slots[i]));
        }
        const auto chosen = static_cast<std::size_t>(gort::select(std::span(cases)));
        if (slots[chosen]) return std::move(slots[chosen]);
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(chosen));
        continue;
      }
      default:
        closed = gort::select(gort::on_recv(open[at], token), gort::on_default()) == 0 && !token;
    }
    if (token) return token;
    if (closed) {
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
    } else {
      gort::yield();
    }
  }
  return std::nullopt;
}

void close_when_done(std::shared_ptr<gort::wait_group> writers, Layer layer) {
  gort::go([writers, layer] {
    writers->wait();
    for (auto& c : layer) c.close();
  });
}

void conserving_round(Random& random) {
  Ledger ledger;
  std::vector<Layer> layers;
  for (int i = random.between(1, 4); i > 0; --i) layers.push_back(random_layer(random));
  Crowd crowd(random);
  const int tokens = random.between(1, 300);
  auto writers = std::make_shared<gort::wait_group>();
  for (int p = random.between(1, 6); p > 0; --p) {
    writers->add(1);
    crowd.start([&ledger, writers, tokens, layer = layers[0]](Random& mine) mutable {
      for (int i = 0; i < tokens; ++i) {
        auto token = Token::of(mine.next() >> 8);
        ledger.put(token.id);
        send_somewhere(mine, layer, token);
        hesitate(mine);
      }
      writers->done();
    });
  }
  close_when_done(writers, layers[0]);
  for (std::size_t l = 0; l + 1 < layers.size(); ++l) {
    writers = std::make_shared<gort::wait_group>();
    for (int r = random.between(1, 5); r > 0; --r) {
      writers->add(1);
      crowd.start([writers, in = layers[l], out = layers[l + 1]](Random& mine) mutable {
        while (auto token = receive_somewhere(mine, in)) {
          hesitate(mine);
          send_somewhere(mine, out, *token);
        }
        writers->done();
      });
    }
    close_when_done(writers, layers[l + 1]);
  }
  for (int c = random.between(1, 6); c > 0; --c) {
    crowd.start([&ledger, in = layers.back()](Random& mine) mutable {
      while (auto token = receive_somewhere(mine, in)) {
        ledger.take(*token);
        hesitate(mine);
      }
    });
  }
  crowd.join();
  ledger.check();
}

// The channels of one layer are closed under the hands of those who send.
void closing_round(Random& random) {
  Ledger ledger;
  Layer layer = random_layer(random);
  std::atomic<int> torn{0};
  {
    Crowd crowd(random);
    for (int p = random.between(1, 6); p > 0; --p) {
      crowd.start([&, layer](Random& mine) mutable {
        for (;;) {
          auto token = Token::of(mine.next() >> 8);
          const auto id = token.id;
          try {
            send_somewhere(mine, layer, token);
            ledger.put(id);
          } catch (const gort::runtime_error&) {
            torn += !token.whole();  // not sent, so not moved
            return;
          }
          hesitate(mine);
        }
      });
    }
    for (int c = random.between(1, 6); c > 0; --c) {
      crowd.start([&, in = layer](Random& mine) mutable {
        while (auto token = receive_somewhere(mine, in)) ledger.take(*token);
      });
    }
    gort::sleep(std::chrono::microseconds(random.below(3'000)));
    for (auto& c : layer) {
      c.close();
      hesitate(random);
    }
  }
  ledger.check();
  CHECK(torn.load() == 0);
}

}  // namespace

TEST_CASE("random graphs of channels conserve what is sent through them") {
  Program program("channel soup");
  Weather weather(program.random());
  while (!program.over()) conserving_round(program.random());
}

TEST_CASE("channels closed while goroutines send and receive lose nothing that was sent") {
  Program program("closing soup");
  Weather weather(program.random());
  while (!program.over()) closing_round(program.random());
}

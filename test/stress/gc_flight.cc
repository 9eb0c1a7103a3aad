// References that are nowhere but in flight: in channels, in selects, in the closures of goroutines
// not yet run, in timers, on the stacks of ordinary threads.
//
// Tokens with check words wander: each station takes one, checks it, and lets it be passed on in a
// way drawn at random. Stations never wait to send, so there is always one that receives. At the
// end all tokens come home, each once and whole.

#include "stress.h"

#include <array>
#include <memory>
#include <optional>
#include <vector>

namespace {

using namespace stress;
using gort::chan;
using gort::make;
using gort::new_;
using gort::ptr;

struct Token {
  std::uint64_t check;
  std::uint64_t id;
  ptr<Token> twin;  // holds ~id; nobody else refers to it

  bool whole() const { return check == ~id * 31 && twin && twin->id == ~id; }
};

Token* new_token(std::uint64_t id) {
  Token* const token = new_<Token>();
  token->id = id;
  token->check = ~id * 31;
  token->twin = new_<Token>();
  token->twin->id = ~id;
  return token;
}

using Road = chan<ptr<Token>>;

struct Town {
  std::array<Road, 6> roads;
  Road home = make<Road>(64);
  std::atomic<std::uint64_t> broken{0};
  gort::wait_group senders;
  std::atomic<int> threads{0};

  explicit Town(Random& random) {
    for (Road& road : roads) road = make<Road>(random.one_in(2) ? 0 : random.between(1, 20));
  }
  Road& any(Random& random) { return roads[static_cast<std::size_t>(random.below(6))]; }
};

// On a goroutine of its own; may wait.
void send_somehow(Town& town, Random& random, Token* token) {
  Road road = town.any(random);
  switch (random.below(5)) {
    case 0:
      gort::select(gort::on_send(road, ptr<Token>(token)),
                   gort::on_send(town.any(random), ptr<Token>(token)));
      return;
    case 1:
      if (!road.try_send(token)) road.send(token);
      return;
    case 2: {  // on this stack alone, while something happens
      hesitate(random);
      road.send(token);
      return;
    }
    default: road.send(token); return;
  }
}

// Does not wait.
void pass_on(Town& town, Random& random, Token* token) {
  Road road = town.any(random);
  switch (random.below(20)) {
    case 0:  // through malloc'd memory that an ordinary thread has
      ++town.threads;
      std::thread([&town, road, box = std::make_unique<ptr<Token>>(token)]() mutable {
        Token* const mine = *box;
        box.reset();
        std::this_thread::yield();
        road.send(mine);
        --town.threads;
      }).detach();
      return;
    case 1:
    case 2:
    case 3:  // as the closure of a timer
      gort::after_func(std::chrono::microseconds(random.below(500)),
                       [road, held = ptr<Token>(token)] { road.send(held); });
      return;
    default:  // as the closure of a goroutine
      town.senders.go([&town, random = random.child(), held = ptr<Token>(token)]() mutable {
        send_somehow(town, random, held);
      });
  }
}

// Nothing once `closing` is closed. Nobody stays at two roads: the last token may be at a third.
std::optional<ptr<Token>> receive_somehow(Town& town, Random& random, Road& closing) {
  for (;;) {
    std::optional<ptr<Token>> a, b;
    Road& first = town.any(random);
    Road& second = town.any(random);
    switch (gort::select(gort::on_recv(first, a), gort::on_recv(second, b),
                         gort::on_recv(closing), gort::on_timeout(1ms))) {
      case 0: return a;
      case 1: return b;
      case 2: return std::nullopt;
      default: break;
    }
  }
}

void round_of_tokens(Random& random) {
  Town town(random);
  constexpr int kTokens = 60;
  Road closing = make<Road>();
  std::vector<int> seen(static_cast<std::size_t>(kTokens), 0);
  gort::wait_group stations;
  for (int i = 0; i < 10; ++i) {
    stations.go([&town, closing, random = random.child()]() mutable {
      while (auto token = receive_somehow(town, random, closing)) {
        Token* const mine = *token;
        town.broken += !mine->whole();
        if (random.one_in(20)) {
          town.home.send(mine);
        } else {
          pass_on(town, random, mine);
        }
      }
    });
  }
  stations.go([&town, random = random.child()]() mutable {
    for (int i = 0; i < kTokens; ++i) {
      pass_on(town, random, new_token(static_cast<std::uint64_t>(i)));
    }
  });
  for (int i = 0; i < kTokens; ++i) {
    const auto token = town.home.recv();
    town.broken += !(*token)->whole();
    ++seen[static_cast<std::size_t>((*token)->id)];
  }
  closing.close();
  stations.wait();
  town.senders.wait();
  while (town.threads.load() > 0) gort::sleep(100us);
  int once = 0;
  for (const int times : seen) once += times == 1;
  CHECK(once == kTokens);
  CHECK(town.broken.load() == 0);
}

}  // namespace

TEST_CASE("tokens whose only reference is in flight come home whole") {
  Program program("flight");
  Weather weather(program.random());
  std::atomic<bool> over{false};
  gort::wait_group collecting;
  collecting.go([&over] {
    while (!over.load()) {
      gort::gc();
      gort::yield();
    }
  });
  while (!program.over()) round_of_tokens(program.random());
  over = true;
  collecting.wait();
}

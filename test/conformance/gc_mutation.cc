// Eight goroutines change every kind of thing that refers to collected memory while collections run
// on end; each thing keeps a model of itself in malloc'd memory, and equals it at the end.
//
// After Go's gcgort. With GOGC=1 almost every allocation is near a collection's start or end.

#include "gc_support.h"

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

using namespace conformance;
using gort::chan;
using gort::make;
using gort::new_;
using gort::ptr;

namespace {

struct Random {
  std::uint64_t state;
  std::uint64_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
  }
  std::size_t below(std::size_t n) { return next() % n; }
};

constexpr std::size_t kThings = 32;

struct Box {
  std::uint64_t value;
  ptr<Box> next;
};

// Runs `mutate(random)` on 8 goroutines, each a number of rounds; it returns how much was wrong.
template <class Mutate>
int hammered(int rounds, Mutate mutate) {
  std::atomic<int> wrong{0};
  GcPercent percent(1);
  ConstantCollection collecting;
  gort::wait_group mutators;
  for (std::uint64_t i = 0; i < 8; ++i) {
    mutators.go([&, i] {
      Random random{i};
      wrong += mutate(random, scaled(rounds));
    });
  }
  mutators.wait();
  return wrong.load();
}

// Chains of boxes that are pushed, popped and spliced.
int change_pointers(Random& random, int rounds) {
  auto chains = make<gort::slice<ptr<Box>>>(kThings);
  std::vector<std::vector<std::uint64_t>> models(kThings);
  for (int round = 0; round < rounds; ++round) {
    const std::size_t at = random.below(kThings), other = random.below(kThings);
    if (models[at].size() < 20) {
      Box* const box = new_<Box>();
      box->value = random.next();
      box->next = chains[at];
      chains[at] = box;
      models[at].push_back(box->value);
    } else if (at != other) {
      Box* const top = chains[at];
      chains[at] = top->next;
      top->next = chains[other];
      chains[other] = top;
      models[other].push_back(models[at].back());
      models[at].pop_back();
      if (models[other].size() > 40) {
        chains[other] = nullptr;
        models[other].clear();
      }
    }
  }
  int wrong = 0;
  for (std::size_t i = 0; i < kThings; ++i) {
    Box* box = chains[i];
    for (auto value = models[i].rbegin(); value != models[i].rend(); ++value) {
      wrong += box == nullptr || box->value != *value;
      if (box != nullptr) box = box->next;
    }
    wrong += box != nullptr;
  }
  return wrong;
}

int change_slices(Random& random, int rounds) {
  auto slices = make<gort::slice<gort::slice<ptr<Box>>>>(kThings);
  std::vector<std::vector<std::uint64_t>> models(kThings);
  for (int round = 0; round < rounds; ++round) {
    const std::size_t at = random.below(kThings);
    if (models[at].size() > 60) {
      const std::size_t from = random.below(models[at].size());
      slices[at] = slices[at](from, models[at].size());
      models[at].erase(models[at].begin(), models[at].begin() + static_cast<long>(from));
      continue;
    }
    Box* const box = new_<Box>();
    box->value = random.next();
    slices[at] = gort::append(slices[at], ptr<Box>(box));
    models[at].push_back(box->value);
  }
  int wrong = 0;
  for (std::size_t i = 0; i < kThings; ++i) {
    wrong += static_cast<std::size_t>(slices[i].len()) != models[i].size();
    for (std::size_t j = 0; j < models[i].size(); ++j) wrong += slices[i][j]->value != models[i][j];
  }
  return wrong;
}

int change_maps(Random& random, int rounds) {
  auto boxes = make<gort::map<std::uint64_t, ptr<Box>>>();
  auto names = make<gort::map<gort::string, gort::string>>();
  std::map<std::uint64_t, std::uint64_t> box_model;
  std::map<std::string, std::string> name_model;
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t key = random.below(200);
    const std::string name = "name" + std::to_string(key);
    if (random.below(3) == 0) {
      boxes.erase(key);
      names.erase(gort::string(name));
      box_model.erase(key);
      name_model.erase(name);
      continue;
    }
    Box* const box = new_<Box>();
    box->value = random.next();
    boxes[key] = box;
    box_model[key] = box->value;
    const std::string text = std::to_string(box->value) + "!";
    names[gort::string(name)] = gort::string(text);
    name_model[name] = text;
  }
  int wrong = static_cast<std::size_t>(boxes.len()) != box_model.size();
  wrong += static_cast<std::size_t>(names.len()) != name_model.size();
  for (const auto& [key, value] : box_model) {
    ptr<Box>* const found = boxes.find(key);
    wrong += found == nullptr || (*found)->value != value;
  }
  for (const auto& [name, text] : name_model) {
    gort::string* const found = names.find(gort::string(name));
    wrong += found == nullptr || std::string_view(*found) != text;
  }
  return wrong;
}

int change_strings(Random& random, int rounds) {
  auto strings = make<gort::slice<gort::string>>(kThings);
  std::vector<std::string> models(kThings);
  for (int round = 0; round < rounds; ++round) {
    const std::size_t at = random.below(kThings), other = random.below(kThings);
    if (models[at].size() > 500) {
      strings[at] = gort::string("short");
      models[at] = "short";
    } else {
      const std::string tail = std::to_string(random.next());
      strings[at] = strings[other] + gort::string(tail);
      models[at] = models[other] + tail;
    }
  }
  int wrong = 0;
  for (std::size_t i = 0; i < kThings; ++i) wrong += std::string_view(strings[i]) != models[i];
  return wrong;
}

int change_channels(Random& random, int rounds) {
  auto channels = make<gort::slice<chan<ptr<Box>>>>(kThings);
  std::vector<std::vector<std::uint64_t>> models(kThings);
  for (std::size_t i = 0; i < kThings; ++i) channels[i] = make<chan<ptr<Box>>>(8);
  int wrong = 0;
  for (int round = 0; round < rounds; ++round) {
    const std::size_t at = random.below(kThings);
    if (random.below(50) == 0) {
      channels[at] = make<chan<ptr<Box>>>(8);
      models[at].clear();
    } else if (models[at].size() == 8 || (!models[at].empty() && random.below(2) == 0)) {
      const auto box = channels[at].recv();
      wrong += !box || (*box)->value != models[at].front();
      models[at].erase(models[at].begin());
    } else {
      Box* const box = new_<Box>();
      box->value = random.next();
      models[at].push_back(box->value);
      channels[at].send(box);
    }
  }
  return wrong;
}

int change_closures(Random& random, int rounds) {
  std::vector<std::function<std::uint64_t()>> closures(kThings);
  std::vector<std::uint64_t> models(kThings);
  for (int round = 0; round < rounds; ++round) {
    const std::size_t at = random.below(kThings), other = random.below(kThings);
    if (closures[other] && random.below(2) == 0) {
      closures[at] = closures[other];
      models[at] = models[other];
      continue;
    }
    Box* const box = new_<Box>();
    box->value = models[at] = random.next();
    closures[at] = [held = ptr<Box>(box)] { return held->value; };
  }
  int wrong = 0;
  for (std::size_t i = 0; i < kThings; ++i) wrong += closures[i] && closures[i]() != models[i];
  return wrong;
}

}  // namespace

TEST_CASE("chains of pointers survive constant collection as they are") {  // 50
  CHECK(hammered(20'000, change_pointers) == 0);
}
TEST_CASE("slices survive constant collection as they are") {
  CHECK(hammered(20'000, change_slices) == 0);
}
TEST_CASE("maps survive constant collection as they are") {
  CHECK(hammered(5'000, change_maps) == 0);
}
TEST_CASE("strings survive constant collection as they are") {
  CHECK(hammered(10'000, change_strings) == 0);
}
TEST_CASE("channels and what waits in them survive constant collection as they are") {
  CHECK(hammered(10'000, change_channels) == 0);
}
TEST_CASE("closures survive constant collection as they are") {
  CHECK(hammered(20'000, change_closures) == 0);
}

namespace {

// A plain pointer that leaves nothing behind when it is moved.
class Single {
 public:
  explicit Single(Cell* cell) : cell_(cell) {}
  Single(Single&& other) noexcept : cell_(std::exchange(other.cell_, nullptr)) {}
  Single& operator=(Single&& other) noexcept {
    cell_ = std::exchange(other.cell_, nullptr);
    return *this;
  }
  ~Single() = default;
  Cell* get() const { return cell_; }

 private:
  Cell* cell_;
};

}  // namespace

TEST_CASE("what is moved out of a sender that waits, before it was scanned, lives") {
  constexpr std::size_t kSenders = 1'000;
  std::size_t right = 0;
  for (int round = 0; round < scaled(100); ++round) {
    const auto things = gort::make<gort::chan<Single>>();
    gort::wait_group done;
    for (std::size_t i = 0; i < kSenders; ++i) {
      done.go([things, i] {
        Single single(new_cell(i));
        wipe_stack();
        things.send(std::move(single));
      });
    }
    // On its stack alone: nothing of it was there at the flip.
    std::array<Cell*, kSenders> mine{};
    gort::wait_group collected;
    collected.go([] { gort::gc(); });
    for (int i = 0; i < 1'000'000 && !gort::detail::is_marking(); ++i) gort::yield();
    for (Cell*& each : mine) each = things.recv()->get();
    collected.wait();
    churn_heap(scaled(2'000));
    std::array<bool, kSenders> seen{};
    for (const Cell* each : mine) {
      if (each->value >= kSenders || !each->holds(each->value) || seen[each->value]) continue;
      seen[each->value] = true;
      ++right;
    }
    done.wait();
  }
  CHECK(right == kSenders * static_cast<std::size_t>(scaled(100)));
}

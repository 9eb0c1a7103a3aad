// Objects that refer to each other in circles, on the collected heap: nobody owns them, nobody
// frees them, and they may be handed to other goroutines as they are.
//
// On a stack an object is held by a plain pointer; in a field, a container or a capture by a ptr.
#include <gort/gort.hpp>

#include <iostream>

using namespace gort::literals;

struct person {
  gort::string name;
  gort::ptr<person> boss;
  gort::slice<gort::ptr<person>> team;
};

person* hire(gort::string name, person* boss) {
  person* hired = gort::new_<person>(name, boss);
  if (boss != nullptr) boss->team = gort::append(boss->team, gort::ptr(hired));
  return hired;
}

int main() {
  return gort::run([] {
    auto people = gort::make<gort::map<gort::string, gort::ptr<person>>>();
    person* ada = people["ada"] = hire("ada"_s, nullptr);
    for (auto name : {"bob"_s, "cy"_s, "dee"_s}) people[name] = hire(name, ada);

    auto sizes = gort::make<gort::chan<std::size_t>>();
    gort::go([=, boss = people["cy"]->boss] { sizes.send(boss->team.len()); });
    std::cout << "cy's boss has a team of " << *sizes.recv() << '\n';

    people.erase("dee");  // still in ada's team
    people = nullptr;     // the map is garbage now; what ada refers to is not
    gort::gc();
    for (gort::ptr<person> member : ada->team) std::cout << member->name << '\n';
  });
}

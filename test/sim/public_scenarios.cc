#include "test/sim/scenario.h"
namespace sim { const std::vector<Scenario> public_scenarios = {}; }

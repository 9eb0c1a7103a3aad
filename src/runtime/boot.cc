// How the runtime comes to life: the one place that names everybody.
//
// Called once, by whoever first needs the scheduler (sched/attach.cc), before any goroutine exists.
// The order matters: a bad environment is reported before anything is changed; what a death needs
// is there before anything can go wrong; the scheduler runs before SIGQUIT may ask about it.
// Nothing in gort happens at static initialisation, but that barrier tables enter their list.
// Runs on the thread that uses gort first. Not here: what run's config changes (run.cc).
#include "base/assert.h"
#include "gc/gc.h"
#include "runtime/death.h"
#include "runtime/dump.h"
#include "runtime/options.h"
#include "runtime/panic.h"
#include "runtime/signals.h"
#include "sched/world.h"
#include "sync/sync.h"

extern "C" void gort_runtime_boot() {
  using namespace gort;
  runtime::options() = runtime::options_from_environment();
  base::set_crash_on_fatal(runtime::options().crash);
  runtime::reserve_death_stack();
  base::set_fatal_hook(runtime::report_fatal);
  runtime::install_terminate_handler();
  runtime::install_fault_handlers();
  sched::BootOptions boot;
  boot.processors = runtime::default_maxprocs();
  boot.schedtrace_ns = runtime::options().schedtrace_ms * 1'000'000;
  sched::boot(boot);
  collector::Settings settings;
  settings.gc_percent = runtime::options().gc_percent;
  settings.memory_limit = static_cast<std::uint64_t>(runtime::options().memory_limit);
  settings.trace = runtime::options().gctrace > 0;
  collector::boot(settings);
  collector::set_before_cycle(sync::age_pools);
  runtime::install_quit_handler();
}

// Everything of gort: `#include <gort/gort.hpp>`.
//
// Each area also has a header of its own, for those who count what they include. Not here: anything
// but includes.
#pragma once

#include "gort/allocator.hpp"
#include "gort/chan.hpp"
#include "gort/context.hpp"
#include "gort/debug.hpp"
#include "gort/error.hpp"
#include "gort/go.hpp"
#include "gort/heap.hpp"
#include "gort/layout.hpp"
#include "gort/make.hpp"
#include "gort/map.hpp"
#include "gort/mem_stats.hpp"
#include "gort/memory.hpp"
#include "gort/map.hpp"
#include "gort/ptr.hpp"
#include "gort/runtime.hpp"
#include "gort/select.hpp"
#include "gort/slice.hpp"
#include "gort/string.hpp"
#include "gort/slice.hpp"
#include "gort/string.hpp"
#include "gort/sync.hpp"
#include "gort/task.hpp"
#include "gort/time.hpp"

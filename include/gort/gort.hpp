// Everything of gort: `#include <gort/gort.hpp>`.
//
// Each area also has a header of its own, for those who count what they include. Not here: anything
// but includes.
#pragma once

#include "gort/chan.hpp"
#include "gort/context.hpp"
#include "gort/debug.hpp"
#include "gort/error.hpp"
#include "gort/go.hpp"
#include "gort/make.hpp"
#include "gort/runtime.hpp"
#include "gort/select.hpp"
#include "gort/sync.hpp"
#include "gort/task.hpp"
#include "gort/time.hpp"

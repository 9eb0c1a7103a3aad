// select over a list of cases made at run time. Go's reflect.Select.
//
//     std::vector<gort::select_case> cases;
//     for (auto& each : inputs) cases.push_back(gort::on_recv(each.channel, each.value));
//     auto chosen = gort::select(std::span(cases));
//
// A select_case keeps its channel and, for a send, its value (what is given by lvalue is copied, by
// rvalue moved into the case); the output variable of a receive must outlive it. It can be used any
// number of times. A plain value (trivially copyable) is sent again each time; any other has been
// moved from once its case was chosen: refer to a variable of yours instead
// (select_case::send_from) and refill that. A case may be in one select at a time. Not here: cases
// known at compile time (select.hpp).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "gort/detail/handle.hpp"
#include "gort/detail/select_cases.hpp"

namespace gort {

class select_case;

// Waits until one of the cases can be done, does it and returns its index; runs no callback. No
// case: blocks for ever.
int select(std::span<select_case> cases);

class select_case {
 public:
  // From on_recv(c, out), on_recv(c), on_send(c, v), on_timeout(d), on_default(): those without a
  // callback.
  template <class Case>
  requires(!std::is_same_v<std::remove_cvref_t<Case>, select_case> &&
           detail::is_case<std::remove_cvref_t<Case>> && !std::remove_cvref_t<Case>::kHasCallback)
      select_case(Case&& c)
      : box_(boxed(std::forward<Case>(c))) {}

  // Sends `variable`, which must outlive the case: it is moved from when the case is chosen.
  template <detail::sendable C>
  [[nodiscard]] static select_case send_from(const C& c, typename C::value_type& variable) {
    using T = typename C::value_type;
    using from = detail::send_from<T, detail::no_callback>;
    return select_case(
        detail::make_body_box<channel_box<from>>(from(core(c), variable, detail::no_callback())));
  }

 private:
  friend int select(std::span<select_case> cases);

  struct box {
    virtual ~box() = default;
    virtual detail::select_entry entry() { return {}; }
    virtual std::int64_t wait_ns() { return detail::kWaitForever; }
    virtual void finish(bool) {}
  };
  template <class Case>
  struct channel_box final : box {
    explicit channel_box(Case&& c)
        : held(std::move(c)), body(held.entry().channel) {}
    detail::select_entry entry() override { return held.entry(); }
    void finish(bool ok) override { held.finish(ok); }

    Case held;
    detail::channel_reference body;
  };
  template <class Case>
  struct limit_box final : box {
    explicit limit_box(Case&& c) : held(std::move(c)) {}
    std::int64_t wait_ns() override { return held.wait_ns(); }

    Case held;
  };

  explicit select_case(detail::body_box<box> made) : box_(std::move(made)) {}

  template <class T>
  static detail::body_box<box> boxed(detail::send_from<T, detail::no_callback>&& c) {
    using copy = detail::send_copy<T, detail::no_callback>;
    return detail::make_body_box<channel_box<copy>>(
        copy(c.channel(), std::move(c.value()), detail::no_callback()));
  }
  template <class Case>
  static detail::body_box<box> boxed(Case&& c) {
    if constexpr (Case::kHasChannel) {
      return detail::make_body_box<channel_box<Case>>(std::move(c));
    } else {
      return detail::make_body_box<limit_box<Case>>(std::move(c));
    }
  }

  detail::body_box<box> box_;
};

}  // namespace gort

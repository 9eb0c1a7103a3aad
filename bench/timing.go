// Twin of timing.cc, where each number is defined.
package main

import (
	"sync"
	"sync/atomic"
	"time"
)

func timersChannel() {
	count := scaled(1000000, 5000)
	ns, h := bestOf3(func() uint64 {
		stopped := uint64(0)
		for i := 0; i < count; i++ {
			t := time.NewTimer(time.Hour)
			if t.Stop() {
				stopped++
			}
		}
		return stopped
	})
	report("timers_channel", ns/float64(count), "ns/timer", h)
}

func timersFunction() {
	count := scaled(1000000, 5000)
	ns, h := bestOf3(func() uint64 {
		var fired atomic.Uint64
		timers := make([]*time.Timer, count)
		for i := range timers {
			delay := time.Hour + time.Duration(uint32(i)*2654435761)*time.Microsecond
			timers[i] = time.AfterFunc(delay, func() { fired.Add(1) })
		}
		stopped := uint64(0)
		for _, t := range timers {
			if t.Stop() {
				stopped++
			}
		}
		return stopped + fired.Load()
	})
	report("timers_function", ns/float64(count), "ns/timer", h)
}

func sleepers() {
	count := scaled(100000, 1000)
	base := time.Duration(scaled(1000, 20)) * time.Millisecond
	spreadNs := uint64(scaled(1000, 50)) * 1000000
	late := make([]float64, count)
	var done sync.WaitGroup
	var asleep atomic.Uint64
	done.Add(count)
	for i := range late {
		go func(i int) {
			nap := base + time.Duration(uint64(uint32(i)*2654435761)*spreadNs>>32)
			start := time.Now()
			time.Sleep(nap)
			late[i] = float64((time.Since(start) - nap).Nanoseconds()) / 1e3
			asleep.Add(uint64(nap))
			done.Done()
		}(i)
	}
	done.Wait()
	h := newHash()
	h.add(asleep.Load())
	report("sleepers_p50", percentile(late, 50), "us_late", h)
	report("sleepers_p99", percentile(late, 99), "us_late", h)
}

func shortSleep() {
	const nap = 50 * time.Microsecond
	over := make([]float64, scaled(2000, 50))
	for i := range over {
		start := time.Now()
		time.Sleep(nap)
		over[i] = float64((time.Since(start) - nap).Nanoseconds()) / 1e3
	}
	h := newHash()
	h.add(uint64(len(over)))
	report("sleep_50us_p50", percentile(over, 50), "us_over", h)
}

func main() {
	runNamed([]benchmark{
		{"timers_channel", timersChannel},
		{"timers_function", timersFunction},
		{"sleepers", sleepers},
		{"sleep_50us", shortSleep},
	})
}

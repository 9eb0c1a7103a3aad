// Twin of fairness.cc, where each number is defined.
package main

import (
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func libcSleep(name string) {
	nap := syscall.NsecToTimespec(int64(scaled(200, 20)) * 1000000)
	var done sync.WaitGroup
	var slept atomic.Uint64
	done.Add(8)
	start := time.Now()
	for i := 0; i < 8; i++ {
		go func() {
			if syscall.Nanosleep(&nap, nil) == nil {
				slept.Add(1)
			}
			done.Done()
		}()
	}
	done.Wait()
	elapsed := float64(time.Since(start).Nanoseconds()) / 1e6
	h := newHash()
	h.add(slept.Load())
	report(name, elapsed, "ms", h)
}

func hogs() {
	const hogCount, taskCount = 2, 20
	var over atomic.Bool
	var ran atomic.Uint64
	var hogsDone, tasksDone sync.WaitGroup
	hogsDone.Add(hogCount)
	tasksDone.Add(taskCount)
	var elapsed time.Duration
	start := time.Now()
	for i := 0; i < hogCount; i++ {
		go func() {
			for !over.Load() {
			}
			hogsDone.Done()
		}()
	}
	for i := 0; i < taskCount; i++ {
		go func() {
			if ran.Add(1) == taskCount {
				elapsed = time.Since(start)
			}
			tasksDone.Done()
		}()
	}
	tasksDone.Wait()
	over.Store(true)
	hogsDone.Wait()
	h := newHash()
	h.add(ran.Load())
	report("tasks_beside_hogs", float64(elapsed.Nanoseconds())/1e6, "ms", h)
}

func main() {
	runNamed([]benchmark{
		{"libc_sleep_blocking", func() { libcSleep("libc_sleep_blocking") }},
		{"libc_sleep_bare", func() { libcSleep("libc_sleep_bare") }},
		{"tasks_beside_hogs", hogs},
	})
}

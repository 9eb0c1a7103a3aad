// Twin of stacks.cc, where each number is defined.
package main

import (
	"sync"
	"sync/atomic"
	"time"
)

//go:noinline
func recurse(depth uint64) uint64 {
	if depth == 0 {
		return 1
	}
	return recurse(depth-1)*31 + depth
}

func recursion() {
	depth := scaled(1000000, 10000)
	var first, again float64
	firstHash, againHash := newHash(), newHash()
	var done sync.WaitGroup
	done.Add(1)
	go func() {
		start := time.Now()
		firstHash.add(recurse(uint64(depth)))
		first = float64(time.Since(start).Nanoseconds())
		again, againHash = bestOf3(func() uint64 { return recurse(uint64(depth)) })
		done.Done()
	}()
	done.Wait()
	report("recursion_first", first/float64(depth), "ns/frame", firstHash)
	report("recursion_again", again/float64(depth), "ns/frame", againHash)
}

func fresh() {
	count := scaled(10000, 500)
	ns, h := bestOf3(func() uint64 {
		var sum atomic.Uint64
		var done sync.WaitGroup
		done.Add(count)
		for i := 0; i < count; i++ {
			go func() {
				sum.Add(recurse(200))
				done.Done()
			}()
		}
		done.Wait()
		return sum.Load()
	})
	report("fresh_200_deep", ns/float64(count), "ns/goroutine", h)
}

func main() {
	runNamed([]benchmark{
		{"recursion", recursion},
		{"fresh_200_deep", fresh},
	})
}

// Twin of locking.cc, where each number is defined.
package main

import "sync"

func uncontended() {
	pairs := scaled(10000000, 50000)
	ns, h := bestOf3(func() uint64 {
		var lock sync.Mutex
		count := uint64(0)
		for i := 0; i < pairs; i++ {
			lock.Lock()
			count++
			lock.Unlock()
		}
		return count
	})
	report("mutex_uncontended", ns/float64(pairs), "ns/pair", h)
}

//go:noinline
func churn(x uint64) uint64 {
	for i := 0; i < 100; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

func contended() {
	const goroutines = 8
	each := scaled(4000000, 40000) / goroutines
	ns, h := bestOf3(func() uint64 {
		var lock sync.Mutex
		var done sync.WaitGroup
		count := uint64(0)
		done.Add(goroutines)
		for g := 0; g < goroutines; g++ {
			go func() {
				for i := 0; i < each; i++ {
					lock.Lock()
					count++
					lock.Unlock()
				}
				done.Done()
			}()
		}
		done.Wait()
		return count
	})
	report("mutex_contended", ns/float64(each*goroutines), "ns/pair", h)
}

func contendedWork() {
	const goroutines = 8
	each := scaled(400000, 8000) / goroutines
	ns, h := bestOf3(func() uint64 {
		var lock sync.Mutex
		var done sync.WaitGroup
		inside, outside := uint64(1), uint64(0)
		done.Add(goroutines)
		for g := 0; g < goroutines; g++ {
			go func(own uint64) {
				for i := 0; i < each; i++ {
					lock.Lock()
					inside = churn(inside)
					lock.Unlock()
					own = churn(own)
				}
				lock.Lock()
				outside += own
				lock.Unlock()
				done.Done()
			}(uint64(g + 1))
		}
		done.Wait()
		return inside + outside
	})
	report("mutex_contended_work", ns/float64(each*goroutines), "ns/pair", h)
}

func main() {
	runNamed([]benchmark{
		{"mutex_uncontended", uncontended},
		{"mutex_contended", contended},
		{"mutex_contended_work", contendedWork},
	})
}

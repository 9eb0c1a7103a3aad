// Twin of spawning.cc, where each number is defined.
package main

import (
	"sync"
	"sync/atomic"
	"time"
)

func oneByOne() {
	count := scaled(500000, 5000)
	ns, h := bestOf3(func() uint64 {
		var sum uint64
		var done sync.WaitGroup
		for i := 0; i < count; i++ {
			done.Add(1)
			go func(v int) {
				sum += uint64(v)
				done.Done()
			}(i)
			done.Wait()
		}
		return sum
	})
	report("spawn_join", ns/float64(count), "ns/goroutine", h)
}

func allAtOnce() {
	count := scaled(1000000, 2000)
	ns, h := bestOf3(func() uint64 {
		var sum atomic.Uint64
		var done sync.WaitGroup
		done.Add(count)
		for i := 0; i < count; i++ {
			go func(v int) {
				sum.Add(uint64(v))
				done.Done()
			}(i)
		}
		done.Wait()
		return sum.Load()
	})
	report("spawn_million", ns/float64(count), "ns/goroutine", h)
}

func ring() {
	const members = 503
	hops := scaled(2000000, 20000)
	ns, h := bestOf3(func() uint64 {
		links := make([]chan int, members)
		for i := range links {
			links[i] = make(chan int)
		}
		last := make(chan int)
		var done sync.WaitGroup
		done.Add(members)
		for i := range links {
			go func(id int) {
				from, to := links[id], links[(id+1)%members]
				for token := range from {
					if token == 0 {
						last <- id
					} else {
						to <- token - 1
					}
				}
				done.Done()
			}(i)
		}
		links[0] <- hops
		winner := <-last
		for _, link := range links {
			close(link)
		}
		done.Wait()
		return uint64(winner)
	})
	report("ring_503", ns/float64(hops), "ns/hop", h)
}

func skynetNode(out chan int, first, size int) {
	if size == 1 {
		out <- first
		return
	}
	results := make(chan int)
	part := size / 10
	for i := 0; i < 10; i++ {
		go skynetNode(results, first+i*part, part)
	}
	sum := 0
	for i := 0; i < 10; i++ {
		sum += <-results
	}
	out <- sum
}

func skynet() {
	leaves := scaled(1000000, 1000)
	ns, h := bestOf3(func() uint64 {
		result := make(chan int)
		go skynetNode(result, 0, leaves)
		return uint64(<-result)
	})
	report("skynet", ns/1e6, "ms", h)
}

func sieveFilter(prime int, in, out chan int) {
	for v := range in {
		if v%prime != 0 {
			out <- v
		}
	}
	close(out)
}

func sieve() {
	limit := scaled(37813, 541) // the 4,000th prime and the 100th
	h := newHash()
	start := time.Now()
	numbers := make(chan int)
	go func(out chan int) {
		for v := 2; v <= limit; v++ {
			out <- v
		}
		close(out)
	}(numbers)
	for {
		prime, ok := <-numbers
		if !ok {
			break
		}
		h.add(uint64(prime))
		filtered := make(chan int)
		go sieveFilter(prime, numbers, filtered)
		numbers = filtered
	}
	report("sieve_4000", float64(time.Since(start).Nanoseconds())/1e6, "ms", h)
}

func parked() {
	count := scaled(1000000, 2000)
	before := memoryBytes()
	for wave := 0; wave < 2; wave++ {
		gate := make(chan int)
		var started, finished sync.WaitGroup
		var released atomic.Uint64
		started.Add(count)
		finished.Add(count)
		start := time.Now()
		for i := 0; i < count; i++ {
			go func() {
				started.Done()
				if _, ok := <-gate; !ok {
					released.Add(1)
				}
				finished.Done()
			}()
		}
		started.Wait()
		each := float64(time.Since(start).Nanoseconds()) / float64(count)
		time.Sleep(100 * time.Millisecond)
		bytes := (memoryBytes() - before) / float64(count)
		close(gate)
		finished.Wait()
		h := newHash()
		h.add(released.Load())
		if wave == 0 {
			report("parked_first", each, "ns/goroutine", h)
			report("bytes_parked", bytes, "bytes/goroutine", h)
		} else {
			report("parked_again", each, "ns/goroutine", h)
		}
	}
}

func queued() {
	count := scaled(1000000, 2000)
	gate := make(chan int)
	var finished sync.WaitGroup
	var begun, released atomic.Uint64
	before := memoryBytes()
	finished.Add(count)
	for i := 0; i < count; i++ {
		go func() {
			begun.Add(1)
			if _, ok := <-gate; !ok {
				released.Add(1)
			}
			finished.Done()
		}()
	}
	early := float64(begun.Load())
	bytes := (memoryBytes() - before) / float64(count)
	close(gate)
	finished.Wait()
	h := newHash()
	h.add(released.Load())
	report("bytes_queued", bytes, "bytes/goroutine", h)
	report("bytes_queued_begun", early/float64(count), "fraction", h)
}

func main() {
	runNamed([]benchmark{
		{"spawn_join", oneByOne},
		{"spawn_million", allAtOnce},
		{"ring_503", ring},
		{"skynet", skynet},
		{"sieve_4000", sieve},
		{"parked", parked},
		{"queued", queued},
	})
}

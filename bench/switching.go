// Twin of switching.cc, where each number is defined.
package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

func yields(name string, goroutines int) {
	total := scaled(2000000, 10000)
	each := total / goroutines
	ns, h := bestOf3(func() uint64 {
		var count atomic.Uint64
		var done sync.WaitGroup
		done.Add(goroutines)
		for g := 0; g < goroutines; g++ {
			go func() {
				var own uint64
				for i := 0; i < each; i++ {
					runtime.Gosched()
					own++
				}
				count.Add(own)
				done.Done()
			}()
		}
		done.Wait()
		return count.Load()
	})
	report(name, ns/float64(total), "ns/yield", h)
}

func pingpong() {
	rounds := scaled(500000, 2000)
	ns, h := bestOf3(func() uint64 {
		there, back := make(chan int), make(chan int)
		go func() {
			for v := range there {
				back <- v*3 + 1
			}
			close(back)
		}()
		v := 0
		for i := 0; i < rounds; i++ {
			there <- v
			v = <-back
		}
		close(there)
		return uint64(v)
	})
	report("pingpong", ns/float64(rounds), "ns/round_trip", h)
}

func spsc() {
	messages := scaled(4000000, 20000)
	ns, h := bestOf3(func() uint64 {
		c := make(chan int, 128)
		go func() {
			for i := 0; i < messages; i++ {
				c <- i
			}
			close(c)
		}()
		order := uint64(0)
		for v := range c {
			order = order*31 + uint64(v)
		}
		return order
	})
	report("spsc_128", ns/float64(messages), "ns/message", h)
}

func mpmc(name string, capacity, messages int) {
	const sides = 8
	each := messages / sides
	ns, h := bestOf3(func() uint64 {
		c := make(chan int, capacity)
		var producers, consumers sync.WaitGroup
		var sum atomic.Uint64
		producers.Add(sides)
		consumers.Add(sides)
		for s := 0; s < sides; s++ {
			go func() {
				var own uint64
				for v := range c {
					own += uint64(v)
				}
				sum.Add(own)
				consumers.Done()
			}()
		}
		for s := 0; s < sides; s++ {
			go func(first int) {
				for i := 0; i < each; i++ {
					c <- first + i
				}
				producers.Done()
			}(s * each)
		}
		producers.Wait()
		close(c)
		consumers.Wait()
		return sum.Load()
	})
	report(name, ns/float64(each*sides), "ns/message", h)
}

func main() {
	runNamed([]benchmark{
		{"yield_2", func() { yields("yield_2", 2) }},
		{"yield_100", func() { yields("yield_100", 100) }},
		{"pingpong", pingpong},
		{"spsc_128", spsc},
		{"mpmc_128", func() { mpmc("mpmc_128", 128, scaled(2000000, 16000)) }},
		{"mpmc_0", func() { mpmc("mpmc_0", 0, scaled(1000000, 8000)) }},
	})
}

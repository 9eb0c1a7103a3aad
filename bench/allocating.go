// Twin of allocating.cc, where each number is defined.
package main

import (
	"runtime/debug"
	"sync"
	"unsafe"
)

// What an object's last reference is overwritten in: one place for each goroutine, a cache line or
// more apart. It is global so that nothing can be allocated on a stack.
var kept [8 * 16]unsafe.Pointer

type words interface {
	[1]uint64 | [2]uint64 | [7]uint64 | [8]uint64 | [31]uint64 | [32]uint64 |
		[1 << 7]uint64 | [1 << 10]uint64 | [1 << 12]uint64 | [1 << 13]uint64
}

type linked[A words] struct {
	other *linked[A]
	words A
}

func plain[A words](count uint64, place int) uint64 {
	sum := uint64(0)
	kept[place] = unsafe.Pointer(new(A))
	for i := uint64(0); i < count; i++ {
		fresh := new(A)
		(*fresh)[0] = i
		sum += (*(*A)(kept[place]))[0]
		kept[place] = unsafe.Pointer(fresh)
	}
	kept[place] = nil
	return sum
}

func withPointer[A words](count uint64, place int) uint64 {
	sum := uint64(0)
	anchor := new(linked[A])
	kept[place] = unsafe.Pointer(anchor)
	for i := uint64(0); i < count; i++ {
		fresh := new(linked[A])
		fresh.other = anchor
		fresh.words[0] = i
		sum += (*linked[A])(kept[place]).words[0]
		kept[place] = unsafe.Pointer(fresh)
	}
	kept[place] = nil
	return sum
}

func measure(name string, gogc int, full int, body func(count uint64, place int) uint64) benchmark {
	return benchmark{name, func() {
		debug.SetGCPercent(gogc)
		count := scaled(full, full/1000+10)
		ns, h := bestOf3(func() uint64 { return body(uint64(count), 0) })
		report(name, ns/float64(count), "ns", h)
	}}
}

func byEight() {
	count := scaled(1000000, 1000)
	ns, h := bestOf3(func() uint64 {
		var sums [8]uint64
		var done sync.WaitGroup
		for g := 0; g < 8; g++ {
			done.Add(1)
			go func() {
				sums[g] = withPointer[[7]uint64](uint64(count), g*16)
				done.Done()
			}()
		}
		done.Wait()
		sum := uint64(0)
		for _, s := range sums {
			sum += s
		}
		return sum
	})
	report("alloc_64_by_8", ns/float64(8*count), "ns", h)
}

func main() {
	const small = 5000000
	runNamed([]benchmark{
		measure("alloc_16", 100, small, plain[[2]uint64]),
		measure("alloc_16_ptr", 100, small, withPointer[[1]uint64]),
		measure("alloc_64", 100, small, plain[[8]uint64]),
		measure("alloc_64_ptr", 100, small, withPointer[[7]uint64]),
		measure("alloc_256", 100, small, plain[[32]uint64]),
		measure("alloc_256_ptr", 100, small, withPointer[[31]uint64]),
		measure("alloc_16_gogc400", 400, small, plain[[2]uint64]),
		measure("alloc_16_ptr_gogc400", 400, small, withPointer[[1]uint64]),
		measure("alloc_64_gogc400", 400, small, plain[[8]uint64]),
		measure("alloc_64_ptr_gogc400", 400, small, withPointer[[7]uint64]),
		measure("alloc_256_gogc400", 400, small, plain[[32]uint64]),
		measure("alloc_256_ptr_gogc400", 400, small, withPointer[[31]uint64]),
		measure("alloc_1k", 100, 1000000, plain[[1 << 7]uint64]),
		measure("alloc_8k", 100, 200000, plain[[1 << 10]uint64]),
		measure("alloc_32k", 100, 60000, plain[[1 << 12]uint64]),
		measure("alloc_64k", 100, 30000, plain[[1 << 13]uint64]),
		{"alloc_64_by_8", byEight},
	})
}

// Twin of latency.cc, where each number is defined.
package main

import (
	"runtime"
	"time"
)

type listNode struct {
	next, previous *listNode
	words          [4]uint64
}

const listLength = 100

func buildLists(lists int) []*listNode {
	heads := make([]*listNode, lists)
	for i := range heads {
		head := &listNode{words: [4]uint64{uint64(i)}}
		heads[i] = head
		last := head
		for j := 1; j < listLength; j++ {
			node := &listNode{words: [4]uint64{uint64(i + j)}, previous: last}
			last.next = node
			last = node
		}
		last.next = head
		head.previous = last
	}
	return heads
}

// replaceHead puts a new node in the place of the first of a list, which is dropped.
func replaceHead(heads []*listNode, list uint64, value uint64) uint64 {
	old := heads[list]
	fresh := &listNode{words: [4]uint64{value}}
	fresh.next = old.next
	fresh.previous = old.previous
	old.next.previous = fresh
	old.previous.next = fresh
	heads[list] = fresh
	return old.words[0]
}

func steady() {
	lists := scaled(200000, 100)
	steps := scaled(100000, 100)
	const perStep = 1000
	heads := buildLists(lists)
	runtime.GC()
	before := stops()
	times := make([]float64, 0, steps)
	sum, number, resident := uint64(0), uint64(0), 0.0
	for step := 0; step < steps; step++ {
		start := time.Now()
		for i := 0; i < perStep; i++ {
			number++
			sum += replaceHead(heads, mixed(number)%uint64(lists), number)
		}
		times = append(times, float64(time.Since(start).Nanoseconds()))
		if step%1000 == 0 {
			resident = max(resident, memoryBytes())
		}
	}
	runtime.GC()
	median, longest := stopsSince(before)
	for _, head := range heads {
		sum = sum*31 + head.words[0]
	}
	h := newHash()
	h.add(sum)
	report("step_p9999", quantile(times, 0.9999)/1e3, "us", h)
	report("step_longest", times[len(times)-1]/1e3, "us", h)
	report("stop_p50", median, "us", h)
	report("stop_longest", longest, "us", h)
	report("resident_steady", resident/1e6, "MB", h)
}

func main() {
	runNamed([]benchmark{{"steady", steady}})
}

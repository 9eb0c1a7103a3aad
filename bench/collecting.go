// Twin of collecting.cc, where each number is defined.
package main

import (
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

type treeNode struct {
	left, right *treeNode
	words       [4]uint64
}

type listNode struct {
	next, previous *listNode
	words          [4]uint64
}

func collectBestOf3() float64 {
	best := 0.0
	for i := 0; i < 3; i++ {
		start := time.Now()
		runtime.GC()
		elapsed := float64(time.Since(start).Nanoseconds())
		if i == 0 || elapsed < best {
			best = elapsed
		}
	}
	return best / 1e6
}

func buildTree(depth int, number uint64) *treeNode {
	node := &treeNode{words: [4]uint64{number}}
	if depth > 0 {
		node.left = buildTree(depth-1, 2*number)
		node.right = buildTree(depth-1, 2*number+1)
	}
	return node
}

func treeSum(node *treeNode) uint64 {
	if node == nil {
		return 0
	}
	return node.words[0] + 3*treeSum(node.left) + 5*treeSum(node.right)
}

func fullTree() {
	debug.SetGCPercent(-1)
	root := buildTree(scaled(23, 9), 1)
	best := collectBestOf3()
	h := newHash()
	h.add(treeSum(root))
	report("full_tree", best, "ms", h)
}

const listLength = 100

// buildLists makes lists of listLength nodes, circular and doubly linked, and gives their heads.
func buildLists(lists int, shuffled bool) []*listNode {
	nodes := make([]*listNode, lists*listLength)
	for i := range nodes {
		nodes[i] = &listNode{words: [4]uint64{uint64(i)}}
	}
	if shuffled {
		for i := len(nodes) - 1; i > 0; i-- {
			j := mixed(uint64(i)) % uint64(i+1)
			nodes[i], nodes[j] = nodes[j], nodes[i]
		}
	}
	heads := make([]*listNode, lists)
	for i := range heads {
		list := nodes[i*listLength : (i+1)*listLength]
		for j, node := range list {
			node.next = list[(j+1)%listLength]
			node.next.previous = node
		}
		heads[i] = list[0]
	}
	return heads
}

func listsSum(heads []*listNode) uint64 {
	sum := uint64(0)
	for _, head := range heads {
		at := head
		for i := uint64(1); i <= listLength; i++ {
			sum += at.words[0] * i
			at = at.next
		}
	}
	return sum
}

func fullLists(name string, shuffled bool) {
	debug.SetGCPercent(-1)
	heads := buildLists(scaled(200000, 200), shuffled)
	best := collectBestOf3()
	h := newHash()
	h.add(listsSum(heads))
	report(name, best, "ms", h)
}

func parked() {
	count := scaled(1000000, 1000)
	gate := make(chan struct{})
	var waiting, done sync.WaitGroup
	waiting.Add(count)
	done.Add(count)
	for i := 0; i < count; i++ {
		go func() {
			waiting.Done()
			<-gate
			done.Done()
		}()
	}
	waiting.Wait()
	runtime.GC()
	before := stops()
	best := collectBestOf3()
	for i := 0; i < 7; i++ {
		runtime.GC()
	}
	median, longest := stopsSince(before)
	close(gate)
	done.Wait()
	h := newHash()
	h.add(uint64(count))
	report("full_parked", best, "ms", h)
	report("stop_parked_p50", median, "us", h)
	report("stop_parked_longest", longest, "us", h)
}

//go:noinline
func buildAndDrop() uint64 { return listsSum(buildLists(scaled(200000, 200), false)) }

func returned() {
	h := newHash()
	h.add(buildAndDrop())
	runtime.GC()
	debug.FreeOSMemory()
	report("resident_returned", memoryBytes()/1e6, "MB", h)
}

func main() {
	runNamed([]benchmark{
		{"full_tree", fullTree},
		{"full_lists", func() { fullLists("full_lists", false) }},
		{"full_lists_random", func() { fullLists("full_lists_random", true) }},
		{"parked", parked},
		{"returned", returned},
	})
}

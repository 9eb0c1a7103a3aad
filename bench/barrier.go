// Twin of barrier.cc, where each number is defined. What Go has no plain store for is missing.
package main

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
)

type treeNode struct{ left, right *treeNode }

func buildTree(depth int) *treeNode {
	if depth == 0 {
		return new(treeNode)
	}
	return &treeNode{buildTree(depth - 1), buildTree(depth - 1)}
}

func (n *treeNode) count() uint64 {
	if n.left == nil {
		return 1
	}
	return 1 + n.left.count() + n.right.count()
}

const slotCount = 1024

// storeBatch overwrites every slot with another of the targets.
//
//go:noinline
func storeBatch(slots, targets *[slotCount]*treeNode, round int) {
	for i := range slots {
		slots[i] = targets[(i*7+round)%slotCount]
	}
}

func storeMarking() {
	root := buildTree(scaled(22, 12))
	batches := scaled(2000, 20)
	slots, targets := new([slotCount]*treeNode), new([slotCount]*treeNode)
	for i := range targets {
		targets[i] = new(treeNode)
	}
	debug.SetGCPercent(-1)
	var collecting, over atomic.Bool
	ended := make(chan struct{})
	go func() {
		for !over.Load() {
			collecting.Store(true)
			runtime.GC()
			collecting.Store(false)
			runtime.Gosched()
		}
		close(ended)
	}()
	times := make([]float64, 0, batches)
	for round := 0; len(times) < batches; round++ {
		if !collecting.Load() {
			runtime.Gosched()
			continue
		}
		start := time.Now()
		storeBatch(slots, targets, round)
		elapsed := float64(time.Since(start).Nanoseconds())
		if collecting.Load() {
			times = append(times, elapsed/slotCount)
		}
	}
	over.Store(true)
	<-ended
	h := newHash()
	h.add(root.count())
	report("store_marking", quantile(times, 0.5), "ns/store", h)
}

type sortNode struct {
	key  uint64
	rest [3]uint64
}

// sortPart sorts in place: Hoare's partition around the middle of three, insertion for short parts.
func sortPart(a []*sortNode) {
	for len(a) > 12 {
		low, middle, high := a[0].key, a[len(a)/2].key, a[len(a)-1].key
		pivot := max(min(low, middle), min(max(low, middle), high))
		i, j := 0, len(a)-1
		for i <= j {
			for a[i].key < pivot {
				i++
			}
			for a[j].key > pivot {
				j--
			}
			if i <= j {
				a[i], a[j] = a[j], a[i]
				i++
				j--
			}
		}
		if j+1 < len(a)-i {
			sortPart(a[:j+1])
			a = a[i:]
		} else {
			sortPart(a[i:])
			a = a[:j+1]
		}
	}
	for i := 1; i < len(a); i++ {
		node := a[i]
		j := i
		for ; j > 0 && a[j-1].key > node.key; j-- {
			a[j] = a[j-1]
		}
		a[j] = node
	}
}

func quicksort() {
	count := scaled(1000000, 2000)
	debug.SetGCPercent(-1)
	nodes := make([]*sortNode, count)
	for i := range nodes {
		nodes[i] = &sortNode{key: mixed(uint64(i))}
	}
	work := make([]*sortNode, count)
	best, h := 0.0, newHash()
	for run := 0; run < 3; run++ {
		copy(work, nodes)
		start := time.Now()
		sortPart(work)
		elapsed := float64(time.Since(start).Nanoseconds())
		if run == 0 || elapsed < best {
			best = elapsed
		}
		for i := range work {
			if i%1000 == 0 {
				h.add(work[i].key)
			}
		}
	}
	report("quicksort_ptr", best/float64(count), "ns/element", h)
}

type splayNode struct {
	left, right *splayNode
	key         uint64
}

// splayTo brings `key`, or a neighbour of it, to the root: Sleator and Tarjan's, from the top down.
func splayTo(root, header *splayNode, key uint64) *splayNode {
	header.left, header.right = nil, nil
	less, more := header, header
	at := root
	for {
		if key < at.key {
			if at.left == nil {
				break
			}
			if key < at.left.key {
				child := at.left
				at.left = child.right
				child.right = at
				at = child
				if at.left == nil {
					break
				}
			}
			more.left = at
			more = at
			at = at.left
		} else if key > at.key {
			if at.right == nil {
				break
			}
			if key > at.right.key {
				child := at.right
				at.right = child.left
				child.left = at
				at = child
				if at.right == nil {
					break
				}
			}
			less.right = at
			less = at
			at = at.right
		} else {
			break
		}
	}
	less.right = at.left
	more.left = at.right
	at.left = header.right
	at.right = header.left
	return at
}

func splay() {
	count := uint64(scaled(100000, 1000))
	debug.SetGCPercent(-1)
	header := new(splayNode)
	var root *splayNode
	for i := uint64(0); i < count; i++ {
		fresh := &splayNode{key: mixed(i)}
		if root != nil {
			root = splayTo(root, header, fresh.key)
			if fresh.key < root.key {
				fresh.left, fresh.right = root.left, root
				root.left = nil
			} else {
				fresh.right, fresh.left = root.right, root
				root.right = nil
			}
		}
		root = fresh
	}
	ns, h := bestOf3(func() uint64 {
		sum := uint64(0)
		for i := uint64(0); i < count; i++ {
			root = splayTo(root, header, mixed(mixed(i)%count))
			sum = sum*31 + root.key
		}
		return sum
	})
	report("splay_ptr", ns/float64(count), "ns/operation", h)
}

func main() {
	runNamed([]benchmark{
		{"store_marking", storeMarking},
		{"quicksort", quicksort},
		{"splay", splay},
	})
}

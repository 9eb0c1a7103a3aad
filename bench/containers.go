// Twin of containers.cc, where each number is defined.
package main

import (
	"strconv"
	"time"
)

var operations = [5]string{"insert", "hit", "miss", "iterate", "delete"}

type key interface{ uint64 | string }

// keysOf gives `count` different keys from the number `from` on, in an order of no consequence.
func keysOf[K key](count int, from uint64, make_ func(uint64) K) []K {
	keys := make([]K, count)
	for i := range keys {
		keys[i] = make_(mixed(from + uint64(i)))
	}
	return keys
}

// shuffledKeys gives the same keys made anew, in another order.
func shuffledKeys[K key](count int, make_ func(uint64) K) []K {
	keys := keysOf(count, 0, make_)
	for i := len(keys) - 1; i > 0; i-- {
		j := mixed(uint64(i)) % uint64(i+1)
		keys[i], keys[j] = keys[j], keys[i]
	}
	return keys
}

func mapOf[K key](name string, make_ func(uint64) K) {
	count := scaled(1000000, 1000)
	keys := keysOf(count, 0, make_)
	again := shuffledKeys(count, make_)
	absent := keysOf(count, 1<<40, make_)
	var best [5]float64
	h := newHash()
	for run := 0; run < 3; run++ {
		m := make(map[K]uint64)
		sum := uint64(0)
		phases := [5]func(){
			func() {
				for i, k := range keys {
					m[k] = uint64(i)
				}
			},
			func() {
				for i, k := range again {
					sum += m[k] * uint64(i)
				}
			},
			func() {
				for _, k := range absent {
					if _, found := m[k]; found {
						sum++
					}
				}
			},
			func() {
				for _, v := range m {
					sum += v ^ 5
				}
			},
			func() {
				for _, k := range again {
					delete(m, k)
				}
			},
		}
		for i, phase := range phases {
			start := time.Now()
			phase()
			elapsed := float64(time.Since(start).Nanoseconds())
			if run == 0 || elapsed < best[i] {
				best[i] = elapsed
			}
		}
		h.add(sum)
		h.add(uint64(len(m)))
	}
	for i, operation := range operations {
		report(name+"_"+operation, best[i]/float64(count), "ns", h)
	}
}

func appendInt() {
	count := scaled(10000000, 10000)
	ns, h := bestOf3(func() uint64 {
		var s []uint64
		for i := 0; i < count; i++ {
			s = append(s, uint64(i))
		}
		return s[count/2] + uint64(len(s))
	})
	report("append_int", ns/float64(count), "ns/element", h)
}

func appendPtr() {
	count := scaled(10000000, 10000)
	nodes := [2]*uint64{new(uint64), new(uint64)}
	*nodes[1] = 1
	ns, h := bestOf3(func() uint64 {
		var s []*uint64
		for i := 0; i < count; i++ {
			s = append(s, nodes[i&1])
		}
		return *s[1] + uint64(len(s))
	})
	report("append_ptr", ns/float64(count), "ns/element", h)
}

func main() {
	runNamed([]benchmark{
		{"map_int", func() { mapOf("map_int", func(n uint64) uint64 { return n }) }},
		{"map_string", func() {
			mapOf("map_string", func(n uint64) string { return strconv.FormatUint(n, 10) })
		}},
		{"append_int", appendInt},
		{"append_ptr", appendPtr},
	})
}

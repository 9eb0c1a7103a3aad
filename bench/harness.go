// The frame around every Go twin: arguments, clock, hash and the result lines.
//
// A twin x.go is built as `go build x.go harness.go` and behaves exactly as the C++ program x.cc
// with harness.h: the same sub-benchmark names, the same counts, the same definition of each
// number and the same hash, which proves that both did the same work. So a change here needs its
// counterpart in harness.h, and a change in x.go its counterpart in x.cc; run.py fails when the
// hashes part. What each number means stands in x.cc and is not repeated in x.go.
package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"runtime/metrics"
	"sort"
	"strconv"
	"time"
)

type benchmark struct {
	name string
	body func()
}

var small bool

// scaled gives the size of a benchmark: full, or with --small one that takes milliseconds.
func scaled(full, reduced int) int {
	if small {
		return reduced
	}
	return full
}

// hash is FNV-1a over 64-bit results, least significant byte first.
type hash uint64

func newHash() hash { return 14695981039346656037 }

func (h *hash) add(value uint64) {
	for i := 0; i < 8; i++ {
		*h = (*h ^ hash(value&0xff)) * 1099511628211
		value >>= 8
	}
}

// bestOf3 gives the shortest of three runs in nanoseconds and the hash of their three results.
func bestOf3(body func() uint64) (best float64, h hash) {
	h = newHash()
	for i := 0; i < 3; i++ {
		start := time.Now()
		result := body()
		elapsed := float64(time.Since(start).Nanoseconds())
		if i == 0 || elapsed < best {
			best = elapsed
		}
		h.add(result)
	}
	return best, h
}

func report(name string, value float64, unit string, h hash) {
	fmt.Printf("%s %.6g %s %016x\n", name, value, unit, uint64(h))
}

// percentile sorts the values and gives the one below which p per cent of them lie.
func percentile(values []float64, p int) float64 {
	sort.Float64s(values)
	return values[(len(values)-1)*p/100]
}

// quantile sorts the values and gives the one below which the share q of them lies.
func quantile(values []float64, q float64) float64 {
	sort.Float64s(values)
	return values[int(float64(len(values)-1)*q)]
}

// mixed is a bijection of 64-bit numbers that looks random: splitmix64's.
func mixed(z uint64) uint64 {
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// memoryBytes gives what the process holds of the machine's memory: resident and page tables.
func memoryBytes() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	kib := 0
	for _, line := range bytes.Split(text, []byte("\n")) {
		fields := bytes.Fields(line)
		if len(fields) > 1 && (string(fields[0]) == "VmRSS:" || string(fields[0]) == "VmPTE:") {
			n, _ := strconv.Atoi(string(fields[1]))
			kib += n
		}
	}
	return float64(kib) * 1024
}

// stops gives the histogram of every stop of the world for the collector, so far.
func stops() *metrics.Float64Histogram {
	sample := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(sample)
	h := sample[0].Value.Float64Histogram()
	return &metrics.Float64Histogram{
		Counts: append([]uint64(nil), h.Counts...), Buckets: append([]float64(nil), h.Buckets...)}
}

// stopsSince gives the median and the longest of the stops since `before`, in microseconds: the
// upper bounds of their buckets.
func stopsSince(before *metrics.Float64Histogram) (median, longest float64) {
	now := stops()
	total := uint64(0)
	for i := range now.Counts {
		now.Counts[i] -= before.Counts[i]
		total += now.Counts[i]
	}
	seen := uint64(0)
	for i, count := range now.Counts {
		if count == 0 {
			continue
		}
		bound := now.Buckets[i+1]
		if math.IsInf(bound, 1) {
			bound = now.Buckets[i]
		}
		if seen < (total+1)/2 {
			median = bound
		}
		seen += count
		longest = bound
	}
	return median * 1e6, longest * 1e6
}

// runNamed runs the sub-benchmarks that the arguments name, or all.
func runNamed(all []benchmark) {
	var wanted []benchmark
	for _, argument := range os.Args[1:] {
		if argument == "--small" {
			small = true
			continue
		}
		known := len(wanted)
		for _, b := range all {
			if b.name == argument {
				wanted = append(wanted, b)
			}
		}
		if len(wanted) == known {
			fmt.Fprintf(os.Stderr, "%s: no benchmark %q; there are:", os.Args[0], argument)
			for _, b := range all {
				fmt.Fprintf(os.Stderr, " %s", b.name)
			}
			fmt.Fprintln(os.Stderr)
			os.Exit(2)
		}
	}
	if wanted == nil {
		wanted = all
	}
	for _, b := range wanted {
		b.body()
	}
}

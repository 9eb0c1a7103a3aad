// Twin of selecting.cc, where each number is defined.
package main

func channels(n, capacity int) []chan int {
	all := make([]chan int, n)
	for i := range all {
		all[i] = make(chan int, capacity)
	}
	return all
}

func select2(c []chan int) (v, chosen int) {
	select {
	case v = <-c[0]:
		return v, 0
	case v = <-c[1]:
		return v, 1
	}
}

func select8(c []chan int) (v, chosen int) {
	select {
	case v = <-c[0]:
		return v, 0
	case v = <-c[1]:
		return v, 1
	case v = <-c[2]:
		return v, 2
	case v = <-c[3]:
		return v, 3
	case v = <-c[4]:
		return v, 4
	case v = <-c[5]:
		return v, 5
	case v = <-c[6]:
		return v, 6
	case v = <-c[7]:
		return v, 7
	}
}

func ready2() {
	rounds := scaled(1000000, 5000)
	ns, h := bestOf3(func() uint64 {
		c := channels(2, 1)
		order := uint64(0)
		for i := 0; i < rounds; i++ {
			c[i%2] <- i
			v, chosen := select2(c)
			order = order*31 + uint64(v+chosen)
		}
		return order
	})
	report("select2_ready", ns/float64(rounds), "ns/round", h)
}

func ready8() {
	rounds := scaled(500000, 5000)
	ns, h := bestOf3(func() uint64 {
		c := channels(8, 1)
		order := uint64(0)
		for i := 0; i < rounds; i++ {
			c[i%8] <- i
			v, chosen := select8(c)
			order = order*31 + uint64(v+chosen)
		}
		return order
	})
	report("select8_ready", ns/float64(rounds), "ns/round", h)
}

func sendAndAwait(c []chan int, ack chan int, rounds int) {
	for i := 0; i < rounds; i++ {
		c[i%len(c)] <- i
		<-ack
	}
}

func parked2() {
	rounds := scaled(300000, 2000)
	ns, h := bestOf3(func() uint64 {
		c, ack := channels(2, 0), make(chan int)
		go sendAndAwait(c, ack, rounds)
		order := uint64(0)
		for i := 0; i < rounds; i++ {
			v, chosen := select2(c)
			order = order*31 + uint64(v+chosen)
			ack <- 1
		}
		return order
	})
	report("select2_parked", ns/float64(rounds), "ns/round", h)
}

func parked8() {
	rounds := scaled(200000, 2000)
	ns, h := bestOf3(func() uint64 {
		c, ack := channels(8, 0), make(chan int)
		go sendAndAwait(c, ack, rounds)
		order := uint64(0)
		for i := 0; i < rounds; i++ {
			v, chosen := select8(c)
			order = order*31 + uint64(v+chosen)
			ack <- 1
		}
		return order
	})
	report("select8_parked", ns/float64(rounds), "ns/round", h)
}

func main() {
	runNamed([]benchmark{
		{"select2_ready", ready2},
		{"select8_ready", ready8},
		{"select2_parked", parked2},
		{"select8_parked", parked8},
	})
}

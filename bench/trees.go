// Twin of trees.cc, where the program is defined.
package main

type treeNode struct{ left, right *treeNode }

func bottomUp(depth int) *treeNode {
	if depth == 0 {
		return new(treeNode)
	}
	return &treeNode{bottomUp(depth - 1), bottomUp(depth - 1)}
}

func (n *treeNode) count() uint64 {
	if n.left == nil {
		return 1
	}
	return 1 + n.left.count() + n.right.count()
}

func trees() {
	const least = 4
	most := scaled(21, 10)
	h := newHash()
	h.add(bottomUp(most + 1).count())
	longLived := bottomUp(most)
	for depth := least; depth <= most; depth += 2 {
		sum := uint64(0)
		for i := 0; i < 1<<(most-depth+least); i++ {
			sum += bottomUp(depth).count()
		}
		h.add(sum)
	}
	nodes := longLived.count()
	h.add(nodes)
	report("result", float64(nodes), "nodes", h)
}

func main() {
	runNamed([]benchmark{{"trees", trees}})
}

// OpenJDK's peer of trees.cc, where the program is described.

final class Trees {
  Trees left, right;

  static Trees bottomUp(int depth) {
    Trees node = new Trees();
    if (depth > 0) {
      node.left = bottomUp(depth - 1);
      node.right = bottomUp(depth - 1);
    }
    return node;
  }

  long count() {
    return left == null ? 1 : 1 + left.count() + right.count();
  }

  static void trees() {
    final int least = 4;
    final int most = Harness.scaled(21, 10);
    Harness.Hash hash = new Harness.Hash();
    hash.add(bottomUp(most + 1).count());
    Trees longLived = bottomUp(most);
    for (int depth = least; depth <= most; depth += 2) {
      long sum = 0;
      for (int i = 0; i < 1 << (most - depth + least); i++) sum += bottomUp(depth).count();
      hash.add(sum);
    }
    long nodes = longLived.count();
    hash.add(nodes);
    Harness.report("result", nodes, "nodes", hash);
  }

  public static void main(String[] arguments) {
    Harness.runNamed(arguments, name -> {
      switch (name) {
        case "trees" -> trees();
        default -> System.exit(2);
      }
    });
  }
}

// OpenJDK's peer of collecting.cc, where each number is defined: System.gc() with G1, which moves
// objects. Nodes are of 48 bytes as there.

final class Collecting {
  static final class TreeNode {
    TreeNode left, right;
    long word;
    long rest1, rest2;
    int rest3;
  }

  static final class ListNode {
    ListNode next, previous;
    long word;
    long rest1, rest2;
    int rest3;
  }

  static final int LIST_LENGTH = 100;

  static double collectBestOf3() {
    double best = 0;
    for (int i = 0; i < 3; i++) {
      long start = System.nanoTime();
      System.gc();
      double elapsed = System.nanoTime() - start;
      if (i == 0 || elapsed < best) best = elapsed;
    }
    return best / 1e6;
  }

  static TreeNode buildTree(int depth, long number) {
    TreeNode node = new TreeNode();
    node.word = number;
    if (depth > 0) {
      node.left = buildTree(depth - 1, 2 * number);
      node.right = buildTree(depth - 1, 2 * number + 1);
    }
    return node;
  }

  static long treeSum(TreeNode node) {
    return node == null ? 0 : node.word + 3 * treeSum(node.left) + 5 * treeSum(node.right);
  }

  static void fullTree() {
    TreeNode root = buildTree(Harness.scaled(23, 9), 1);
    double best = collectBestOf3();
    Harness.Hash hash = new Harness.Hash();
    hash.add(treeSum(root));
    Harness.report("full_tree", best, "ms", hash);
  }

  static ListNode[] buildLists(int lists, boolean shuffled) {
    ListNode[] nodes = new ListNode[lists * LIST_LENGTH];
    for (int i = 0; i < nodes.length; i++) {
      nodes[i] = new ListNode();
      nodes[i].word = i;
    }
    for (int i = nodes.length - 1; shuffled && i > 0; i--) {
      int j = (int) Long.remainderUnsigned(Harness.mixed(i), i + 1);
      ListNode other = nodes[i];
      nodes[i] = nodes[j];
      nodes[j] = other;
    }
    ListNode[] heads = new ListNode[lists];
    for (int i = 0; i < lists; i++) {
      for (int j = 0; j < LIST_LENGTH; j++) {
        ListNode node = nodes[i * LIST_LENGTH + j];
        node.next = nodes[i * LIST_LENGTH + (j + 1) % LIST_LENGTH];
        node.next.previous = node;
      }
      heads[i] = nodes[i * LIST_LENGTH];
    }
    return heads;
  }

  static long listsSum(ListNode[] heads) {
    long sum = 0;
    for (ListNode head : heads) {
      ListNode at = head;
      for (long i = 1; i <= LIST_LENGTH; i++) {
        sum += at.word * i;
        at = at.next;
      }
    }
    return sum;
  }

  static void fullLists(String name, boolean shuffled) {
    ListNode[] heads = buildLists(Harness.scaled(200000, 200), shuffled);
    double best = collectBestOf3();
    Harness.Hash hash = new Harness.Hash();
    hash.add(listsSum(heads));
    Harness.report(name, best, "ms", hash);
  }

  public static void main(String[] arguments) {
    Harness.runNamed(arguments, name -> {
      switch (name) {
        case "full_tree" -> fullTree();
        case "full_lists" -> fullLists(name, false);
        case "full_lists_random" -> fullLists(name, true);
        default -> System.exit(2);
      }
    });
  }
}

// OpenJDK's peer of latency.cc, where each number is defined, with G1. Nodes are of 48 bytes.

final class Latency {
  static final class ListNode {
    ListNode next, previous;
    long word;
    long rest1, rest2;
    int rest3;
  }

  static final int LIST_LENGTH = 100;

  static ListNode[] buildLists(int lists) {
    ListNode[] heads = new ListNode[lists];
    for (int i = 0; i < lists; i++) {
      ListNode head = new ListNode();
      head.word = i;
      heads[i] = head;
      ListNode last = head;
      for (int j = 1; j < LIST_LENGTH; j++) {
        ListNode node = new ListNode();
        node.word = i + j;
        node.previous = last;
        last.next = node;
        last = node;
      }
      last.next = head;
      head.previous = last;
    }
    return heads;
  }

  static long replaceHead(ListNode[] heads, int list, long value) {
    ListNode old = heads[list];
    ListNode fresh = new ListNode();
    fresh.word = value;
    fresh.next = old.next;
    fresh.previous = old.previous;
    old.next.previous = fresh;
    old.previous.next = fresh;
    heads[list] = fresh;
    return old.word;
  }

  static void steady() {
    int lists = Harness.scaled(200000, 100);
    double[] times = new double[Harness.scaled(100000, 100)];
    ListNode[] heads = buildLists(lists);
    System.gc();
    long sum = 0;
    long number = 0;
    double resident = 0;
    for (int step = 0; step < times.length; step++) {
      long start = System.nanoTime();
      for (int i = 0; i < 1000; i++) {
        number++;
        int list = (int) Long.remainderUnsigned(Harness.mixed(number), lists);
        sum += replaceHead(heads, list, number);
      }
      times[step] = System.nanoTime() - start;
      if (step % 1000 == 0) resident = Math.max(resident, Harness.memoryBytes());
    }
    for (ListNode head : heads) sum = sum * 31 + head.word;
    Harness.Hash hash = new Harness.Hash();
    hash.add(sum);
    Harness.report("step_p9999", Harness.quantile(times, 0.9999) / 1e3, "us", hash);
    Harness.report("step_longest", times[times.length - 1] / 1e3, "us", hash);
    Harness.report("resident_steady", resident / 1e6, "MB", hash);
  }

  public static void main(String[] arguments) {
    Harness.runNamed(arguments, name -> {
      switch (name) {
        case "steady" -> steady();
        default -> System.exit(2);
      }
    });
  }
}

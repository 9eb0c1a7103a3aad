// OpenJDK's peer of allocating.cc, where each number is defined. An object of 16 bytes is one with
// an int, larger ones are arrays of long, whose 16 bytes of header count.

final class Allocating {
  static final class Small {
    int word;
  }

  static Small keptSmall;
  static long[] kept;

  static long small(int count) {
    long sum = 0;
    keptSmall = new Small();
    for (int i = 0; i < count; i++) {
      Small fresh = new Small();
      fresh.word = i;
      sum += keptSmall.word;
      keptSmall = fresh;
    }
    return sum;
  }

  static long plain(int count, int bytes) {
    long sum = 0;
    kept = new long[(bytes - 16) / 8];
    for (int i = 0; i < count; i++) {
      long[] fresh = new long[(bytes - 16) / 8];
      fresh[0] = i;
      sum += kept[0];
      kept = fresh;
    }
    return sum;
  }

  static void measure(String name, int full, int bytes) {
    int count = Harness.scaled(full, full / 1000 + 10);
    Harness.Best best =
        Harness.bestOf3(() -> bytes == 16 ? small(count) : plain(count, bytes));
    Harness.report(name, best.ns() / count, "ns", best.hash());
  }

  public static void main(String[] arguments) {
    final int many = 5000000;
    Harness.runNamed(arguments, name -> {
      switch (name) {
        case "alloc_16" -> measure(name, many, 16);
        case "alloc_64" -> measure(name, many, 64);
        case "alloc_256" -> measure(name, many, 256);
        case "alloc_1k" -> measure(name, 1000000, 1 << 10);
        case "alloc_8k" -> measure(name, 200000, 8 << 10);
        case "alloc_32k" -> measure(name, 60000, 32 << 10);
        case "alloc_64k" -> measure(name, 30000, 64 << 10);
        default -> System.exit(2);
      }
    });
  }
}

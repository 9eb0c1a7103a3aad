// The frame around every Java peer: what harness.h is for C++, as far as the peers need it.

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

final class Harness {
  static boolean small;

  static int scaled(int full, int reduced) {
    return small ? reduced : full;
  }

  // FNV-1a over 64-bit results, least significant byte first.
  static final class Hash {
    private long state = 0xcbf29ce484222325L;

    void add(long value) {
      for (int i = 0; i < 8; i++) {
        state = (state ^ (value & 0xff)) * 1099511628211L;
        value >>>= 8;
      }
    }
  }

  record Best(double ns, Hash hash) {}

  static Best bestOf3(LongSupplier body) {
    double best = 0;
    Hash hash = new Hash();
    for (int i = 0; i < 3; i++) {
      long start = System.nanoTime();
      long result = body.getAsLong();
      double elapsed = System.nanoTime() - start;
      if (i == 0 || elapsed < best) best = elapsed;
      hash.add(result);
    }
    return new Best(best, hash);
  }

  static void report(String name, double value, String unit, Hash hash) {
    System.out.printf("%s %g %s %016x%n", name, value, unit, hash.state);
  }

  static double quantile(double[] values, double q) {
    Arrays.sort(values);
    return values[(int) ((values.length - 1) * q)];
  }

  static long mixed(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  // What the process holds of the machine's memory: resident pages and page tables, in bytes.
  static double memoryBytes() {
    try {
      long kib = 0;
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("VmRSS:") || line.startsWith("VmPTE:")) {
          kib += Long.parseLong(line.split("\\s+")[1]);
        }
      }
      return kib * 1024.0;
    } catch (IOException e) {
      throw new RuntimeException(e);
    }
  }

  static void runNamed(String[] arguments, Consumer<String> run) {
    for (String argument : arguments) small |= argument.equals("--small");
    for (String argument : arguments) {
      if (!argument.equals("--small")) run.accept(argument);
    }
  }
}

package io.yoco4j.cli;

import io.yoco4j.core.Counts;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;

/** Numbers as people write and read them. */
final class Units {
    private Units() {}

    /** Tokens to train on, such as {@code 15M} (15,000,000), as experiment files write them. */
    static long budget(String text) {
        return Counts.parse(text.strip().toUpperCase(Locale.ROOT))
                .orElseThrow(() -> new InvalidInputException("\"" + text
                        + "\" is not a number of tokens: write it as 4096, 2e6 or 15M, which is 15,000,000"));
    }

    /** The length of a context, such as {@code 512}, {@code 8K} (8,192) or {@code 1M}: powers of 1024, as models have them. */
    static long context(String text) {
        String t = text.strip().toUpperCase(Locale.ROOT);
        long factor = t.endsWith("K") ? 1L << 10 : t.endsWith("M") ? 1L << 20 : 1;
        String digits = factor == 1 ? t : t.substring(0, t.length() - 1);
        try {
            long value = Math.multiplyExact(Long.parseLong(digits), factor);
            if (value < 1) {
                throw new NumberFormatException();
            }
            if (value > Architecture.MAX_POSITIONS) {
                throw new InvalidInputException("\"" + text + "\" is more than the " + Architecture.MAX_POSITIONS
                        + " tokens that a context may have: ask for fewer");
            }
            return value;
        } catch (ArithmeticException | NumberFormatException e) {
            throw new InvalidInputException(
                    "\"" + text + "\" is not a context length in tokens: write it as 512, 8K, which is 8,192, or 1M",
                    e);
        }
    }

    /** Several lengths of contexts, separated by commas. */
    static List<Long> contexts(String text) {
        return Arrays.stream(text.split(",")).map(Units::context).toList();
    }

    /** A context of {@code 8192} tokens as {@code 8K}. */
    static String shortContext(long n) {
        return n >= 1 << 20 && n % (1 << 20) == 0
                ? (n >> 20) + "M"
                : n >= 1024 && n % 1024 == 0 ? (n >> 10) + "K" : "" + n;
    }

    /** Reads {@code 4G}, {@code 512M} or plain bytes; units are powers of 1024. */
    static final class Bytes implements CommandLine.ITypeConverter<Long> {
        private static final String UNITS = "KMGT";

        @Override
        public Long convert(String text) {
            String t = text.strip().toUpperCase(Locale.ROOT);
            int unit = t.isEmpty() ? -1 : UNITS.indexOf(t.charAt(t.length() - 1));
            try {
                long number = Long.parseLong(unit < 0 ? t : t.substring(0, t.length() - 1));
                long bytes = Math.multiplyExact(number, 1L << 10 * (unit + 1));
                if (bytes < 1) {
                    throw new NumberFormatException();
                }
                return bytes;
            } catch (ArithmeticException | NumberFormatException e) {
                throw new CommandLine.TypeConversionException(
                        "\"" + text + "\" is no size: write it as 4G, 512M or a number of bytes");
            }
        }
    }

    /** Bytes as {@code 320 MiB}, {@code 1.5 KiB}: whole numbers from 100 on, one decimal below. */
    static String bytes(double bytes) {
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
        double value = bytes;
        int unit = 0;
        // MiB up to 100,000 of them, as the papers' tables have it.
        while (unit < units.length - 1 && value >= (unit == 2 ? 100_000 : 1024)) {
            value /= 1024;
            unit++;
        }
        boolean whole = value == Math.rint(value) || value >= 100;
        return String.format(Locale.ROOT, whole ? "%,.0f %s" : "%.1f %s", value, units[unit]);
    }

    /** A count such as {@code 7.5M}. */
    static String count(double n) {
        if (n >= 1e12) {
            return String.format(Locale.ROOT, "%.2fT", n / 1e12);
        }
        if (n >= 1e9) {
            return String.format(Locale.ROOT, "%.2fG", n / 1e9);
        }
        if (n >= 1e6) {
            return String.format(Locale.ROOT, "%.2fM", n / 1e6);
        }
        return n >= 1e4 ? String.format(Locale.ROOT, "%.1fK", n / 1e3) : String.format(Locale.ROOT, "%,.0f", n);
    }

    /** Seconds as {@code 2m05s}. */
    static String duration(double seconds) {
        long s = Math.round(seconds);
        if (s >= 3600) {
            return String.format(Locale.ROOT, "%dh%02dm", s / 3600, s % 3600 / 60);
        }
        return s >= 60 ? String.format(Locale.ROOT, "%dm%02ds", s / 60, s % 60) : s + "s";
    }
}

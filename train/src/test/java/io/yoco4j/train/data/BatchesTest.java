package io.yoco4j.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchesTest {
    private static final int LENGTH = 8;

    @TempDir
    Path dir;

    private final List<Shards> open = new ArrayList<>();

    @AfterEach
    void close() {
        open.forEach(Shards::close);
    }

    @Test
    void everyWindowOncePerEpoch() throws IOException {
        Shards.Split split = split(List.of(WeightedSource.of(Corpus.random("c", 100, 40, 1))));
        Batches batches = new Batches(split, 3, LENGTH, 7);
        long windows = (split.tokens() - 1) / LENGTH;
        assertThat(batches.windows()).isEqualTo(windows);
        for (int epoch = 0; epoch < 3; epoch++) {
            Set<Long> seen = new TreeSet<>();
            for (long row = epoch * windows; row < (epoch + 1) * windows; row++) {
                long position = batches.position(row);
                assertThat(position % LENGTH).isZero();
                seen.add(position);
            }
            assertThat(seen).hasSize((int) windows);
            assertThat(seen.stream().mapToLong(p -> p).max()).hasValue((windows - 1) * LENGTH);
        }
        // Another order in each epoch, and for each seed.
        assertThat(order(batches, 0, 50)).isNotEqualTo(order(batches, windows, 50));
        assertThat(order(batches, 0, 50)).isNotEqualTo(order(new Batches(split, 3, LENGTH, 8), 0, 50));
        assertThat(batches.epoch(0)).isZero();
        assertThat(batches.epoch((windows - 1) / 3)).isZero();
        assertThat(batches.epoch((windows + 2) / 3)).isEqualTo(1);
    }

    /** Windows as sequences: each without its last id, and without its first as targets. */
    private static void requireShifted(Sequences sequences, long first, int rows, int[] windows) {
        long[] ids = new long[rows * LENGTH];
        long[] targets = new long[ids.length];
        sequences.read(first, rows, ids, targets);
        for (int i = 0; i < ids.length; i++) {
            int at = i / LENGTH * (LENGTH + 1) + i % LENGTH;
            assertThat(ids[i]).isEqualTo(windows[at]);
            assertThat(targets[i]).isEqualTo(windows[at + 1]);
        }
    }

    @Test
    void rowsAreTheSplitsTokens() throws IOException {
        Shards.Split split = split(List.of(WeightedSource.of(Corpus.random("c", 100, 40, 1))));
        int[] all = new int[(int) split.tokens()];
        split.read(0, all.length, all, 0);
        Batches batches = new Batches(split, 4, LENGTH, 7);
        assertThat(batches.width()).isEqualTo(LENGTH + 1);
        int[] ids = new int[4 * batches.width()];
        for (long step = 0; step < 50; step++) {
            batches.fill(step, 0, ids);
            requireShifted(batches, step * 4, 4, ids);
            for (int r = 0; r < 4; r++) {
                int position = (int) batches.position(step * 4 + r);
                assertThat(Arrays.copyOfRange(ids, r * 9, r * 9 + 9))
                        .isEqualTo(Arrays.copyOfRange(all, position, position + 9));
            }
        }
    }

    @Test
    void resumesAtAnyStep() throws IOException {
        List<WeightedSource> sources = List.of(
                new WeightedSource(Corpus.random("a", 50, 40, 1), 1),
                new WeightedSource(Corpus.random("b", 50, 40, 2), 3));
        Shards.Split split = split(sources);
        Batches through = new Batches(split, 4, LENGTH, 7);
        for (long step = 0; step < 20; step++) {
            int[] expected = new int[4 * 9];
            int[] fresh = new int[4 * 9];
            through.fill(step, 0, expected);
            new Batches(split, 4, LENGTH, 7).fill(step, 0, fresh);
            assertThat(fresh).isEqualTo(expected);
        }
    }

    /** Two micro-batches of two rows hold what one of four holds. */
    @Test
    void microBatchesCutTheSameRows() throws IOException {
        Shards.Split split = split(List.of(WeightedSource.of(Corpus.random("c", 100, 40, 1))));
        Batches one = new Batches(split, 4, LENGTH, 7);
        Batches two = new Batches(split, 2, 2, LENGTH, 7);
        int[] whole = new int[4 * 9];
        int[] part = new int[2 * 9];
        for (long step = 0; step < 10; step++) {
            one.fill(step, 0, whole);
            for (int m = 0; m < 2; m++) {
                two.fill(step, m, part);
                assertThat(part).isEqualTo(Arrays.copyOfRange(whole, m * 18, m * 18 + 18));
            }
        }
        assertThatThrownBy(() -> two.fill(0, 2, part)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> two.fill(-1, 0, part)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void weightsMixTheSources() throws IOException {
        // b is the larger source, but draws the fewer windows.
        Shards.Split split = split(List.of(
                new WeightedSource(Corpus.letters('a', 20, 30), 3),
                new WeightedSource(Corpus.letters('b', 100, 60), 1)));
        Batches batches = new Batches(split, 1, LENGTH, 7);
        int rows = 1 << 16;
        int[] ids = new int[9];
        TreeMap<Character, Integer> drawn = new TreeMap<>();
        TreeMap<Long, Integer> times = new TreeMap<>();
        int firstThousand = 0;
        for (int row = 0; row < rows; row++) {
            batches.fill(row, 0, ids);
            // A window of a few tokens may begin with the separator, never hold two.
            char letter = (char) Math.max(ids[0], ids[1]);
            drawn.merge(letter, 1, Integer::sum);
            firstThousand += row < 1000 && letter == 'a' ? 1 : 0;
            times.merge(batches.position(row), 1, Integer::sum);
        }
        assertThat(drawn.get('a')).isBetween(rows * 3 / 4 - 1, rows * 3 / 4 + 1);
        assertThat(firstThousand).isBetween(680, 820);
        // Within a source no window is ahead of another by more than one draw.
        long border = split.parts().getFirst().tokens();
        assertThat(times).hasSize((int) batches.windows());
        for (var part : List.of(times.headMap(border), times.tailMap(border))) {
            int least = part.values().stream().mapToInt(t -> t).min().orElseThrow();
            assertThat(part.values()).allMatch(t -> t == least || t == least + 1);
        }
    }

    @Test
    void equalWeightsMixBySize() throws IOException {
        Shards.Split split = split(List.of(
                WeightedSource.of(Corpus.letters('a', 20, 30)), WeightedSource.of(Corpus.letters('b', 100, 60))));
        Batches batches = new Batches(split, 1, LENGTH, 7);
        assertThat(batches.windows()).isEqualTo((split.tokens() - 1) / LENGTH);
        Set<Long> seen = new TreeSet<>(order(batches, 0, (int) batches.windows()));
        assertThat(seen).hasSize((int) batches.windows());
    }

    @Property(tries = 200)
    void quotasShareABlock(@ForAll @Size(min = 1, max = 50) List<@IntRange(min = -300, max = 300) Integer> exponents) {
        double[] w = exponents.stream().mapToDouble(e -> Math.pow(10, e)).toArray();
        int[] quotas = Batches.quotas(w, 1 << 16);
        double largest = Arrays.stream(w).max().orElseThrow();
        double total = Arrays.stream(w).map(d -> d / largest).sum();
        assertThat(Arrays.stream(quotas).sum()).isEqualTo(1 << 16);
        for (int i = 0; i < w.length; i++) {
            assertThat(quotas[i]).isPositive();
            assertThat(Math.abs(quotas[i] - w[i] / largest / total * (1 << 16))).isLessThan(60);
        }
    }

    @Test
    void windowsInOrder() throws IOException {
        Shards.Split split = split(List.of(WeightedSource.of(Corpus.random("c", 100, 40, 1))));
        int[] all = new int[(int) split.tokens()];
        split.read(0, all.length, all, 0);
        Windows windows = new Windows(split, LENGTH);
        assertThat(windows.count()).isEqualTo((all.length - 1) / LENGTH);
        int[] ids = new int[2 * windows.width()];
        for (int i = 0; i + 2 <= windows.count(); i++) {
            windows.fill(i, 2, ids);
            requireShifted(windows, i, 2, ids);
            assertThat(Arrays.copyOf(ids, 9)).isEqualTo(Arrays.copyOfRange(all, i * LENGTH, i * LENGTH + 9));
            assertThat(ids[8]).isEqualTo(ids[9]);
        }
        assertThatThrownBy(() -> windows.fill(windows.count() - 1, 2, ids))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> windows.read(windows.count() - 1, 2, new long[2 * LENGTH], new long[2 * LENGTH]))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void tooShortSplitsSayWhatIsMissing() throws IOException {
        Shards.Split split = split(List.of(
                new WeightedSource(Corpus.letters('a', 20, 30), 1), new WeightedSource(Corpus.letters('b', 1, 5), 2)));
        int tokens = (int) split.tokens();
        assertThat(new Windows(split, tokens - 1).count()).isEqualTo(1);
        assertThatThrownBy(() -> new Windows(split, tokens))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("train split has " + tokens + " tokens, but a sequence length of " + tokens
                        + " needs at least " + (tokens + 1));
        assertThatThrownBy(() -> new Batches(split, 1, 64, 1))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("source letters-b in")
                .hasMessageContaining("needs at least 65");
        assertThatThrownBy(() -> new Batches(split, 0, 4, 1)).isInstanceOf(InvalidInputException.class);
        assertThatThrownBy(() -> new Batches(split, 1, 0, 1)).isInstanceOf(InvalidInputException.class);
        assertThatThrownBy(() -> new Batches(split, 1 << 20, 1 << 20, 1))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("does not fit an array");
    }

    private static List<Long> order(Batches batches, long from, int count) {
        return LongStream.range(from, from + count)
                .map(batches::position)
                .boxed()
                .toList();
    }

    /** Files of 100 tokens, so that windows cross their borders. */
    private Shards.Split split(List<WeightedSource> sources) throws IOException {
        Shards shards = Shards.build(
                sources,
                Corpus::encode,
                Corpus.END,
                Corpus.VOCABULARY,
                dir.resolve("shards" + open.size()),
                ShardOptions.builder().threads(2).shardTokens(100).build());
        open.add(shards);
        return shards.train();
    }
}

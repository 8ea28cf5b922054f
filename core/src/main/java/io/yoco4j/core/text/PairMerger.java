package io.yoco4j.core.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Byte-pair merging (Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016) over distinct words
 * with counts. All words lie in one array of symbols; every pair knows its count and where it occurs, so that a merge costs what
 * it changes.
 *
 * <p>The most frequent pair is merged first; of equals, the one of the smaller left, then the smaller right symbol. A pair whose
 * merge would spell an existing token is passed over: two merges that make one token would let the order of merges at encode
 * time differ from the order here.
 */
final class PairMerger {
    /** Two symbols that become the symbol 256 + the index of this merge; the symbols below 256 are the bytes. */
    record Merge(int left, int right) {}

    private record Candidate(long count, long key) {}

    private static final class Pair {
        private long count;
        private int[] positions = new int[4];
        private int size;

        private void add(int position) {
            if (size == positions.length) {
                positions = Arrays.copyOf(positions, size * 2);
            }
            positions[size++] = position;
        }
    }

    private static final int BOUNDARY = -1;
    private static final int MERGED_AWAY = -2;

    /** At a token's first byte, its symbol. */
    private final int[] symbols;
    /** At a token's first and last byte, its length in bytes. */
    private final int[] spans;
    /** At any byte, the word it belongs to. */
    private final int[] words;

    private final long[] counts;
    private final Map<Long, Pair> pairs = new HashMap<>();
    private final PriorityQueue<Candidate> heap = new PriorityQueue<>(
            Comparator.comparingLong(Candidate::count).reversed().thenComparingLong(Candidate::key));
    /** Pairs since the last merge: all occurrences of a pair arise in the merge that makes the newer of its symbols. */
    private final List<Long> fresh = new ArrayList<>();

    private final List<Merge> merges = new ArrayList<>();

    /** @param distinct words as UTF-8 and how often each occurs */
    PairMerger(List<byte[]> distinct, long[] counts) {
        int length = 1;
        for (byte[] word : distinct) {
            length = Math.addExact(length, word.length + 1);
        }
        this.counts = counts;
        symbols = new int[length];
        spans = new int[length];
        words = new int[length];
        Arrays.fill(spans, 1);
        symbols[0] = BOUNDARY;
        int at = 1;
        for (int w = 0; w < distinct.size(); w++) {
            for (byte b : distinct.get(w)) {
                words[at] = w;
                symbols[at++] = b & 0xFF;
            }
            symbols[at++] = BOUNDARY;
        }
    }

    /** Up to {@code limit} merges of pairs that occur at least {@code minFrequency} times when they are merged. */
    List<Merge> run(int limit, long minFrequency) {
        for (int p = 1; p + 1 < symbols.length; p++) {
            if (symbols[p] >= 0 && symbols[p + 1] >= 0) {
                raise(symbols[p], symbols[p + 1], p, counts[words[p]]);
            }
        }
        pushFresh();
        List<String> tokens = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            tokens.add(new String(new byte[] {(byte) b}, StandardCharsets.ISO_8859_1));
        }
        Set<String> known = new HashSet<>(tokens);
        while (merges.size() < limit) {
            Candidate top = heap.poll();
            if (top == null || top.count() < minFrequency) {
                break; // counts in the heap are never below the pairs' own
            }
            Pair pair = pairs.get(top.key());
            if (pair == null) {
                continue;
            }
            if (pair.count != top.count()) {
                heap.add(new Candidate(pair.count, top.key()));
                continue;
            }
            int left = (int) (top.key() >>> 32);
            int right = (int) top.key();
            String token = tokens.get(left) + tokens.get(right);
            if (known.add(token)) {
                tokens.add(token);
                apply(pair, left, right);
                merges.add(new Merge(left, right));
                pushFresh();
            }
            pairs.remove(top.key());
        }
        return List.copyOf(merges);
    }

    private void apply(Pair pair, int left, int right) {
        int merged = 256 + merges.size();
        int[] positions = Arrays.copyOf(pair.positions, pair.size);
        Arrays.sort(positions); // left to right, as at encode time: of "aaa" the first two
        for (int p : positions) {
            int q = p + spans[p];
            if (symbols[p] != left || symbols[q] != right) {
                continue; // an earlier merge took one of the two
            }
            long count = counts[words[p]];
            int before = p - spans[p - 1];
            int after = q + spans[q];
            if (symbols[before] >= 0) {
                lower(symbols[before], left, count);
                raise(symbols[before], merged, before, count);
            }
            if (symbols[after] >= 0) {
                lower(right, symbols[after], count);
                raise(merged, symbols[after], p, count);
            }
            symbols[p] = merged;
            symbols[q] = MERGED_AWAY;
            spans[p] = after - p;
            spans[after - 1] = after - p;
        }
    }

    private void lower(int left, int right, long by) {
        Pair pair = pairs.get(key(left, right));
        if (pair != null) {
            pair.count -= by;
        }
    }

    private void raise(int left, int right, int position, long by) {
        long key = key(left, right);
        Pair pair = pairs.computeIfAbsent(key, k -> {
            fresh.add(k);
            return new Pair();
        });
        pair.count += by;
        pair.add(position);
    }

    private void pushFresh() {
        for (long key : fresh) {
            Pair pair = pairs.get(key);
            if (pair != null && pair.count > 0) {
                heap.add(new Candidate(pair.count, key));
            }
        }
        fresh.clear();
    }

    private static long key(int left, int right) {
        return (long) left << 32 | right;
    }
}

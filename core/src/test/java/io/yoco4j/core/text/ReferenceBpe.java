package io.yoco4j.core.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** BPE by the book: every merge counts all pairs of all words afresh. */
final class ReferenceBpe {
    private final Map<String, List<Integer>> words = new TreeMap<>();
    private final Map<String, Integer> counts = new HashMap<>();
    private final List<PairMerger.Merge> merges = new ArrayList<>();

    ReferenceBpe(String text) {
        PreTokenizer.split(text, piece -> {
            counts.merge(piece, 1, Integer::sum);
            words.computeIfAbsent(piece, ReferenceBpe::bytes);
        });
    }

    private static List<Integer> bytes(String word) {
        List<Integer> symbols = new ArrayList<>();
        for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
            symbols.add(b & 0xFF);
        }
        return symbols;
    }

    List<PairMerger.Merge> train(int limit, int minFrequency) {
        List<List<Integer>> spelled = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            spelled.add(List.of(b));
        }
        Set<List<Integer>> known = new HashSet<>(spelled);
        while (merges.size() < limit) {
            Map<PairMerger.Merge, Integer> pairs = new HashMap<>();
            words.forEach((word, symbols) -> {
                for (int i = 0; i + 1 < symbols.size(); i++) {
                    pairs.merge(
                            new PairMerger.Merge(symbols.get(i), symbols.get(i + 1)), counts.get(word), Integer::sum);
                }
            });
            var best = pairs.entrySet().stream()
                    .filter(e -> e.getValue() >= minFrequency)
                    .filter(e -> !known.contains(join(spelled, e.getKey())))
                    .min(Comparator.<Map.Entry<PairMerger.Merge, Integer>>comparingInt(e -> -e.getValue())
                            .thenComparingInt(e -> e.getKey().left())
                            .thenComparingInt(e -> e.getKey().right()));
            if (best.isEmpty()) {
                break;
            }
            PairMerger.Merge merge = best.get().getKey();
            known.add(join(spelled, merge));
            spelled.add(join(spelled, merge));
            int made = 256 + merges.size();
            merges.add(merge);
            words.replaceAll((_, symbols) -> apply(symbols, merge, made));
        }
        return merges;
    }

    private static List<Integer> join(List<List<Integer>> spelled, PairMerger.Merge merge) {
        List<Integer> both = new ArrayList<>(spelled.get(merge.left()));
        both.addAll(spelled.get(merge.right()));
        return both;
    }

    private static List<Integer> apply(List<Integer> symbols, PairMerger.Merge merge, int made) {
        List<Integer> result = new ArrayList<>();
        for (int i = 0; i < symbols.size(); i++) {
            if (i + 1 < symbols.size() && symbols.get(i) == merge.left() && symbols.get(i + 1) == merge.right()) {
                result.add(made);
                i++;
            } else {
                result.add(symbols.get(i));
            }
        }
        return result;
    }

    /** The tokenizer's ids of a text whose every piece was trained on: a symbol's id is one more, behind the special token. */
    int[] ids(String text) {
        List<Integer> ids = new ArrayList<>();
        PreTokenizer.split(text, piece -> words.getOrDefault(piece, List.of()).forEach(s -> ids.add(s + 1)));
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }
}

package io.yoco4j.eval.task;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleBiFunction;

/** How well an answer in free words agrees with one that is expected; the best of several counts. From 0 to 1. */
enum TextMetric {
    /** F1 of the words that both have, as of SQuAD (Rajpurkar et al. 2016), texts normalized. */
    F1("f1", TextMetric::f1),

    /** F1 of the longest common subsequence of words (Lin 2004), each text taken as one sentence and split at blanks. */
    ROUGE_L("rouge_l", TextMetric::rougeL),

    /** Whether the normalized texts are equal. */
    EXACT("exact_match", (answer, expected) -> normalized(answer).equals(normalized(expected)) ? 1 : 0),

    /** Whether the answer has the expected text in it, as it is written: what needle tests and classes ask for. */
    CONTAINS("accuracy", (answer, expected) -> answer.contains(expected) ? 1 : 0);

    private final String label;
    private final ToDoubleBiFunction<String, String> score;

    TextMetric(String label, ToDoubleBiFunction<String, String> score) {
        this.label = label;
        this.score = score;
    }

    String label() {
        return label;
    }

    double score(String answer, List<String> expected) {
        return score(answer, expected, List.of());
    }

    /** @param classes all that may be expected, where {@link #CONTAINS} is to be divided by how many an answer names */
    double score(String answer, List<String> expected, List<String> classes) {
        ToDoubleBiFunction<String, String> of =
                this == CONTAINS && !classes.isEmpty() ? (a, e) -> named(a, e, classes) : score;
        return expected.stream()
                .mapToDouble(e -> of.applyAsDouble(answer, e))
                .max()
                .orElseThrow();
    }

    /** LongBench's classification score: naming several classes earns less; a part of the right name is none of its own. */
    private static double named(String answer, String expected, List<String> classes) {
        List<String> named = classes.stream()
                .filter(answer::contains)
                .filter(c -> c.equals(expected) || !expected.contains(c))
                .toList();
        return named.contains(expected) ? 1.0 / named.size() : 0;
    }

    /** Small letters, without ASCII punctuation and English articles, words a blank apart. */
    private static String normalized(String text) {
        return text.toLowerCase(Locale.ROOT)
                .replaceAll("\\p{Punct}", "")
                .replaceAll("(?U)\\b(a|an|the)\\b", " ")
                .replaceAll("(?U)\\s+", " ")
                .strip();
    }

    private static String[] words(String text) {
        return text.isEmpty() ? new String[0] : text.split("(?U)\\s+");
    }

    private static double f1(String answer, String expected) {
        String[] a = words(normalized(answer));
        String[] e = words(normalized(expected));
        Map<String, Integer> left = new HashMap<>();
        for (String word : e) {
            left.merge(word, 1, Integer::sum);
        }
        int common = 0;
        for (String word : a) {
            if (left.getOrDefault(word, 0) > 0) {
                left.merge(word, -1, Integer::sum);
                common++;
            }
        }
        return f1(common, a.length, e.length);
    }

    private static double rougeL(String answer, String expected) {
        String[] a = words(answer.strip());
        String[] e = words(expected.strip());
        int[] row = new int[e.length + 1];
        for (String word : a) {
            int diagonal = 0;
            for (int j = 1; j <= e.length; j++) {
                int above = row[j];
                row[j] = word.equals(e[j - 1]) ? diagonal + 1 : Math.max(above, row[j - 1]);
                diagonal = above;
            }
        }
        return f1(Arrays.stream(row).max().orElse(0), a.length, e.length);
    }

    private static double f1(int common, int inAnswer, int inExpected) {
        if (common == 0) {
            return 0;
        }
        double precision = (double) common / inAnswer;
        double recall = (double) common / inExpected;
        return 2 * precision * recall / (precision + recall);
    }
}

package io.yoco4j.eval.task;

import io.yoco4j.eval.LanguageModel;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A number hidden in a long text, asked for at its end (S-NIAH-1 and -2 of RULER, Hsieh et al. 2024): in a haystack of noise,
 * or in one of running text. The needle lies anywhere, evenly.
 */
final class Needles {
    private static final String NOISE =
            "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.";

    private static final List<String> KEYS = List.of(
            "river", "candle", "harbor", "violin", "meadow", "lantern", "copper", "orchard", "glacier", "pepper");
    private static final int DIGITS_FROM = 1_000_000;
    private static final int DIGITS_TO = 10_000_000;
    /** As RULER has it, of the length that is asked for. */
    private static final int NEW_TOKENS = 128;

    /** Chars of a haystack that come or go together. */
    private static final int UNIT = 80;

    /** A part of a haystack. */
    private record Unit(String text, boolean endsSentence) {}

    private Needles() {}

    /**
     * Questions whose prompts have about as many tokens as asked for, and no more.
     *
     * @param haystack running text, repeated where it is short; empty for noise
     */
    static List<GenerationTask.Question> questions(
            LanguageModel model, int tokens, int count, String haystack, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Unit> units = units(haystack.isBlank() ? NOISE : haystack);
        List<GenerationTask.Question> questions = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String key = KEYS.get(random.nextInt(KEYS.size()));
            String value = String.valueOf(random.nextInt(DIGITS_FROM, DIGITS_TO));
            double depth = random.nextDouble();
            int start = haystack.isBlank() ? 0 : random.nextInt(units.size());
            questions.add(new GenerationTask.Question(
                    prompt(model, tokens - NEW_TOKENS, units, start, key, value, depth),
                    List.of(value),
                    List.of(),
                    NEW_TOKENS,
                    List.of(),
                    false));
        }
        return questions;
    }

    /** Sentences, long ones in parts, and text without blanks in parts, too: else lengths would be far from what is asked for. */
    private static List<Unit> units(String text) {
        List<Unit> units = new ArrayList<>();
        for (String sentence : text.strip().split("(?<=[.!?])\\s+")) {
            String rest = sentence;
            while (rest.length() > UNIT) {
                int blank = rest.lastIndexOf(' ', UNIT);
                int end = blank > 0 ? blank : Character.isHighSurrogate(rest.charAt(UNIT - 1)) ? UNIT - 1 : UNIT;
                units.add(new Unit(rest.substring(0, end), false));
                rest = rest.substring(end).strip();
            }
            if (!rest.isEmpty()) {
                units.add(new Unit(rest, true));
            }
        }
        return units;
    }

    /** The longest haystack that fits, found by halving. */
    private static String prompt(
            LanguageModel model, int tokens, List<Unit> units, int start, String key, String value, double depth) {
        int begin = model.beginToken().isPresent() ? 1 : 0;
        int low = 0;
        int high = Math.max(1, tokens);
        while (low < high) {
            int middle = (low + high + 1) / 2;
            if (model.encode(prompt(units, start, middle, key, value, depth)).length + begin <= tokens) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return prompt(units, start, low, key, value, depth);
    }

    private static String prompt(List<Unit> units, int start, int count, String key, String value, double depth) {
        int place = place((int) Math.round(depth * count), units, start);
        StringBuilder text = new StringBuilder(
                "A special magic number is hidden within the following text. Make sure to memorize it. I will quiz you"
                        + " about the number afterwards.\n");
        for (int i = 0; i <= count; i++) {
            if (i == place) {
                text.append("One of the special magic numbers for ")
                        .append(key)
                        .append(" is: ")
                        .append(value)
                        .append(". ");
            }
            if (i < count) {
                text.append(units.get((start + i) % units.size()).text()).append(' ');
            }
        }
        return text.append("\nWhat is the special magic number for ")
                .append(key)
                .append(" mentioned in the provided text? The special magic number for ")
                .append(key)
                .append(" mentioned in the provided text is")
                .toString();
    }

    /** Between two sentences, where one ends close before. */
    private static int place(int at, List<Unit> units, int start) {
        for (int p = at; p > Math.max(0, at - 8); p--) {
            if (units.get((start + p - 1) % units.size()).endsSentence()) {
                return p;
            }
        }
        return at;
    }
}

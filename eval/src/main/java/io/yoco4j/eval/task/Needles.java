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
    private static final int NEW_TOKENS = 16;

    private Needles() {}

    /**
     * Questions whose prompts have about as many tokens as asked for, and no more.
     *
     * @param haystack running text, repeated where it is short; empty for noise
     */
    static List<GenerationTask.Question> questions(
            LanguageModel model, int tokens, int count, String haystack, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<String> sentences = sentences(haystack.isBlank() ? NOISE : haystack);
        List<GenerationTask.Question> questions = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String key = KEYS.get(random.nextInt(KEYS.size()));
            String value = String.valueOf(random.nextInt(DIGITS_FROM, DIGITS_TO));
            double depth = random.nextDouble();
            int start = haystack.isBlank() ? 0 : random.nextInt(sentences.size());
            questions.add(new GenerationTask.Question(
                    prompt(model, tokens - NEW_TOKENS, sentences, start, key, value, depth),
                    List.of(value),
                    List.of(),
                    NEW_TOKENS,
                    List.of("\n"),
                    true));
        }
        return questions;
    }

    private static List<String> sentences(String text) {
        return List.of(text.strip().split("(?<=[.!?])\\s+"));
    }

    /** The longest haystack that fits, found by halving. */
    private static String prompt(
            LanguageModel model,
            int tokens,
            List<String> sentences,
            int start,
            String key,
            String value,
            double depth) {
        int low = 0;
        int high = Math.max(1, tokens);
        while (low < high) {
            int middle = (low + high + 1) / 2;
            if (model.encode(prompt(sentences, start, middle, key, value, depth)).length <= tokens) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return prompt(sentences, start, low, key, value, depth);
    }

    private static String prompt(List<String> sentences, int start, int count, String key, String value, double depth) {
        int place = (int) Math.round(depth * count);
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
                text.append(sentences.get((start + i) % sentences.size())).append(' ');
            }
        }
        return text.append("\nWhat is the special magic number for ")
                .append(key)
                .append(" mentioned in the provided text? The special magic number for ")
                .append(key)
                .append(" mentioned in the provided text is")
                .toString();
    }
}

package io.yoco4j.train.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** Documents in memory, and an encoder that gives an id per character. */
record Corpus(String name, List<String> texts) implements DocumentSource {
    static final int VOCABULARY = 256;
    static final int END = 0;

    /** {@code count} different documents of 1 to {@code maxLength} lower-case letters after a number. */
    static Corpus random(String name, int count, int maxLength, long seed) {
        Random random = new Random(seed);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            StringBuilder text = new StringBuilder(name + i + " ");
            int length = 1 + random.nextInt(maxLength);
            for (int c = 0; c < length; c++) {
                text.append((char) ('a' + random.nextInt(26)));
            }
            texts.add(text.toString());
        }
        return new Corpus(name, texts);
    }

    /** Documents of one letter, the i-th of length + i. */
    static Corpus letters(char letter, int documents, int length) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < documents; i++) {
            texts.add(String.valueOf(letter).repeat(length + i));
        }
        return new Corpus("letters-" + letter, texts);
    }

    static int[] encode(String text) {
        return text.chars().toArray();
    }

    @Override
    public Stream<Document> documents() {
        return texts.stream().map(t -> new Document(t, t));
    }
}

package io.yoco4j.core.text;

import io.yoco4j.core.InvalidInputException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Trains a byte-level BPE vocabulary. The documents are split with the very pattern that goes into tokenizer.json, and the
 * merges are found within the pieces, so encoding a training document gives the tokens that training ended with.
 *
 * <p>The same documents in the same order give the same vocabulary. Documents are counted one at a time and not kept.
 */
public final class BpeTrainer {
    /** Longer pieces (encoded data, mostly) are not counted: they would teach the vocabulary nothing that recurs. */
    static final int LONGEST_PIECE = 1024;

    private final int vocabularySize;
    private final int minFrequency;
    private final long maxBytes;

    private BpeTrainer(Builder builder) {
        vocabularySize = builder.vocabularySize;
        minFrequency = builder.minFrequency;
        maxBytes = builder.maxBytes;
    }

    public static Builder builder() {
        return new Builder();
    }

    /** Checked on {@link #build()}. */
    public static final class Builder {
        private int vocabularySize = 4096;
        private int minFrequency = 2;
        private long maxBytes = 64L << 20;

        private Builder() {}

        /**
         * The wished number of ids, default 4096: at least {@link BpeVocabulary#BASE_SIZE}, for the special token and the bytes.
         */
        public Builder vocabularySize(int size) {
            vocabularySize = size;
            return this;
        }

        /** How often a pair must occur to be merged, default 2. */
        public Builder minFrequency(int frequency) {
            minFrequency = frequency;
            return this;
        }

        /**
         * How much text is read, in bytes of UTF-8, default 64 MiB, at most 1 GiB. Training reads the documents in their order and
         * leaves the rest of the stream unread once it has seen that much (the document that goes over it is used up to there),
         * so a larger corpus should come shuffled.
         */
        public Builder maxBytes(long bytes) {
            maxBytes = bytes;
            return this;
        }

        /** @throws InvalidInputException naming the option that is out of its range */
        public BpeTrainer build() {
            if (vocabularySize < BpeVocabulary.BASE_SIZE || vocabularySize > TokenizerFile.MAX_IDS) {
                throw new InvalidInputException("the vocabulary size is " + vocabularySize + ", but must be from "
                        + BpeVocabulary.BASE_SIZE + " (the bytes and " + BpeVocabulary.END_OF_TEXT + ") to "
                        + TokenizerFile.MAX_IDS);
            }
            if (minFrequency < 1) {
                throw new InvalidInputException(
                        "the minimum frequency of a merge is " + minFrequency + ", but must be at least 1");
            }
            if (maxBytes < 1 || maxBytes > 1L << 30) {
                throw new InvalidInputException("the text to train on is limited to " + maxBytes
                        + " bytes, but the limit must be from 1 to 1 GiB");
            }
            return new BpeTrainer(this);
        }
    }

    /**
     * Trains on {@code documents}. Lone surrogates count as U+FFFD and the special token's text is cut out, as on encoding.
     *
     * @return the vocabulary; it has fewer ids than wished for when no further pair occurs often enough, so take the model's
     *     vocabulary size from {@link BpeVocabulary#vocabularySize()} or keep the surplus rows unused
     */
    public BpeVocabulary train(Stream<String> documents) {
        Map<String, Count> counts = new HashMap<>();
        long left = maxBytes;
        try (documents) {
            for (Iterator<String> i = documents.iterator(); left > 0 && i.hasNext(); ) {
                String document = WellFormed.of(i.next());
                int end = lengthWithin(document, left);
                left = end < document.length() ? 0 : left - utf8Length(document);
                count(document.substring(0, end), counts);
            }
        }
        List<byte[]> words = new ArrayList<>(counts.size());
        long[] frequencies = new long[counts.size()];
        for (Map.Entry<String, Count> entry : counts.entrySet()) {
            frequencies[words.size()] = entry.getValue().value;
            words.add(entry.getKey().getBytes(StandardCharsets.UTF_8));
        }
        counts.clear();
        return new BpeVocabulary(
                new PairMerger(words, frequencies).run(vocabularySize - BpeVocabulary.BASE_SIZE, minFrequency));
    }

    private static final class Count {
        private long value;
    }

    private static void count(String document, Map<String, Count> counts) {
        for (int from = 0; from <= document.length(); ) {
            int to = document.indexOf(BpeVocabulary.END_OF_TEXT, from);
            String part = document.substring(from, to < 0 ? document.length() : to);
            PreTokenizer.split(part, piece -> {
                if (piece.length() > 1 && piece.length() <= LONGEST_PIECE || isMultiByte(piece)) {
                    counts.computeIfAbsent(piece, _ -> new Count()).value++;
                }
            });
            from = to < 0 ? document.length() + 1 : to + BpeVocabulary.END_OF_TEXT.length();
        }
    }

    /** A single character that is more than one byte: it has pairs to merge too. */
    private static boolean isMultiByte(String piece) {
        return piece.length() == 1 && piece.charAt(0) >= 0x80;
    }

    /** How many chars of {@code text} fit in {@code bytes} of UTF-8, whole code points only. */
    private static int lengthWithin(String text, long bytes) {
        if (text.length() * 3L <= bytes) {
            return text.length();
        }
        int i = 0;
        for (long used = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            used += utf8Length(c);
            if (used > bytes) {
                break;
            }
            i += Character.charCount(c);
        }
        return i;
    }

    private static long utf8Length(String text) {
        return text.codePoints().mapToLong(BpeTrainer::utf8Length).sum();
    }

    private static int utf8Length(int codePoint) {
        return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    }
}

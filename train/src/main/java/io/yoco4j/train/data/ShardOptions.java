package io.yoco4j.train.data;

import io.yoco4j.core.InvalidInputException;

/**
 * How to build shards. The limits are shared out over the sources by their weights; what one source leaves unused
 * goes to those after it.
 *
 * @param maxDocuments at most so many documents, duplicates not counted
 * @param maxBytes at most so many UTF-8 bytes of text (but at least a document of each source)
 * @param threads how many threads tokenize; what is written does not depend on it
 * @param validationFraction of the documents, above 0 and below 1
 * @param dropRepeats whether repeated licence headers and duplicates are removed, see {@link LicenceHeaders}
 * @param tokenizerHash names the tokenizer in the index, so that a trainer can tell another one
 * @param shardTokens the most tokens of one file
 * @param progress called on the building thread
 */
public record ShardOptions(
        long maxDocuments,
        long maxBytes,
        int threads,
        double validationFraction,
        boolean dropRepeats,
        String tokenizerHash,
        long shardTokens,
        Progress progress) {

    /** Hears how far a build is: documents kept so far, and their UTF-8 bytes. */
    @FunctionalInterface
    public interface Progress {
        void update(long documents, long bytes);
    }

    public ShardOptions {
        atLeastOne("the most documents", maxDocuments);
        atLeastOne("the most bytes", maxBytes);
        atLeastOne("the number of tokenizing threads", threads);
        atLeastOne("the tokens of a shard file", shardTokens);
        if (!(validationFraction > 0 && validationFraction < 1)) {
            throw new InvalidInputException("the validation fraction is " + validationFraction
                    + ", but must lie between 0 and 1, such as 0.02");
        }
    }

    private static void atLeastOne(String what, long value) {
        if (value < 1) {
            throw new InvalidInputException(what + " is " + value + ", but must be at least 1");
        }
    }

    /** No limits, a thread per processor, 2% validation, repeats dropped, 64M tokens a file. */
    public static ShardOptions defaults() {
        return builder().build();
    }

    public static Builder builder() {
        return new Builder();
    }

    public Builder toBuilder() {
        return new Builder()
                .maxDocuments(maxDocuments)
                .maxBytes(maxBytes)
                .threads(threads)
                .validationFraction(validationFraction)
                .dropRepeats(dropRepeats)
                .tokenizerHash(tokenizerHash)
                .shardTokens(shardTokens)
                .progress(progress);
    }

    /** Builds options from the {@linkplain #defaults defaults}. */
    public static final class Builder {
        private long maxDocuments = Long.MAX_VALUE;
        private long maxBytes = Long.MAX_VALUE;
        private int threads = Runtime.getRuntime().availableProcessors();
        private double validationFraction = 0.02;
        private boolean dropRepeats = true;
        private String tokenizerHash = "";
        private long shardTokens = 64 << 20;
        private Progress progress = (_, _) -> {};

        private Builder() {}

        public Builder maxDocuments(long value) {
            maxDocuments = value;
            return this;
        }

        public Builder maxBytes(long value) {
            maxBytes = value;
            return this;
        }

        public Builder threads(int value) {
            threads = value;
            return this;
        }

        public Builder validationFraction(double value) {
            validationFraction = value;
            return this;
        }

        public Builder dropRepeats(boolean value) {
            dropRepeats = value;
            return this;
        }

        public Builder tokenizerHash(String value) {
            tokenizerHash = value;
            return this;
        }

        public Builder shardTokens(long value) {
            shardTokens = value;
            return this;
        }

        public Builder progress(Progress value) {
            progress = value;
            return this;
        }

        /** @throws InvalidInputException naming the option that is out of range */
        public ShardOptions build() {
            return new ShardOptions(
                    maxDocuments,
                    maxBytes,
                    threads,
                    validationFraction,
                    dropRepeats,
                    tokenizerHash,
                    shardTokens,
                    progress);
        }
    }
}

package io.yoco4j.engine;

/** Whose logits a prefill computes; cross-decoder and output matrix run for those tokens alone. */
public enum Logits {
    /** Of no token: caches are filled, nothing else. */
    NONE,
    /** Of the last token, which the next one is drawn from. */
    LAST,
    /** Of every token, as perplexity wants them. */
    ALL;

    /** The first of {@code n} tokens whose logits are wanted; {@code n} for none. */
    int first(int n) {
        return switch (this) {
            case NONE -> n;
            case LAST -> n - 1;
            case ALL -> 0;
        };
    }
}

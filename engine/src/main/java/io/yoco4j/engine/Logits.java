package io.yoco4j.engine;

/** Whose logits a prefill computes; cross-decoder and output matrix run for those tokens alone. */
public enum Logits {
    /** Of no token: caches are filled, nothing else. */
    NONE,
    /** Of the last token, which the next one is drawn from. */
    LAST,
    /** Of every token, as perplexity wants them. */
    ALL
}

package io.yoco4j.core.arch;

/** How cached keys and values are stored. */
public enum KvFormat {
    /** float32: exact. */
    F32,
    /** bfloat16, rounded to the nearest. */
    BF16,
    /** Signed bytes in groups of 32 along the head dimension, each group with a bfloat16 scale. */
    Q8;

    /** Values that share a scale in {@link #Q8}; the last group of a head may be shorter. */
    public static final int GROUP = 32;

    /** Bytes of one key, or one value, of all KV heads. */
    public long vectorBytes(int keyValueHeads, int headDim) {
        long perHead = switch (this) {
            case F32 -> 4L * headDim;
            case BF16 -> 2L * headDim;
            case Q8 -> headDim + 2L * ((headDim + GROUP - 1) / GROUP);
        };
        return keyValueHeads * perHead;
    }

    /** Bytes of a row: one token's key and value. */
    public long rowBytes(Architecture a) {
        return 2 * vectorBytes(a.keyValueHeads(), a.headDim());
    }
}

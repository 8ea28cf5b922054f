package io.yoco4j.engine.cache;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import java.util.Arrays;

/** The state S of a gated-retention layer, [H][hd][hd] float32, whatever the context's length. */
public final class RetentionState implements LayerState {
    private final float[] values;

    /** A state of zeros. */
    public RetentionState(Architecture a) {
        this(new float[size(a)]);
    }

    private static int size(Architecture a) {
        long size = (long) a.queryDim() * a.headDim();
        if (size > Integer.MAX_VALUE - 8) {
            throw new InvalidInputException("head_dim is " + a.headDim()
                    + ", but a retention state of H x head_dim x head_dim must fit one array: use more, smaller heads");
        }
        return (int) size;
    }

    private RetentionState(float[] values) {
        this.values = values;
    }

    /** The state itself, to be read and written. */
    public float[] values() {
        return values;
    }

    @Override
    public long cacheBytes() {
        return (long) values.length * Float.BYTES;
    }

    @Override
    public long allocatedBytes() {
        return cacheBytes();
    }

    @Override
    public long bytesToGrow(int n) {
        return 0;
    }

    @Override
    public RetentionState fork() {
        return new RetentionState(values.clone());
    }

    @Override
    public void release() {
        Arrays.fill(values, 0);
    }
}

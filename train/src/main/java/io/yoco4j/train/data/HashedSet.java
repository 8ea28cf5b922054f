package io.yoco4j.train.data;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** A set of 64-bit hashes, open addressing: a quarter of the memory of a {@code HashSet<Long>}. */
final class HashedSet {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private long[] slots = new long[1024];
    private int size;
    private boolean hasZero;

    /** The first 64 bits of the SHA-256 of {@code bytes}. */
    static long hash(byte[] bytes) {
        return (long) LONG.get(sha256().digest(bytes), 0);
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    /** Whether {@code value} was not there before. */
    boolean add(long value) {
        if (value == 0) {
            boolean added = !hasZero;
            hasZero = true;
            return added;
        }
        if (2 * (size + 1) > slots.length) {
            long[] old = slots;
            slots = new long[Math.multiplyExact(2, old.length)];
            for (long v : old) {
                if (v != 0) {
                    slots[slot(v)] = v;
                }
            }
        }
        int i = slot(value);
        if (slots[i] == value) {
            return false;
        }
        slots[i] = value;
        size++;
        return true;
    }

    private int slot(long value) {
        int mask = slots.length - 1;
        int i = (int) value & mask;
        while (slots[i] != 0 && slots[i] != value) {
            i = (i + 1) & mask;
        }
        return i;
    }
}

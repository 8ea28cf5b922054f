package io.yoco4j.engine.cache;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/** A CRC-32C over what a file holds, as it is written and as it is read. */
final class Checksum {
    private static final long SLICE = 1 << 26;

    private final CRC32C crc = new CRC32C();

    /** Adds names and values, in the order of names. */
    Checksum add(Map<String, String> texts) {
        new TreeMap<>(texts)
                .forEach((name, value) -> crc.update((name + '\n' + value + '\n').getBytes(StandardCharsets.UTF_8)));
        return this;
    }

    /** Adds bytes. */
    void add(MemorySegment bytes) {
        for (long at = 0; at < bytes.byteSize(); at += SLICE) {
            crc.update(bytes.asSlice(at, Math.min(SLICE, bytes.byteSize() - at)).asByteBuffer());
        }
    }

    /** The same parts, each added as it goes by. */
    Iterable<MemorySegment> over(Iterable<MemorySegment> parts) {
        return () -> {
            Iterator<MemorySegment> all = parts.iterator();
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return all.hasNext();
                }

                @Override
                public MemorySegment next() {
                    MemorySegment part = all.next();
                    add(part);
                    return part;
                }
            };
        };
    }

    /** Of everything added so far. */
    long value() {
        return crc.getValue();
    }

    /** The value as a file's int64. */
    MemorySegment bytes() {
        return MemorySegment.ofArray(ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value())
                .array());
    }
}

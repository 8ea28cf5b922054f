package io.yoco4j.train.data;

import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;

/** Shard files, mapped into memory, as one sequence of token ids. */
final class MappedTokens {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final String name;
    private final MemorySegment[] segments;
    private final long[] starts;
    private final int width;
    private final int vocabularySize;

    private MappedTokens(String name, MemorySegment[] segments, long[] starts, ShardIndex index) {
        this.name = name;
        this.segments = segments;
        this.starts = starts;
        this.width = index.width();
        this.vocabularySize = index.vocabularySize();
    }

    /** Maps {@code files} of {@code dir} for as long as {@code arena} lives; {@code name} is for messages. */
    static MappedTokens map(Path dir, List<ShardIndex.ShardFile> files, ShardIndex index, String name, Arena arena)
            throws IOException {
        MemorySegment[] segments = new MemorySegment[files.size()];
        long[] starts = new long[files.size() + 1];
        for (int i = 0; i < segments.length; i++) {
            ShardIndex.ShardFile f = files.get(i);
            try (FileChannel channel = FileChannel.open(dir.resolve(f.name()), StandardOpenOption.READ)) {
                segments[i] = channel.map(FileChannel.MapMode.READ_ONLY, 0, f.tokens() * index.width(), arena);
            }
            starts[i + 1] = starts[i] + f.tokens();
        }
        return new MappedTokens(name, segments, starts, index);
    }

    /** Copies {@code count} ids from position {@code from} to {@code out[at..]}. */
    void read(long from, int count, int[] out, int at) {
        long size = starts[segments.length];
        if (from < 0 || count < 0 || from > size - count) {
            throw new IndexOutOfBoundsException(
                    count + " tokens from " + from + " are not within the " + size + " of " + name);
        }
        int found = Arrays.binarySearch(starts, from);
        int segment = found >= 0 ? found : -found - 2;
        long position = from;
        for (int done = 0; done < count; segment++) {
            int n = (int) Math.min(count - done, starts[segment + 1] - position);
            copy(segments[segment], position - starts[segment], n, out, at + done);
            check(position, n, out, at + done);
            done += n;
            position += n;
        }
    }

    private void copy(MemorySegment segment, long from, int count, int[] out, int at) {
        if (width == 4) {
            MemorySegment.copy(segment, U32, from * 4, out, at, count);
            return;
        }
        for (int i = 0; i < count; i++) {
            out[at + i] = Short.toUnsignedInt(segment.get(U16, (from + i) * 2));
        }
    }

    /** An id outside the vocabulary would read outside the embedding table. */
    private void check(long position, int count, int[] ids, int at) {
        for (int i = 0; i < count; i++) {
            if (Integer.compareUnsigned(ids[at + i], vocabularySize) >= 0) {
                throw new InvalidInputException(name + " is damaged: token " + (position + i) + " is "
                        + Integer.toUnsignedString(ids[at + i]) + ", but the vocabulary has " + vocabularySize
                        + ": build the shards again");
            }
        }
    }
}

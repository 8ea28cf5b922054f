package io.yoco4j.train.data;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Writes the tokens of one source in one split to files of bounded size. */
final class ShardWriter implements Closeable {
    private final Path dir;
    private final String prefix;
    private final int width;
    private final long maxTokens;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 18).order(ByteOrder.LITTLE_ENDIAN);
    private final CRC32C crc = new CRC32C();
    private final List<ShardIndex.ShardFile> files = new ArrayList<>();
    private @Nullable FileChannel channel;
    private long fileTokens;
    private ShardIndex.Totals totals = ShardIndex.Totals.NONE;

    ShardWriter(Path dir, String prefix, int width, long maxTokens) {
        this.dir = dir;
        this.prefix = prefix;
        this.width = width;
        this.maxTokens = maxTokens;
    }

    ShardIndex.Totals totals() {
        return totals;
    }

    /** Appends a document of {@code bytes} UTF-8 bytes and the separator after it. */
    void write(int[] ids, int endOfText, long bytes) throws IOException {
        for (int id : ids) {
            put(id);
        }
        put(endOfText);
        totals = totals.plus(new ShardIndex.Totals(ids.length + 1L, 1, bytes));
    }

    private void put(int id) throws IOException {
        if (channel == null) {
            channel = FileChannel.open(dir.resolve(name()), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        }
        if (width == 2) {
            buffer.putShort((short) id);
        } else {
            buffer.putInt(id);
        }
        fileTokens++;
        if (fileTokens == maxTokens) {
            finishFile();
        } else if (!buffer.hasRemaining()) {
            flush();
        }
    }

    private String name() {
        return String.format(Locale.ROOT, "%s-%05d.bin", prefix, files.size());
    }

    private void flush() throws IOException {
        FileChannel out = channel;
        if (out == null) {
            return;
        }
        buffer.flip();
        crc.update(buffer.duplicate());
        while (buffer.hasRemaining()) {
            out.write(buffer);
        }
        buffer.clear();
    }

    private void finishFile() throws IOException {
        FileChannel out = channel;
        if (out == null) {
            return;
        }
        flush();
        out.force(true);
        out.close();
        channel = null;
        files.add(new ShardIndex.ShardFile(name(), fileTokens, crc.getValue()));
        crc.reset();
        fileTokens = 0;
    }

    /** Writes what is left. */
    ShardIndex.Stream finish() throws IOException {
        finishFile();
        return new ShardIndex.Stream(totals.tokens(), totals.documents(), totals.bytes(), List.copyOf(files));
    }

    @Override
    public void close() throws IOException {
        if (channel != null) {
            channel.close();
        }
    }
}

package io.yoco4j.train.data;

import io.yoco4j.core.InvalidInputException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * A text file as a stream of chunks, cut after the last blank line (failing that, the last line end) that keeps a chunk
 * within its size.
 */
final class TextCursor implements Cursor {
    /** A chunk of a large text, and the largest text that stays one document within a folder; in characters. */
    static final int CHUNK = 1 << 20;

    /** The largest text file that is one document when it is a source of its own, in bytes. */
    static final int SMALL = 64 << 10;

    private static final int READ = 64 << 10;

    private final String id;
    private final Reader reader;
    private final int chunk;
    private final StringBuilder pending = new StringBuilder();
    private final char[] block = new char[READ];
    private boolean ended;
    private boolean first = true;
    private int count;

    TextCursor(String id, Reader reader, int chunk) {
        this.id = id;
        this.reader = reader;
        this.chunk = chunk;
    }

    /** The chunks of one text file, {@code chunk} characters each at most; a name ending in .gz is unpacked. */
    static Cursor open(Path file, String id, int chunk) throws IOException {
        return new TextCursor(id, new InputStreamReader(bytes(file), TextDecoding.strict()), chunk);
    }

    /**
     * The chunk size for a text that is a source of its own: a corpus in one small file must still come apart into
     * enough documents to split off a validation set.
     */
    static int chunkFor(long bytes) {
        return bytes <= SMALL ? CHUNK : Math.clamp(bytes / 64, 16 << 10, CHUNK);
    }

    /** The bytes of {@code file}, unpacked when its name ends in .gz. */
    static InputStream bytes(Path file) throws IOException {
        InputStream in = Files.newInputStream(file);
        if (!file.toString().endsWith(".gz")) {
            return in;
        }
        try {
            return new GzipStream(file, new GZIPInputStream(new BufferedInputStream(in, READ), READ));
        } catch (ZipException | EOFException e) {
            in.close();
            throw brokenGzip(file, e);
        }
    }

    private static InvalidInputException brokenGzip(Path file, IOException e) {
        return new InvalidInputException(
                file + " is not a complete gzip file (" + Cursor.reason(e) + "): fetch or compress it again", e);
    }

    /** Tells a broken archive from a failing disk. */
    private static final class GzipStream extends BufferedInputStream {
        private final Path file;

        GzipStream(Path file, GZIPInputStream in) {
            super(in, READ);
            this.file = file;
        }

        @Override
        public synchronized int read(byte[] b, int off, int len) throws IOException {
            try {
                return super.read(b, off, len);
            } catch (ZipException | EOFException e) {
                throw brokenGzip(file, e);
            }
        }

        @Override
        public synchronized int read() throws IOException {
            try {
                return super.read();
            } catch (ZipException | EOFException e) {
                throw brokenGzip(file, e);
            }
        }
    }

    @Override
    public @Nullable Document next() throws IOException {
        while (!ended && pending.length() <= chunk) {
            int n = reader.read(block);
            if (n < 0) {
                ended = true;
            } else {
                int from = first && n > 0 && block[0] == '\uFEFF' ? 1 : 0;
                first = false;
                pending.append(block, from, n - from);
            }
        }
        if (pending.isEmpty()) {
            return null;
        }
        boolean whole = pending.length() <= chunk;
        int cut = whole ? pending.length() : cut();
        String text = pending.substring(0, cut);
        pending.delete(0, cut);
        if (text.indexOf('\0') >= 0) {
            throw new CharacterCodingException();
        }
        count++;
        return new Document(whole && count == 1 ? id : id + "#" + count, text);
    }

    /** Where to end a chunk: at most {@code chunk}, at least 1. */
    private int cut() {
        int blank = Math.max(lastBefore("\n\n"), lastBefore("\r\n\r\n"));
        int end = blank > 0 ? blank : lastBefore("\n");
        if (end > 0) {
            return end;
        }
        return Character.isHighSurrogate(pending.charAt(chunk - 1)) && chunk > 1 ? chunk - 1 : chunk;
    }

    private int lastBefore(String mark) {
        int at = pending.lastIndexOf(mark, chunk - mark.length());
        return at < 0 ? -1 : at + mark.length();
    }

    @Override
    public void close() throws IOException {
        reader.close();
    }
}

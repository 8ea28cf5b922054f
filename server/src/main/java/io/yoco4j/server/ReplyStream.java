package io.yoco4j.server;

import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * What a reply is written to. A client of which nothing is taken for too long loses its connection: else it would hold that,
 * and all that waits to be written, for ever. To be closed, also when writing fails.
 */
final class ReplyStream extends OutputStream {
    /** Bytes at a time, so that who is slow and who does not read at all can be told apart. */
    private static final int PIECE = 16 << 10;

    private final OutputStream out;
    private final ScheduledFuture<?> look;
    /** When the write that goes on began, by {@link System#nanoTime}; 0 where none does. */
    private volatile long writing;

    /**
     * A stream of a connection.
     *
     * @param most for a piece of it to be taken
     * @param end ends the connection, whereupon writing to it fails
     */
    ReplyStream(OutputStream out, Duration most, Runnable end, ScheduledExecutorService timer) {
        this.out = out;
        long nanos = most.toNanos();
        long period = Math.max(1, nanos / 4);
        look = timer.scheduleWithFixedDelay(
                () -> {
                    long since = writing;
                    if (since != 0 && System.nanoTime() - since > nanos) {
                        end.run();
                    }
                },
                period,
                period,
                TimeUnit.NANOSECONDS);
    }

    private interface Write {
        void run() throws IOException;
    }

    private void guarded(Write write) throws IOException {
        writing = System.nanoTime() | 1;
        try {
            write.run();
        } finally {
            writing = 0;
        }
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        for (int at = 0; at < length; at += PIECE) {
            int from = offset + at;
            int size = Math.min(PIECE, length - at);
            guarded(() -> out.write(bytes, from, size));
        }
    }

    @Override
    public void flush() throws IOException {
        guarded(out::flush);
    }

    @Override
    public void close() throws IOException {
        try {
            guarded(out::close);
        } finally {
            look.cancel(false);
        }
    }
}

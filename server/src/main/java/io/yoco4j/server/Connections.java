package io.yoco4j.server;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.http.HttpPrologue;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http.ServerResponse;
import io.helidon.webserver.http1.Http1ConnectionListener;
import java.io.OutputStream;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connections that requests come by: whether a client is still there, and whether its request arrives in time. Each
 * connection has a thread of its own, which hears of a request's first line and handles it.
 */
final class Connections implements Http1ConnectionListener, AutoCloseable {
    /** Bytes that a client may send before its reply and be watched. */
    private static final int MAX_EARLY = 64 << 10;

    private final Duration bodyTimeout;
    private final Duration stallTimeout;
    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("body-timeouts").daemon().factory());
    private final ThreadLocal<Client> current = new ThreadLocal<>();

    /**
     * All connections of a server.
     *
     * @param bodyTimeout for a request to arrive
     * @param stallTimeout for a piece of a reply to be taken
     */
    Connections(Duration bodyTimeout, Duration stallTimeout) {
        this.bodyTimeout = bodyTimeout;
        this.stallTimeout = stallTimeout;
        // Else each request would stay in memory until its deadline, though it was met.
        timer.setRemoveOnCancelPolicy(true);
    }

    /** Who sent a request. Its thread uses it. */
    final class Client {
        private final ConnectionContext connection;
        private final ScheduledFuture<?> deadline;
        private @Nullable Thread watcher;
        private volatile boolean gone;
        private volatile boolean early;
        private volatile boolean replying;

        Client(ConnectionContext connection, ScheduledFuture<?> deadline) {
            this.connection = connection;
            this.deadline = deadline;
        }

        /** What a reply is written to, its headers included; to be closed. */
        OutputStream output(ServerResponse response) {
            return new ReplyStream(response.outputStream(), stallTimeout, connection.serverSocket()::close, timer);
        }

        /** Nothing more of the request is to come. */
        void arrived() {
            deadline.cancel(false);
        }

        /**
         * Begins to look whether the client goes: from now on it has nothing to send until it got its reply. What it sends
         * all the same is not answered, so that it can be looked behind it.
         */
        void watch() {
            watcher = Thread.ofVirtual().name("client-watch").start(() -> {
                try {
                    DataReader reader = connection.dataReader();
                    reader.ensureAvailable();
                    while (!replying && reader.available() < MAX_EARLY) {
                        early = true;
                        BufferData _ = reader.getBuffer(reader.available() + 1);
                    }
                } catch (RuntimeException _) {
                    gone = true;
                }
            });
        }

        /** From now on it may send its next request. */
        void replying() {
            replying = true;
        }

        /** Whether it sent something before its reply, which ends the connection. */
        boolean early() {
            return early;
        }

        /** Whether it has gone. */
        boolean gone() {
            return gone;
        }

        /**
         * After its reply was sent: waits until it sends something more or goes. The watching thread reads the connection
         * until then, so its own thread must not.
         *
         * @param most to wait before the connection is closed
         */
        void release(Duration most) {
            if (watcher == null) {
                return;
            }
            try {
                if (early || !watcher.join(most)) {
                    connection.serverSocket().close();
                    watcher.join();
                }
            } catch (InterruptedException e) {
                connection.serverSocket().close();
                Thread.currentThread().interrupt();
            }
            if (gone || early) {
                throw new CloseConnectionException("the client is gone");
            }
        }
    }

    @Override
    public void prologue(ConnectionContext connection, HttpPrologue prologue) {
        Client before = current.get();
        if (before != null) {
            before.arrived();
        }
        // Weak: a connection that ended before its request was there is not to stay in memory until that request's
        // deadline.
        WeakReference<HelidonSocket> socket = new WeakReference<>(connection.serverSocket());
        Runnable close = () -> {
            HelidonSocket open = socket.get();
            if (open != null) {
                open.close();
            }
        };
        current.set(new Client(connection, timer.schedule(close, bodyTimeout.toMillis(), TimeUnit.MILLISECONDS)));
    }

    /** Who sent the request that this thread handles. */
    Client client() {
        @Nullable Client client = current.get();
        if (client == null) {
            throw new IllegalStateException("a request is handled by the thread of its connection");
        }
        return client;
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}

package io.yoco4j.server;

import io.helidon.http.Header;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Gives each request an id, the client's own ({@code X-Request-Id}) where it has one, tells it in the reply, and logs a line
 * when the request is over.
 */
final class RequestLog implements Filter {
    private static final System.Logger LOG = System.getLogger("io.yoco4j.server.requests");
    private static final HeaderName REQUEST_ID = HeaderNames.create("X-Request-Id");
    private static final String ID = "[A-Za-z0-9._-]{1,64}";

    /** Characters of a client's text in a line. */
    private static final int MAX_TEXT = 128;

    /** As nginx has it: the client went before its reply was whole. */
    private static final int CLIENT_GONE = 499;

    private final String run = HexFormat.of().toHexDigits(new SplittableRandom().nextLong());
    private final AtomicLong number = new AtomicLong();
    private final ServerMetrics metrics;
    private final Connections connections;
    private final Duration idle;

    /** What a line has. */
    private static final class Entry {
        final String id;
        String model = "";
        String user = "";
        boolean last;

        Entry(String id) {
            this.id = id;
        }
    }

    RequestLog(ServerMetrics metrics, Connections connections, Duration idle) {
        this.metrics = metrics;
        this.connections = connections;
        this.idle = idle;
    }

    @Override
    public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        String id = Optional.of(request.headers())
                .filter(h -> h.contains(REQUEST_ID))
                .map(h -> h.get(REQUEST_ID))
                .map(Header::get)
                .filter(given -> given.matches(ID))
                .orElseGet(() -> run + number.incrementAndGet());
        Entry entry = new Entry(id);
        request.context().register(entry);
        response.header(REQUEST_ID, id);
        long start = System.nanoTime();
        boolean gone = false;
        try {
            chain.proceed();
        } catch (CloseConnectionException e) {
            gone = true;
            throw e;
        } finally {
            if (!request.content().hasEntity()) {
                // Else whoever read the body has said so, or it is still to come and has its time.
                connections.client().arrived();
            }
            int status = gone ? CLIENT_GONE : response.status().code();
            String path = request.path().path();
            metrics.replied(Routes.known(path), status);
            LOG.log(
                    Routes.polled(path) && status < 400 ? System.Logger.Level.DEBUG : System.Logger.Level.INFO,
                    () -> String.format(
                            Locale.ROOT,
                            "%s %s %s %d %.3f s%s%s",
                            id,
                            clean(request.prologue().method().text(), "[^\\x21-\\x7e]"),
                            clean(request.prologue().uriPath().rawPath(), "[^\\x21-\\x7e]"),
                            status,
                            (System.nanoTime() - start) / 1e9,
                            entry.model.isEmpty() ? "" : " model " + entry.model,
                            entry.user.isEmpty() ? "" : " user " + entry.user));
        }
        if (request.headers().containsToken(HeaderValues.CONNECTION_CLOSE)) {
            // Helidon only says so, and would wait for the client to do it.
            throw new CloseConnectionException("the client asked for it");
        }
        if (entry.last) {
            throw new CloseConnectionException("what the client sends on it is not understood");
        }
        Duration left = idle.minusNanos(System.nanoTime() - start);
        if (!left.isPositive()) {
            // Helidon counts a connection as idle from the request's begin, and would not read another one from it.
            throw new CloseConnectionException("the request took longer than connections are kept");
        }
        connections.client().release(left);
    }

    private static Entry entry(ServerRequest request) {
        return request.context()
                .get(Entry.class)
                .orElseThrow(() -> new IllegalStateException("the filter has given each request an id"));
    }

    /** The id of a request. */
    static String id(ServerRequest request) {
        return entry(request).id;
    }

    /** Adds to a request's line. */
    static void note(ServerRequest request, String model, Optional<String> user) {
        Entry entry = entry(request);
        entry.model = model;
        entry.user = user.map(u -> clean(u, "[^\\x20-\\x7e]")).orElse("");
    }

    /** A client's text, which must neither look like a line of its own nor fill the log. */
    private static String clean(String text, String foreign) {
        return text.substring(0, Math.min(MAX_TEXT, text.length())).replaceAll(foreign, "?");
    }

    /** Ends a request's connection with its reply. */
    static void endConnection(ServerRequest request) {
        entry(request).last = true;
    }

    static boolean endsConnection(ServerRequest request) {
        return entry(request).last;
    }

    /** Now, in seconds since 1970. */
    static long seconds() {
        return Instant.now().getEpochSecond();
    }
}

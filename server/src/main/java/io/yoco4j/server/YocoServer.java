package io.yoco4j.server;

import io.helidon.http.BadRequestException;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.DirectHandler.TransportRequest;
import io.helidon.http.DirectHandler.TransportResponse;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.HttpException;
import io.helidon.http.Method;
import io.helidon.http.PathMatchers;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.helidon.webserver.http1.Http1Config;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.server.api.ApiException;
import io.yoco4j.server.api.Replies.Shape;
import io.yoco4j.server.schedule.SchedulerOptions;
import io.yoco4j.server.schedule.StateFolder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Predicate;

/**
 * Serves models over HTTP, in the shape of OpenAI's API: text and chat completions, models, tokens, health, metrics, and a
 * page to try them on. It listens from its start on and answers 503 until its models are loaded.
 *
 * <p>Thread-safe. Closing it lets running requests end for a while, refuses others, and unloads the models.
 */
public final class YocoServer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(YocoServer.class.getName());
    /** From the begin of a request; a connection that waits for a first or next one is closed after as long. */
    private static final Duration IDLE_TIMEOUT = Duration.ofMinutes(1);
    /** Helidon's timer must not come before the server's own, which knows whether a request is under way. */
    private static final Duration IDLE_SLACK = Duration.ofSeconds(15);

    private static final Duration IDLE_PERIOD = Duration.ofSeconds(10);
    private static final Predicate<Method> READ = Method.predicate(Method.GET, Method.HEAD);
    private static final int MAX_CONNECTIONS = 4096;
    /** Bytes that the system keeps for a client that does not read; without a bound megabytes, so that none is noticed. */
    private static final int SEND_BUFFER = 128 << 10;

    private static final int MAX_HEADERS = 32 << 10;
    /** Bytes of a refused request's body that are read, so that the connection can be used again. */
    private static final long MAX_DRAINED = 64 << 10;

    private final ServerOptions options;
    private final Duration idle;
    private final Models models = new Models();
    private final ServerMetrics metrics = new ServerMetrics();
    private final Connections connections;
    private final WebServer web;
    private final CompletableFuture<Void> loaded = new CompletableFuture<>();
    private final Thread loader;

    private YocoServer(List<ModelSource> sources, ServerOptions options, Duration idle) {
        this.options = options;
        this.idle = idle;
        connections = new Connections(options.bodyTimeout(), options.stallTimeout());
        web = WebServer.builder()
                .host(options.host())
                .port(options.port())
                .shutdownHook(false)
                .maxTcpConnections(MAX_CONNECTIONS)
                .connectionOptions(socket -> socket.socketSendBufferSize(SEND_BUFFER))
                // Helidon keeps a chunk in memory until all of it is there, and looks at its size before.
                .maxPayloadSize(options.maxBodyBytes())
                .directHandlers(handlers -> {
                    for (EventType type : EventType.values()) {
                        handlers.addHandler(type, this::unread);
                    }
                })
                .idleConnectionTimeout(idle.plus(IDLE_SLACK))
                .idleConnectionPeriod(IDLE_PERIOD)
                .addProtocol(Http1Config.builder()
                        .maxHeadersSize(MAX_HEADERS)
                        .addReceiveListener(connections)
                        .build())
                .routing(this::routes)
                .build();
        loader = Thread.ofPlatform().name("model-loader").daemon().unstarted(() -> load(sources));
    }

    /**
     * Starts a server.
     *
     * @param sources at least one, with names of their own
     * @throws InvalidInputException when names repeat, or the host and port cannot be listened on
     */
    public static YocoServer start(List<ModelSource> sources, ServerOptions options) {
        return start(sources, options, IDLE_TIMEOUT);
    }

    /** @param idle how long a connection is kept, from the begin of its last request */
    static YocoServer start(List<ModelSource> sources, ServerOptions options, Duration idle) {
        if (sources.isEmpty()) {
            throw new InvalidInputException("there is no model to serve: name at least one");
        }
        Set<String> names = new HashSet<>();
        sources.forEach(s -> {
            if (!names.add(s.name())) {
                throw new InvalidInputException(
                        "two models have the name " + s.name() + ": give one of them another (NAME=FOLDER)");
            }
        });
        requireFree(options);
        YocoServer server = new YocoServer(List.copyOf(sources), options, idle);
        server.web.start();
        if (!server.web.isRunning()) {
            server.connections.close();
            throw taken(options);
        }
        server.loader.start();
        return server;
    }

    /** Before Helidon finds out, which then logs stack traces. */
    private static void requireFree(ServerOptions options) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            InetSocketAddress address = new InetSocketAddress(options.host(), options.port());
            if (address.isUnresolved()) {
                throw new InvalidInputException(
                        "host " + options.host() + " is unknown: name an address of this machine");
            }
            if (!ofThisMachine(address.getAddress())) {
                throw new InvalidInputException(
                        "host " + options.host() + " is no address of this machine: name one that is (--host)");
            }
            socket.bind(address);
        } catch (IOException e) {
            throw taken(options);
        }
    }

    private static boolean ofThisMachine(InetAddress address) throws IOException {
        return address.isAnyLocalAddress()
                || address.isLoopbackAddress()
                || NetworkInterface.getByInetAddress(address) != null;
    }

    private static InvalidInputException taken(ServerOptions options) {
        return new InvalidInputException(options.host() + ":" + options.port()
                + " cannot be listened on, perhaps since another server does: name another port");
    }

    private void load(List<ModelSource> sources) {
        try {
            Optional<StateFolder> state =
                    options.stateFolder().map(folder -> new StateFolder(folder, options.stateBytes()));
            SchedulerOptions all = options.scheduler();
            SchedulerOptions share = all.withCacheMemory(Math.max(1, all.cacheMemory() / sources.size()));
            for (ModelSource source : sources) {
                models.add(new ServedModel(source, options, share, state, metrics));
            }
            models.ready();
            loaded.complete(null);
        } catch (RuntimeException | Error e) {
            models.failed(String.valueOf(e.getMessage()));
            loaded.completeExceptionally(e);
        }
    }

    private void routes(HttpRouting.Builder routing) {
        BodyReader bodies = new BodyReader(options.maxBodyBytes());
        ReplyWriter writer = new ReplyWriter(options.heartbeat());
        ModelHandlers about = new ModelHandlers(models, bodies, connections);
        PlaygroundHandlers playground = new PlaygroundHandlers(models);
        Bodies asked = new Bodies(options.timeout(), options.chatTokens());
        BiFunction<Shape, GenerationHandler.BodyOf, Handler> generation =
                (shape, body) -> new GenerationHandler(models, bodies, connections, writer, shape, body);
        routing.addFilter(new RequestLog(metrics, connections, idle))
                .addFilter(new Guard(options))
                .post(Routes.COMPLETIONS, generation.apply(Shape.COMPLETION, asked::completion))
                .post(Routes.CHAT, generation.apply(Shape.CHAT, asked::chat))
                .route(READ, PathMatchers.create(Routes.MODELS), about::list)
                .route(READ, PathMatchers.create(Routes.MODEL), about::one)
                .post(Routes.TOKENIZE, about::tokenize)
                .post(Routes.DETOKENIZE, about::detokenize)
                .route(READ, PathMatchers.create(Routes.TOKENIZER_INFO), about::tokenizerInfo)
                .route(READ, PathMatchers.create(Routes.HEALTH), about::health)
                .route(READ, PathMatchers.create(Routes.METRICS), this::metrics)
                .route(READ, PathMatchers.create(Routes.PLAYGROUND), playground::page)
                .route(READ, PathMatchers.create(Routes.MEMORY), playground::memory)
                .any(YocoServer::none)
                .error(ApiException.class, YocoServer::refuse)
                .error(
                        InvalidInputException.class,
                        (request, response, e) ->
                                refuse(request, response, ApiException.invalid(400, String.valueOf(e.getMessage()))))
                .error(HttpException.class, YocoServer::pass)
                .error(BadRequestException.class, YocoServer::pass)
                .error(Throwable.class, YocoServer::fail);
    }

    private void metrics(ServerRequest request, ServerResponse response) {
        response.header(HeaderNames.CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
        ReplyWriter.send(request, response, metrics.scrape().getBytes(StandardCharsets.UTF_8));
    }

    private static void none(ServerRequest request, ServerResponse response) {
        String path = request.path().path();
        String asked = request.prologue().method().text() + " " + path;
        Routes.method(path).ifPresent(method -> {
            response.header(HeaderNames.ALLOW, method.equals("GET") ? "GET, HEAD" : method);
            refuse(request, response, ApiException.invalid(405, "There is no " + asked + " here; send " + method));
        });
        if (!response.isSent()) {
            throw ApiException.invalid(404, "There is no " + asked + " here");
        }
    }

    /** What Helidon says is wrong, by its own status. */
    private static void pass(ServerRequest request, ServerResponse response, HttpException e) {
        int status = e.status().code();
        if (status >= 500) {
            fail(request, response, e);
        } else {
            refuse(request, response, ApiException.invalid(status, String.valueOf(e.getMessage())));
        }
    }

    /** What Helidon refuses before any route sees it. */
    private TransportResponse unread(
            TransportRequest request, EventType type, Status status, ServerResponseHeaders headers, String message) {
        ApiException e = switch (type) {
            case PAYLOAD_TOO_LARGE -> BodyReader.tooLong(options.maxBodyBytes());
            case INTERNAL_ERROR -> ApiException.failed(status.code(), "The server failed; its log says why");
            default -> ApiException.invalid(status.code(), "The request is not understood: " + message);
        };
        return TransportResponse.builder()
                .status(status)
                .headers(headers)
                .header(HeaderValues.CONTENT_TYPE_JSON)
                .keepAlive(type.keepAlive())
                .entity(e.body().toString())
                .build();
    }

    private static void refuse(ServerRequest request, ServerResponse response, ApiException e) {
        if (request.content().hasEntity()
                && !request.content().consumed()
                && request.headers().contentLength().orElse(Long.MAX_VALUE) > MAX_DRAINED) {
            // Else Helidon would read all of the body, for as long as it may take, to have the connection for the next.
            RequestLog.endConnection(request);
        }
        if (RequestLog.endsConnection(request)) {
            response.header(HeaderValues.CONNECTION_CLOSE);
        }
        e.retryAfter()
                .ifPresent(after ->
                        response.header(HeaderNames.RETRY_AFTER, String.valueOf(Math.max(1, after.toSeconds()))));
        ReplyWriter.send(request, response, e.status(), e.body());
    }

    private static void fail(ServerRequest request, ServerResponse response, Throwable e) {
        LOG.log(System.Logger.Level.ERROR, "request " + RequestLog.id(request) + " failed", e);
        ReplyWriter.send(
                request,
                response,
                500,
                ApiException.failed(500, "The server failed; its log says why under " + RequestLog.id(request))
                        .body());
    }

    /** Where it listens. */
    public int port() {
        return web.port();
    }

    /** Done when all models are loaded; fails as loading does, and the server answers 503 for good. */
    public CompletableFuture<Void> loaded() {
        return loaded.copy();
    }

    /** Refuses new requests, lets running ones end for {@link ServerOptions#grace}, and unloads the models. */
    @Override
    public void close() {
        models.stop();
        try {
            loader.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        // All refuse before the first is waited for, and none is unloaded while requests may still ask for it.
        models.all().forEach(ServedModel::refuse);
        long end = System.nanoTime() + options.grace().toNanos();
        models.all().forEach(m -> m.finish(Duration.ofNanos(Math.max(0, end - System.nanoTime()))));
        web.stop();
        models.all().forEach(ServedModel::unload);
        connections.close();
    }
}

package io.yoco4j.server;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.server.schedule.SchedulerOptions;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How a server runs.
 *
 * @param host name or address to listen on
 * @param port 0 for any that is free
 * @param apiKeys one of which each request has to bring; empty for none, on this machine alone
 * @param insecure whether to serve other machines without keys all the same
 * @param scheduler of each model; its cache memory is that of all of them, in equal shares
 * @param engine of each model
 * @param warmUp for how long, at most, each model runs texts of no meaning before it is ready; none where it is zero
 * @param stateFolder where contexts are kept beyond memory and restarts
 * @param stateBytes of it, at most
 * @param maxBodyBytes of a request
 * @param chatTokens of a chat's reply where the request names no limit
 * @param timeout of a request that names none
 * @param bodyTimeout for a request to arrive as a whole
 * @param stallTimeout for a client to take a piece of its reply before its connection is closed
 * @param heartbeat how often a stream that has nothing to say shows that it lives
 * @param grace for running requests when the server is closed
 */
public record ServerOptions(
        String host,
        int port,
        List<String> apiKeys,
        boolean insecure,
        SchedulerOptions scheduler,
        EngineOptions engine,
        Duration warmUp,
        Optional<Path> stateFolder,
        long stateBytes,
        int maxBodyBytes,
        int chatTokens,
        Duration timeout,
        Duration bodyTimeout,
        Duration stallTimeout,
        Duration heartbeat,
        Duration grace) {
    private static final long STATE_BYTES = 8L << 30;
    private static final int MAX_PORT = 65535;
    /** As of requests that name a timeout of their own. */
    private static final Duration MAX_TIMEOUT = Duration.ofDays(1);

    /**
     * Checks the values.
     *
     * @throws InvalidInputException naming the option that is out of range, or when other machines would be served without a key
     */
    public ServerOptions {
        apiKeys = List.copyOf(apiKeys);
        require("port", port, port >= 0 && port <= MAX_PORT, "lie in 0.." + MAX_PORT);
        require("state bytes", stateBytes, stateBytes >= 1, "be at least 1");
        require("max body bytes", maxBodyBytes, maxBodyBytes >= 1, "be at least 1");
        require("chat tokens", chatTokens, chatTokens >= 1, "be at least 1");
        require("warm-up", warmUp, !warmUp.isNegative(), "not be negative");
        require(
                "timeout",
                timeout,
                timeout.isPositive() && timeout.compareTo(MAX_TIMEOUT) <= 0,
                "be positive and at most " + MAX_TIMEOUT.toSeconds() + " seconds");
        require("body timeout", bodyTimeout, bodyTimeout.isPositive(), "be positive");
        require("stall timeout", stallTimeout, stallTimeout.isPositive(), "be positive");
        require("heartbeat", heartbeat, heartbeat.isPositive(), "be positive");
        if (host.isBlank()) {
            throw new InvalidInputException("host is empty: name an address of this machine");
        }
        if (stateFolder.isEmpty() && stateBytes != STATE_BYTES) {
            throw new InvalidInputException("state bytes is " + stateBytes
                    + ", but there is no folder for contexts: name one (--state-dir), or leave the size out");
        }
        if (scheduler.cacheMemory() > Runtime.getRuntime().maxMemory()) {
            throw new InvalidInputException("cache memory is " + scheduler.cacheMemory() + " bytes, but the JVM has "
                    + Runtime.getRuntime().maxMemory() + ": ask for less, or give it more (-Xmx)");
        }
        if (apiKeys.stream().anyMatch(String::isBlank)) {
            throw new InvalidInputException("an API key is empty: give it characters, or leave it out");
        }
        if (apiKeys.isEmpty() && !insecure && !loopback(host)) {
            throw new InvalidInputException(
                    "host " + host + " can be reached by other machines, and there is no API key:"
                            + " give one (--api-key-file), listen on 127.0.0.1, or insist (--insecure)");
        }
    }

    /** Whether a host is this machine and nothing else. */
    static boolean loopback(String host) {
        try {
            for (InetAddress address : InetAddress.getAllByName(host)) {
                if (!address.isLoopbackAddress()) {
                    return false;
                }
            }
            return true;
        } catch (UnknownHostException e) {
            throw new InvalidInputException("host " + host + " is unknown: name an address of this machine", e);
        }
    }

    private static void require(String option, Object value, boolean valid, String rule) {
        if (!valid) {
            throw new InvalidInputException(option + " is " + value + ", but must " + rule);
        }
    }

    /** 127.0.0.1:8080, no key, no warm-up, nothing on disk, bodies of 16 MiB, 1,024 tokens a chat reply, ten minutes a request. */
    public static ServerOptions defaults() {
        return builder().build();
    }

    /** The defaults, to change some. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds options from the defaults. */
    public static final class Builder {
        private String host = "127.0.0.1";
        private int port = 8080;
        private List<String> apiKeys = List.of();
        private boolean insecure;
        private SchedulerOptions scheduler = SchedulerOptions.defaults();
        private EngineOptions engine = EngineOptions.defaults();
        private Duration warmUp = Duration.ZERO;
        private Optional<Path> stateFolder = Optional.empty();
        private long stateBytes = STATE_BYTES;
        private int maxBodyBytes = 16 << 20;
        private int chatTokens = 1024;
        private Duration timeout = Duration.ofMinutes(10);
        private Duration bodyTimeout = Duration.ofSeconds(30);
        private Duration stallTimeout = Duration.ofMinutes(1);
        private Duration heartbeat = Duration.ofSeconds(5);
        private Duration grace = Duration.ofSeconds(30);

        private Builder() {}

        /** Name or address; by default 127.0.0.1, which serves this machine alone. */
        public Builder host(String value) {
            host = value;
            return this;
        }

        /** In 0..65535, 0 for any that is free; by default 8080. */
        public Builder port(int value) {
            port = value;
            return this;
        }

        /** None of them empty; by default there are none. */
        public Builder apiKeys(List<String> value) {
            apiKeys = value;
            return this;
        }

        /** By default other machines are served with keys only. */
        public Builder insecure(boolean value) {
            insecure = value;
            return this;
        }

        /** By default {@link SchedulerOptions#defaults}. */
        public Builder scheduler(SchedulerOptions value) {
            scheduler = value;
            return this;
        }

        /** By default {@link EngineOptions#defaults}. */
        public Builder engine(EngineOptions value) {
            engine = value;
            return this;
        }

        /** Zero or longer; by default zero, for none. */
        public Builder warmUp(Duration value) {
            warmUp = value;
            return this;
        }

        /** By default contexts are kept in memory alone. */
        public Builder stateFolder(Path value) {
            stateFolder = Optional.of(value);
            return this;
        }

        /** At least 1; by default 8 GiB. */
        public Builder stateBytes(long value) {
            stateBytes = value;
            return this;
        }

        /** At least 1; by default 16 MiB. */
        public Builder maxBodyBytes(int value) {
            maxBodyBytes = value;
            return this;
        }

        /** At least 1; by default 1,024. */
        public Builder chatTokens(int value) {
            chatTokens = value;
            return this;
        }

        /** Above zero, at most a day; by default ten minutes. */
        public Builder timeout(Duration value) {
            timeout = value;
            return this;
        }

        /** Above zero; by default 30 seconds. */
        public Builder bodyTimeout(Duration value) {
            bodyTimeout = value;
            return this;
        }

        /** Above zero; by default a minute. */
        public Builder stallTimeout(Duration value) {
            stallTimeout = value;
            return this;
        }

        /** Above zero; by default 5 seconds. */
        public Builder heartbeat(Duration value) {
            heartbeat = value;
            return this;
        }

        /** By default 30 seconds. */
        public Builder grace(Duration value) {
            grace = value;
            return this;
        }

        /**
         * Checks the values and builds the options.
         *
         * @throws InvalidInputException when a value is out of range, or other machines would be served without a key
         */
        public ServerOptions build() {
            return new ServerOptions(
                    host,
                    port,
                    apiKeys,
                    insecure,
                    scheduler,
                    engine,
                    warmUp,
                    stateFolder,
                    stateBytes,
                    maxBodyBytes,
                    chatTokens,
                    timeout,
                    bodyTimeout,
                    stallTimeout,
                    heartbeat,
                    grace);
        }
    }
}

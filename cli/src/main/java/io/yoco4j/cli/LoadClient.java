package io.yoco4j.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** Requests to a server over HTTP, as many clients would send them, and when what came back came. */
final class LoadClient implements AutoCloseable {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final int ABUSERS = 64;

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();
    private final int port;
    private final int vocabulary;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    LoadClient(int port, int vocabulary) {
        this.port = port;
        this.vocabulary = vocabulary;
    }

    /**
     * When a stream's pieces came, in nanoseconds.
     *
     * @param sent the request
     * @param pieces each, one a token, or some where the reader was slower than the writer
     */
    record Arrivals(long sent, List<Long> pieces) {
        double firstSeconds() {
            return (pieces.getFirst() - sent) / 1e9;
        }

        /** Seconds between pieces that came within a span of time. */
        Stream<Double> gaps(long from, long to) {
            List<Double> gaps = new ArrayList<>();
            for (int i = 1; i < pieces.size(); i++) {
                if (pieces.get(i - 1) >= from && pieces.get(i) <= to) {
                    gaps.add((pieces.get(i) - pieces.get(i - 1)) / 1e9);
                }
            }
            return gaps.stream();
        }

        long last() {
            return pieces.getLast();
        }
    }

    /** Token ids that are the same for the same seed. */
    int[] prompt(long seed, int tokens) {
        return new Random(seed).ints(tokens, 1, vocabulary).toArray();
    }

    /** Begins a stream of so many tokens. */
    Future<Arrivals> stream(int[] prompt, int tokens) {
        return stream(prompt, tokens, () -> false);
    }

    /** Begins a stream of so many tokens, and leaves it once {@code leave} says so. */
    Future<Arrivals> stream(int[] prompt, int tokens, BooleanSupplier leave) {
        return threads.submit(() -> arrivals(prompt, tokens, leave));
    }

    private Arrivals arrivals(int[] prompt, int tokens, BooleanSupplier leave) throws IOException {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("prompt", prompt);
        body.put("max_tokens", tokens);
        body.put("ignore_eos", true);
        body.put("stream", true);
        body.put("temperature", 1);
        body.put("seed", 1);
        byte[] json = MAPPER.writeValueAsBytes(body);
        // A plain socket: what a client library does would be measured with the server, on the same cores.
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout((int) PATIENCE.toMillis());
            OutputStream out = socket.getOutputStream();
            long sent = System.nanoTime();
            out.write(head(json.length));
            out.write(json);
            out.flush();
            return arrivals(sent, socket.getInputStream(), leave);
        }
    }

    private static byte[] head(int length) {
        return ("POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
                        + length + "\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    private static Arrivals arrivals(long sent, InputStream in, BooleanSupplier leave) throws IOException {
        List<Long> pieces = new ArrayList<>();
        boolean done = false;
        String status = "";
        BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.ISO_8859_1));
        for (String line = lines.readLine(); line != null && !done; line = lines.readLine()) {
            if (leave.getAsBoolean()) {
                return new Arrivals(sent, pieces);
            }
            if (status.isEmpty()) {
                status = line;
            } else if (line.startsWith("data: {")) {
                pieces.add(System.nanoTime());
            }
            done = line.equals("data: [DONE]");
        }
        if (!done) {
            throw new IOException("the server answered \"" + status + "\" and did not come to an end");
        }
        return new Arrivals(sent, pieces);
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(PATIENCE)
                .header("Content-Type", "application/json");
    }

    /** Prometheus' text as values by series. */
    Map<String, Double> metrics() throws IOException, InterruptedException {
        Map<String, Double> out = new LinkedHashMap<>();
        String text =
                http.send(request("/metrics").build(), BodyHandlers.ofString()).body();
        for (String line : text.split("\n")) {
            int value = line.lastIndexOf(' ');
            if (!line.startsWith("#") && value > 0) {
                out.put(line.substring(0, value), Double.valueOf(line.substring(value + 1)));
            }
        }
        return out;
    }

    int status(String path) throws IOException, InterruptedException {
        return http.send(request(path).build(), BodyHandlers.discarding()).statusCode();
    }

    /**
     * Sends bodies that are no requests.
     *
     * @return how many were answered with a status of 400 to 499
     */
    int malformed(int count) throws Exception {
        AtomicInteger refused = new AtomicInteger();
        List<Future<?>> all = new ArrayList<>();
        for (int worker = 0; worker < ABUSERS; worker++) {
            int first = worker;
            all.add(threads.submit(() -> {
                for (int i = first; i < count; i += ABUSERS) {
                    HttpRequest r = request("/v1/completions")
                            .POST(BodyPublishers.ofString(malformedBody(i)))
                            .build();
                    int status = http.send(r, BodyHandlers.discarding()).statusCode();
                    if (status >= 400 && status < 500) {
                        refused.incrementAndGet();
                    }
                }
                return null;
            }));
        }
        for (Future<?> f : all) {
            f.get();
        }
        return refused.get();
    }

    private static String malformedBody(int i) {
        Random random = new Random(i);
        String valid = "{\"prompt\": [1, 2, 3], \"max_tokens\": 4, \"stream\": true}";
        return switch (i % 6) {
            case 0 -> valid.substring(0, random.nextInt(valid.length()));
            case 1 -> "[".repeat(1 + random.nextInt(10_000));
            case 2 -> "{\"prompt\": " + random.nextInt() + "}";
            case 3 -> "{\"prompt\": [-" + (1 + random.nextInt(100)) + "]}";
            case 4 -> "{\"prompt\": [1], \"max_tokens\": 1e" + random.nextInt(400) + ", \"x\": null, \"y\": 1}";
            default -> {
                byte[] noise = new byte[random.nextInt(2000)];
                random.nextBytes(noise);
                yield new String(noise, StandardCharsets.ISO_8859_1);
            }
        };
    }

    /** Connects so many clients at once, a third of which say nothing, a third half a request, and a third leave while they are answered. */
    void vanish(int clients, int[] prompt) throws Exception {
        byte[] body = MAPPER.writeValueAsBytes(
                Map.of("prompt", prompt, "max_tokens", 10_000, "ignore_eos", true, "stream", true));
        byte[] head = head(body.length);
        List<Future<?>> all = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            int kind = i % 3;
            all.add(threads.submit(() -> {
                try (Socket socket = new Socket("127.0.0.1", port)) {
                    OutputStream out = socket.getOutputStream();
                    if (kind > 0) {
                        out.write(head);
                        out.write(body, 0, kind == 1 ? body.length / 2 : body.length);
                        out.flush();
                    }
                    if (kind == 2) {
                        socket.setSoTimeout((int) PATIENCE.toMillis());
                        // The head of the answer, or of a refusal; then it leaves.
                        socket.getInputStream().readNBytes(12);
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }));
        }
        for (Future<?> f : all) {
            f.get();
        }
    }

    static double median(Stream<Double> values) {
        return quantile(values, 0.5);
    }

    static double quantile(Stream<Double> values, double q) {
        double[] sorted = values.mapToDouble(d -> d).sorted().toArray();
        return sorted.length == 0
                ? Double.NaN
                : sorted[(int) Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
    }

    @Override
    public void close() {
        threads.shutdownNow();
        http.shutdownNow();
    }
}

package io.yoco4j.server.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Systems;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.Logits;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.server.schedule.PrefixCache.Depth;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which contexts go where memory or disk is short, while the disk takes its time. */
class KeptContextsTest {
    private static final Architecture A = Objects.requireNonNull(Systems.all().get("yoco-u"));
    private static final int TOKENS = 100;

    @TempDir
    Path temp;

    private final YocoModel model = YocoModel.of(A, RandomWeights.of(A, WeightFormat.F32, 1), EngineOptions.defaults());
    private final Disk disk = new Disk();

    /** Writes when it is told to. */
    private static final class Disk extends AbstractExecutorService {
        final Deque<Runnable> waiting = new ArrayDeque<>();
        boolean shutdown;

        void write() {
            while (!waiting.isEmpty()) {
                waiting.remove().run();
            }
        }

        @Override
        public void execute(Runnable task) {
            waiting.add(task);
        }

        @Override
        public void shutdown() {
            shutdown = true;
            write();
        }

        @Override
        public List<Runnable> shutdownNow() {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean isShutdown() {
            return shutdown;
        }

        @Override
        public boolean isTerminated() {
            return shutdown;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return shutdown;
        }
    }

    @AfterEach
    void close() {
        assertThat(model.cacheUsage().bytes()).isZero();
        model.close();
    }

    private SnapshotStore store(long maxBytes) {
        return new SnapshotStore(model, new StateFolder(temp, maxBytes), disk);
    }

    private static int[] prompt(int seed) {
        return new Random(seed).ints(TOKENS, 0, A.vocabSize()).toArray();
    }

    private Session context(int seed) {
        Session session = model.session();
        session.prefill(prompt(seed), Logits.NONE);
        return session;
    }

    private Steps steps(PrefixCache cache, long memory) {
        SchedulerOptions options =
                SchedulerOptions.builder().cacheMemory(memory).build();
        return new Steps(model, options, SchedulerObserver.NONE, cache);
    }

    /** They would count files twice, and delete each other's. */
    @Test
    void twoStoresDoNotShareAFolder() {
        StateFolder all = new StateFolder(temp, 1 << 30);
        try (SnapshotStore _ = new SnapshotStore(model, all, disk)) {
            assertThatThrownBy(() -> new SnapshotStore(model, all, new Disk()))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("serve them once")
                    .hasMessageContaining(temp.toString());
        }
    }

    @Test
    void noMoreGoThanMakeRoom() {
        try (PrefixCache cache = new PrefixCache(store(1 << 30))) {
            for (int i = 0; i < 12; i++) {
                cache.add(context(i));
            }
            long used = model.cacheUsage().bytes();
            Steps steps = steps(cache, used);
            assertThat(steps.makeRoomForKept(0)).isTrue();
            assertThat(cache.size()).isEqualTo(12);
            for (int again = 0; again < 3; again++) {
                assertThat(steps.makeRoomForKept(used / 6))
                        .as("is free only once two are written")
                        .isFalse();
                assertThat(cache.size()).isEqualTo(10);
                assertThat(cache.comingFree()).isEqualTo(used / 6);
            }
            disk.write();
            assertThat(cache.comingFree()).isZero();
            assertThat(steps.makeRoomForKept(used / 6)).isTrue();
            assertThat(cache.size()).isEqualTo(10);
        }
    }

    @Test
    void whatGoesTwiceCountsOnce() throws IOException {
        SnapshotStore store = store(1 << 30);
        try (PrefixCache cache = new PrefixCache(store)) {
            for (int i = 0; i < 2; i++) {
                cache.add(context(1));
                assertThat(cache.evict()).isTrue();
            }
            disk.write();
            assertThat(files()).hasSize(1);
            assertThat(store.bytes()).isEqualTo(Files.size(files().getFirst()));
        }
    }

    @Test
    void whatDoesNotFitNowIsThereLater() throws IOException {
        SnapshotStore store = store(1 << 30);
        try (PrefixCache cache = new PrefixCache(store)) {
            Depth depth;
            try (Session session = model.session()) {
                depth = Depth.of(session);
            }
            store.saveNow(depth, context(1));
            cache.warm(depth, prompt(1), TOKENS, _ -> false);
            assertThat(cache.size()).isZero();
            assertThat(files()).hasSize(1);
            cache.warm(depth, prompt(1), TOKENS, bytes -> bytes > 0);
            assertThat(cache.size()).isOne();
            Optional<PrefixCache.Hit> hit = cache.find(depth, prompt(1), TOKENS);
            assertThat(hit.orElseThrow().tokens()).isEqualTo(TOKENS);
            hit.get().session().close();
        }
    }

    /** Those of a model that is not served go first, then a model's own, the least recently used first. */
    @Test
    void aFolderHasItsBound() throws IOException {
        Path other = Files.createDirectories(temp.resolve("0".repeat(32) + "-bf16"));
        Path stray = Files.write(other.resolve("3_x.yoco"), new byte[1000]);
        Path foreign = Files.write(temp.resolve("of-others.yoco"), new byte[1000]);
        long size;
        try (SnapshotStore store = store(1 << 30)) {
            Depth depth = depth();
            for (int i = 0; i < 3; i++) {
                store.saveNow(depth, context(i));
            }
            size = store.bytes() / 3;
            assertThat(stray).exists();
        }
        List<Path> files = own();
        assertThat(files).hasSize(3);
        for (int i = 0; i < 3; i++) {
            Files.setLastModifiedTime(files.get(i), FileTime.fromMillis(1000L * (i + 1)));
        }
        disk.shutdown = false;
        try (SnapshotStore store = store(3 * size)) {
            assertThat(stray).doesNotExist();
            assertThat(store.bytes()).isEqualTo(3 * size);
            store.saveNow(depth(), context(4));
            assertThat(files.getFirst()).doesNotExist();
            assertThat(store.bytes()).isEqualTo(3 * size);
        }
        disk.shutdown = false;
        try (SnapshotStore store = store(size)) {
            assertThat(store.bytes()).isEqualTo(size);
            assertThat(own()).hasSize(1);
        }
        assertThat(foreign).exists();
    }

    private Depth depth() {
        try (Session session = model.session()) {
            return Depth.of(session);
        }
    }

    private List<Path> own() throws IOException {
        return files().stream()
                .filter(f -> !f.startsWith(temp.resolve("0".repeat(32) + "-bf16")))
                .toList();
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(temp, 2)) {
            return all.filter(f -> f.getNameCount() == temp.getNameCount() + 2)
                    .sorted()
                    .toList();
        }
    }
}

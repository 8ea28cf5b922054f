package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.core.checkpoint.Mutations;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Systems;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Whatever happened to a session file, it is refused with an {@link InvalidInputException} of one line that names it, or
 * gives the very session that was saved; and no more is allocated than a multiple of the file.
 */
class MutatedSessionsTest {
    private static final int TRIES = 250;
    private static final Architecture A =
            Objects.requireNonNull(Systems.all().get("three kinds before two cross stages"));
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static Path folder = Path.of("unset");
    private static YocoModel model = open();
    private static byte[] original = {};
    private static int[] tokens = {};
    private static float[] logits = {};

    private static YocoModel open() {
        EngineOptions options =
                EngineOptions.builder().threads(1).kv(KvFormat.Q8).build();
        return YocoModel.of(A, RandomWeights.of(A, WeightFormat.F32, 1), options);
    }

    @BeforeContainer
    static void save() throws IOException {
        folder = Files.createTempDirectory("sessions");
        Session session = model.session();
        session.generate(
                        new int[] {3, 1, 4, 1, 5, 9, 2, 6},
                        GenerationOptions.builder().maxTokens(3).build())
                .join();
        Path file = folder.resolve("original");
        session.save(file);
        original = Files.readAllBytes(file);
        tokens = session.tokens();
        logits = session.decode(session.pending().orElseThrow());
    }

    @AfterContainer
    static void remove() throws IOException {
        model.close();
        AtomicFiles.deleteRecursively(folder);
    }

    @Property(tries = TRIES, shrinking = ShrinkingMode.OFF)
    void bytes(@ForAll long seed) throws IOException {
        refusesOrGivesTheSame(new Mutations(seed).bytes(original));
    }

    @Property(tries = TRIES, shrinking = ShrinkingMode.OFF)
    void headers(@ForAll long seed) throws IOException {
        refusesOrGivesTheSame(new Mutations(seed).safetensors(original));
    }

    private static void refusesOrGivesTheSame(byte[] content) throws IOException {
        Path file = folder.resolve("mutated");
        Files.write(file, content);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        try (Session restored = model.restore(file)) {
            long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
            assertThat(allocated).isLessThan(64L * content.length + (8 << 20));
            assertThat(restored.tokens()).isEqualTo(tokens);
            assertThat(restored.decode(restored.pending().orElseThrow())).isEqualTo(logits);
        } catch (InvalidInputException e) {
            assertThat(THREADS.getCurrentThreadAllocatedBytes() - before).isLessThan(64L * content.length + (8 << 20));
            assertThat(e.getMessage())
                    .contains(file.toString())
                    .hasSizeLessThan(1300)
                    .doesNotContainPattern("[\\p{Cc}\\u2028\\u2029]");
        }
    }
}

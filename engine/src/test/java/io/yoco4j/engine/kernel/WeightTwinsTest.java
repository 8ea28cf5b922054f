package io.yoco4j.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.checkpoint.WeightFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Both kinds of kernels over every storage format, against the values that went in. The seed is in each message. */
class WeightTwinsTest {
    private static final Kernels[] KERNELS = {KernelSelection.SCALAR.kernels(), KernelSelection.VECTOR.kernels()};

    private final long seed = new Random().nextLong();
    private final Random random = new Random(seed);

    private float[] floats(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    @ParameterizedTest
    @EnumSource(WeightFormat.class)
    void rowsUnpackToWhatWasStored(WeightFormat format) {
        for (int inputs : KernelTwinsTest.sizes().toArray()) {
            RandomStored stored = RandomStored.of(format, 3, inputs, random);
            for (Kernels kernels : KERNELS) {
                for (int from = 0; from < inputs; from += 32) {
                    int n = Math.min(inputs - from, 70);
                    float[] actual = new float[n + 4];
                    kernels.unpack(stored.weight(), 2, from, n, actual, 3);
                    for (int i = 0; i < n; i++) {
                        assertThat(actual[3 + i])
                                .as("seed %d, %s, %d of %d", seed, kernels.name(), from + i, inputs)
                                .isEqualTo(stored.values()[2 * inputs + from + i]);
                    }
                    assertThat(actual[2]).isZero();
                    assertThat(actual[3 + n]).isZero();
                }
            }
        }
    }

    /** n rows of x from index 3 on, as kernels take them, from byte 64 on. */
    private static MemorySegment arranged(Kernels kernels, WeightFormat format, float[] x, int inputs, int n) {
        MemorySegment arranged = Arena.ofAuto().allocate(64 + kernels.arranged(format, inputs, n), 64);
        kernels.arrange(format, x, 3, inputs, n, arranged, 64);
        return arranged;
    }

    @ParameterizedTest
    @EnumSource(WeightFormat.class)
    void rowsMeetAFewVectors(WeightFormat format) {
        for (int inputs : KernelTwinsTest.sizes().toArray()) {
            for (int outputs : new int[] {1, 2, 7, 32}) {
                RandomStored stored = RandomStored.of(format, outputs + 2, inputs, random);
                for (int n : new int[] {1, 2, 3, 4, 5, 8}) {
                    meet(stored, inputs, outputs, n);
                }
            }
        }
    }

    /** All rows but the first and the last. */
    private void meet(RandomStored stored, int inputs, int outputs, int n) {
        Weight w = stored.weight();
        float[] x = floats(n * inputs + 3);
        float[] before = floats(n * w.outputs() + 2);
        for (Kernels kernels : KERNELS) {
            for (boolean add : new boolean[] {false, true}) {
                float[] actual = before.clone();
                MemorySegment arranged = arranged(kernels, w.format(), x, inputs, n);
                float[] scratch = floats(w.dotScratch());
                kernels.dotRows(w, 1, outputs, n, x, 3, arranged, 64, actual, 2, add, scratch);
                for (int r = 0; r < n; r++) {
                    for (int o = 0; o < w.outputs(); o++) {
                        int at = 2 + r * w.outputs() + o;
                        boolean met = o >= 1 && o <= outputs;
                        double sum = add || !met ? before[at] : 0;
                        double size = 1;
                        for (int i = 0; i < inputs && met; i++) {
                            double product = (double) stored.values()[o * inputs + i] * x[3 + r * inputs + i];
                            sum += product;
                            size += Math.abs(product);
                        }
                        assertThat(Math.abs(actual[at] - sum) <= (met ? 1e-6 * size : 0))
                                .as("seed %d, %s, %d x %d inputs, row %d", seed, kernels.name(), n, inputs, o)
                                .isTrue();
                    }
                }
            }
        }
    }

    /** Kernels read by address, and must not where another has been given the memory since. */
    @ParameterizedTest
    @EnumSource(WeightFormat.class)
    void memoryThatIsClosedIsNotRead(WeightFormat format) {
        int inputs = 128;
        Weight open = RandomStored.of(format, 4, inputs, random).weight();
        Weight w;
        try (Arena arena = Arena.ofConfined()) {
            w = new Weight(format, copy(arena, open.data()), copy(arena, open.scales()), 4, inputs);
        }
        float[] x = floats(8 * inputs + 3);
        for (Kernels kernels : KERNELS) {
            assertThatThrownBy(() -> kernels.unpack(w, 1, 32, 64, new float[64], 0))
                    .as(kernels.name())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
            for (int n : new int[] {1, 2, 4, 5, 8}) {
                MemorySegment arranged = arranged(kernels, format, x, inputs, n);
                float[] y = new float[4 * n];
                float[] scratch = new float[w.dotScratch()];
                assertThatThrownBy(() -> kernels.dotRows(w, 0, 4, n, x, 3, arranged, 64, y, 0, false, scratch))
                        .as("%s, %d rows of x", kernels.name(), n)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("closed");
            }
        }
    }

    private static MemorySegment copy(Arena arena, MemorySegment data) {
        return arena.allocate(data.byteSize(), 64).copyFrom(data);
    }
}

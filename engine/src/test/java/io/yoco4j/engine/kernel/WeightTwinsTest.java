package io.yoco4j.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.core.checkpoint.WeightFormat;
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

    @ParameterizedTest
    @EnumSource(WeightFormat.class)
    void rowsUnpackToPanels(WeightFormat format) {
        for (int inputs : KernelTwinsTest.sizes().toArray()) {
            for (int rows : new int[] {1, 31, 32}) {
                RandomStored stored = RandomStored.of(format, rows + 1, inputs, random);
                for (int from = 0; from < inputs; from += 64) {
                    int k = Math.min(inputs - from, 100);
                    for (Kernels kernels : KERNELS) {
                        float[] panel = floats(32 * k + 1);
                        float beyond = panel[32 * k];
                        kernels.unpackPanel(
                                stored.weight(), 1, rows, from, k, panel, new int[32 * k], new float[k + 32]);
                        for (int i = 0; i < 32 * k; i++) {
                            int row = i % 32;
                            float expected = row < rows ? stored.values()[(1 + row) * inputs + from + i / 32] : 0;
                            assertThat(panel[i])
                                    .as("seed %d, %s, %d rows, %d of %d", seed, kernels.name(), rows, from, inputs)
                                    .isEqualTo(expected, within(0f));
                        }
                        assertThat(panel[32 * k]).isEqualTo(beyond);
                    }
                }
            }
        }
    }

    /** x from index 3 on, as kernels take it, at index 3. */
    private static float[] arranged(Kernels kernels, WeightFormat format, float[] x, int inputs) {
        int size = kernels.arranged(format, inputs);
        if (size == 0) {
            return x;
        }
        float[] arranged = new float[size + 3];
        kernels.arrange(format, x, 3, inputs, arranged, 3);
        return arranged;
    }

    @ParameterizedTest
    @EnumSource(WeightFormat.class)
    void rowsMeetAVector(WeightFormat format) {
        for (int inputs : KernelTwinsTest.sizes().toArray()) {
            for (int outputs : new int[] {1, 2, 7, 32}) {
                RandomStored stored = RandomStored.of(format, outputs + 2, inputs, random);
                float[] x = floats(inputs + 3);
                float[] before = floats(outputs + 3);
                for (Kernels kernels : KERNELS) {
                    for (boolean add : new boolean[] {false, true}) {
                        float[] actual = before.clone();
                        float[] scratch = new float[stored.weight().dotScratch()];
                        float[] arranged = arranged(kernels, format, x, inputs);
                        kernels.dotRows(stored.weight(), 1, outputs, arranged, 3, actual, 2, add, scratch);
                        for (int o = 0; o < outputs; o++) {
                            double sum = add ? before[2 + o] : 0;
                            double size = 1;
                            for (int i = 0; i < inputs; i++) {
                                double product = (double) stored.values()[(1 + o) * inputs + i] * x[3 + i];
                                sum += product;
                                size += Math.abs(product);
                            }
                            assertThat(Math.abs(actual[2 + o] - sum) <= 1e-6 * size)
                                    .as("seed %d, %s, %d inputs, row %d", seed, kernels.name(), inputs, o)
                                    .isTrue();
                        }
                        assertThat(actual[1]).isEqualTo(before[1]);
                        assertThat(actual[2 + outputs]).isEqualTo(before[2 + outputs]);
                    }
                }
            }
        }
    }
}

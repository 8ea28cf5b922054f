package io.yoco4j.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.checkpoint.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MatMulTest {
    private final Random random = new Random(11);

    private float[] floats(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = random.nextFloat() - 0.5f;
        }
        return x;
    }

    private static Weight weight(float[] values, int outputs, int inputs) {
        MemorySegment data = Arena.ofAuto().allocate(4L * values.length, 64);
        MemorySegment.copy(
                values, 0, data, ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN), 0, values.length);
        return new Weight(data, DType.F32, outputs, inputs);
    }

    /** Rows on both sides of every border: few and many, tiles of 8, panels of 32, blocks of 256 inputs. */
    @ParameterizedTest
    @EnumSource(
            value = KernelSelection.class,
            names = {"SCALAR", "VECTOR"})
    void multipliesAnyShape(KernelSelection kernels) {
        try (WorkerPool pool = new WorkerPool(2)) {
            MatMul matMul = new MatMul(kernels.kernels(), pool);
            for (int n : new int[] {1, 2, 5, 6, 8, 9, 33}) {
                for (int inputs : new int[] {1, 40, 256, 300}) {
                    for (int outputs : new int[] {1, 31, 32, 70, 130}) {
                        float[] x = floats(n * inputs);
                        float[] a = floats(outputs * inputs);
                        float[] b = floats(7 * inputs);
                        float[] setTo = floats(n * outputs);
                        float[] addedTo = floats(n * 7);
                        double[] before = new double[addedTo.length];
                        for (int i = 0; i < before.length; i++) {
                            before[i] = addedTo[i];
                        }
                        matMul.input(x, n, inputs)
                                .into(weight(a, outputs, inputs), setTo)
                                .addTo(weight(b, 7, inputs), addedTo)
                                .run();
                        requireProduct(setTo, new double[n * outputs], x, a, n, inputs, outputs);
                        requireProduct(addedTo, before, x, b, n, inputs, 7);
                    }
                }
            }
        }
    }

    private static void requireProduct(
            float[] actual, double[] before, float[] x, float[] w, int n, int inputs, int outputs) {
        double worst = 0;
        for (int r = 0; r < n; r++) {
            for (int o = 0; o < outputs; o++) {
                double sum = before[r * outputs + o];
                for (int i = 0; i < inputs; i++) {
                    sum += (double) x[r * inputs + i] * w[o * inputs + i];
                }
                double difference = Math.abs(actual[r * outputs + o] - sum);
                worst = difference <= worst ? worst : difference;
            }
        }
        assertThat(worst).as("%d x %d x %d", n, inputs, outputs).isLessThan(1e-5);
    }
}

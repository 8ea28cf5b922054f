package io.yoco4j.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.checkpoint.WeightFormat;
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

    /** Rows on both sides of every border: few and many, blocks of 4, tiles of 8, panels of 32, blocks of inputs. */
    @ParameterizedTest
    @EnumSource(
            value = KernelSelection.class,
            names = {"SCALAR", "VECTOR"})
    void multipliesAnyShapeInAnyFormat(KernelSelection kernels) {
        try (WorkerPool pool = new WorkerPool(2)) {
            MatMul matMul = new MatMul(kernels.kernels(), pool);
            for (int n : new int[] {1, 2, 5, 8, 23, 24, 25, 33}) {
                for (int inputs : new int[] {1, 40, 256, 300}) {
                    for (int outputs : new int[] {1, 31, 32, 70}) {
                        for (WeightFormat format : formats(inputs)) {
                            multiply(matMul, format, n, inputs, outputs);
                        }
                    }
                }
            }
            multiply(matMul, WeightFormat.Q8, 3, 2100, 6);
        }
    }

    /** All where several groups have a short one behind them, else one. */
    private static WeightFormat[] formats(int inputs) {
        return inputs == 300 ? WeightFormat.values() : new WeightFormat[] {WeightFormat.F32};
    }

    private void multiply(MatMul matMul, WeightFormat format, int n, int inputs, int outputs) {
        float[] x = floats(n * inputs);
        RandomStored a = RandomStored.of(format, outputs, inputs, random);
        RandomStored b = RandomStored.of(format, 7, inputs, random);
        float[] setTo = floats(n * outputs);
        float[] addedTo = floats(n * 7);
        double[] before = new double[addedTo.length];
        for (int i = 0; i < before.length; i++) {
            before[i] = addedTo[i];
        }
        matMul.input(x, n, inputs)
                .into(a.weight(), setTo)
                .addTo(b.weight(), addedTo)
                .run();
        String what = format + ", " + n + " x " + inputs + " x " + outputs;
        requireProduct(setTo, new double[n * outputs], x, a.values(), n, inputs, outputs, what);
        requireProduct(addedTo, before, x, b.values(), n, inputs, 7, what);
    }

    private static void requireProduct(
            float[] actual, double[] before, float[] x, float[] w, int n, int inputs, int outputs, String what) {
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
        assertThat(worst).as(what).isLessThan(5e-5);
    }
}

package io.yoco4j.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.checkpoint.WeightFormat;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class MatMulTest {
    private final Random random = new Random(11);

    private float[] floats(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = random.nextFloat() - 0.5f;
        }
        return x;
    }

    /** Rows on both sides of every border: few and many, strips, blocks of inputs, of outputs and of rows. */
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
            multiply(matMul, WeightFormat.Q8, 34, 40, 1003);
            multiply(matMul, WeightFormat.F32, 517, 33, 13);
            multiply(matMul, WeightFormat.BF16, 1025, 5, 3);
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

    /** Below and above the limit of few rows, beside a matrix that they do not take. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 30})
    void leavesToOthersWhatTheyTake(int n) {
        int inputs = 70;
        FakeProducts fake = new FakeProducts();
        try (WorkerPool pool = new WorkerPool(2)) {
            MatMul matMul = new MatMul(KernelSelection.VECTOR.kernels(), pool, Optional.of(fake));
            float[] x = floats(n * inputs);
            RandomStored a = RandomStored.of(WeightFormat.BF16, 12, inputs, random);
            RandomStored b = RandomStored.of(WeightFormat.F32, 40, inputs, random);
            RandomStored c = RandomStored.of(WeightFormat.BF16, 3, inputs, random);
            float[] outA = floats(n * 12);
            float[] outB = floats(n * 40);
            float[] outC = new float[n * 3];
            Arrays.fill(outC, 1);
            double[] ones = new double[n * 3];
            Arrays.fill(ones, 1);
            for (int i = 0; i < 2; i++) {
                matMul.input(x, n, inputs)
                        .into(a.weight(), outA)
                        .into(b.weight(), outB)
                        .addTo(c.weight(), outC)
                        .run();
                requireProduct(outA, new double[n * 12], x, a.values(), n, inputs, 12, "a");
                requireProduct(outB, new double[n * 40], x, b.values(), n, inputs, 40, "b");
                requireProduct(outC, ones, x, c.values(), n, inputs, 3, "c");
                Arrays.fill(outC, 1);
            }
        }
        if (n == 2) {
            assertThat(fake.inputs).isEmpty();
            assertThat(fake.slices).isEmpty();
        } else {
            assertThat(fake.inputs).containsExactly(n, n);
            assertThat(fake.slices).containsExactlyInAnyOrder("0+5", "5+5", "10+2", "0+3", "0+5", "5+5", "10+2", "0+3");
        }
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

package io.yoco4j.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import com.sun.management.ThreadMXBean;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.engine.kernel.KernelSelection;
import io.yoco4j.engine.kernel.Kernels;
import io.yoco4j.engine.kernel.ManyRowProducts;
import io.yoco4j.engine.kernel.MatMul;
import io.yoco4j.engine.kernel.Weight;
import io.yoco4j.engine.kernel.WorkerPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class OneDnnProductsTest {
    private static final Kernels KERNELS = KernelSelection.AUTO.kernels();

    private final Random random = new Random(5);

    @BeforeAll
    static void library() {
        Here.assumeOneDnn();
    }

    /**
     * Operands are bfloat16, the input rounded to it and quantized weights, too; the sum is float32, in whatever order. So
     * against a sum of the same operands in float64 only that sum's rounding shows.
     */
    private static void requireProduct(
            float[] actual, float[] before, float[] x, Weight w, int n, boolean exact, String what) {
        int inputs = w.inputs();
        for (int o = 0; o < w.outputs(); o++) {
            float[] row = RandomWeight.row(w, o);
            float[] operand = exact ? row : RandomWeight.rounded(row);
            for (int r = 0; r < n; r++) {
                double sum = before[r * w.outputs() + o];
                double size = Math.abs(sum);
                for (int i = 0; i < inputs; i++) {
                    double term = (double) x[r * inputs + i] * operand[i];
                    sum += term;
                    size += Math.abs(term);
                }
                double off = Math.abs(actual[r * w.outputs() + o] - sum);
                assertThat(off)
                        .as("%s, row %d, output %d", what, r, o)
                        .isLessThanOrEqualTo(size * 0x1p-24 * (4 + inputs / 8.0));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(WeightFormat.class)
    void multipliesAnyShape(WeightFormat format) {
        boolean taken = new OneDnn().formats().contains(format);
        try (WorkerPool pool = new WorkerPool(2);
                ManyRowProducts products = new OneDnn().open(KERNELS, 2)) {
            MatMul matMul = new MatMul(KERNELS, pool, Optional.of(products));
            for (int n : new int[] {1, 7, 8, 15, 16, 17, 31, 33, 70}) {
                for (int inputs : new int[] {1, 31, 64, 301}) {
                    for (int outputs : new int[] {1, 63, 64, 130}) {
                        multiply(matMul, products, format, taken, n, inputs, outputs);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {129, 500, 512, 513, 1040})
    void multipliesInBlocksOfRows(int n) {
        try (WorkerPool pool = new WorkerPool(2);
                ManyRowProducts products = new OneDnn().open(KERNELS, 2)) {
            MatMul matMul = new MatMul(KERNELS, pool, Optional.of(products));
            multiply(matMul, products, WeightFormat.BF16, true, n, 40, 65);
            multiply(matMul, products, WeightFormat.Q8, true, n, 33, 3);
        }
    }

    /** Whatever the layout, every number of rows must find it: it was chosen for one of them. */
    @ParameterizedTest
    @EnumSource(
            value = WeightFormat.class,
            names = {"BF16", "Q8", "Q4"})
    void multipliesPrepackedWeightsOfAnyShape(WeightFormat format) {
        try (WorkerPool pool = new WorkerPool(2);
                ManyRowProducts products = new OneDnn().open(KERNELS, 2)) {
            MatMul matMul = new MatMul(KERNELS, pool, Optional.of(products));
            for (int inputs : new int[] {1, 31, 64, 301}) {
                for (int outputs : new int[] {1, 63, 64, 130}) {
                    Weight a = RandomWeight.of(format, outputs, inputs, random);
                    Weight b = RandomWeight.of(format, 7, inputs, random);
                    assertThat(products.prepack(a, pool)).isGreaterThanOrEqualTo(2L * outputs * inputs);
                    assertThat(products.prepack(b, pool)).isPositive();
                    assertThat(products.prepack(b, pool)).as("again").isZero();
                    for (int n : new int[] {1, 7, 8, 15, 16, 17, 31, 33, 70, 513}) {
                        assertThat(products.takes(a, n)).isEqualTo(n >= 8);
                        multiply(matMul, products, a, b, n);
                    }
                }
            }
        }
    }

    /** As the weights of a file that was replaced would not: the copy is the model's own. */
    @Test
    void prepackedWeightsAreCopies() {
        int inputs = 40;
        float[] x = RandomWeight.floats(20 * inputs, random);
        float[] before = new float[20 * 70];
        float[] after = before.clone();
        try (WorkerPool pool = new WorkerPool(1);
                ManyRowProducts products = new OneDnn().open(KERNELS, 1)) {
            MatMul matMul = new MatMul(KERNELS, pool, Optional.of(products));
            Weight w = RandomWeight.of(WeightFormat.Q4, 70, inputs, random);
            matMul.input(x, 20, inputs).into(w, before).run();
            products.prepack(w, pool);
            w.data().fill((byte) 0);
            matMul.input(x, 20, inputs).into(w, after).run();
        }
        for (int i = 0; i < before.length; i++) {
            assertThat(after[i]).isCloseTo(before[i], offset(1e-3f * (1 + Math.abs(before[i]))));
        }
    }

    @Test
    void prepacksNothingThatItDoesNotTake() {
        try (WorkerPool pool = new WorkerPool(1);
                ManyRowProducts products = new OneDnn().open(KERNELS, 1)) {
            for (WeightFormat format : new WeightFormat[] {WeightFormat.F32, WeightFormat.F16}) {
                assertThat(products.prepack(RandomWeight.of(format, 4, 8, random), pool))
                        .isZero();
            }
        }
    }

    private void multiply(
            MatMul matMul,
            ManyRowProducts products,
            WeightFormat format,
            boolean ofTakenFormat,
            int n,
            int inputs,
            int outputs) {
        Weight a = RandomWeight.of(format, outputs, inputs, random);
        Weight b = RandomWeight.of(format, 7, inputs, random);
        assertThat(products.takes(a, n)).isEqualTo(ofTakenFormat && n >= (format.quantized() ? 16 : 8));
        multiply(matMul, products, a, b, n);
    }

    private void multiply(MatMul matMul, ManyRowProducts products, Weight a, Weight b, int n) {
        WeightFormat format = a.format();
        int inputs = a.inputs();
        int outputs = a.outputs();
        float[] x = RandomWeight.floats(n * inputs, random);
        Weight c = RandomWeight.of(WeightFormat.F32, 9, inputs, random);
        boolean taken = products.takes(a, n);
        float[] setTo = new float[n * outputs];
        Arrays.fill(setTo, Float.NaN);
        float[] addedTo = RandomWeight.floats(n * 7, random);
        float[] before = addedTo.clone();
        float[] own = new float[n * 9];
        matMul.input(x, n, inputs).into(a, setTo).addTo(b, addedTo).into(c, own).run();
        String what = format + ", " + n + " x " + inputs + " x " + outputs;
        float[] operand = taken ? RandomWeight.rounded(x) : x;
        requireProduct(setTo, new float[n * outputs], operand, a, n, !taken, what);
        requireProduct(addedTo, before, operand, b, n, !taken, what + ", added");
        requireProduct(own, new float[n * 9], x, c, n, true, what + ", float32 beside it");
    }

    @Test
    void keepsNotANumberToItsRow() {
        int inputs = 48;
        int n = 20;
        float[] x = RandomWeight.floats(n * inputs, random);
        x[3 * inputs + 5] = Float.NaN;
        Weight w = RandomWeight.of(WeightFormat.BF16, 10, inputs, random);
        float[] out = new float[n * 10];
        try (WorkerPool pool = new WorkerPool(1);
                ManyRowProducts products = new OneDnn().open(KERNELS, 1)) {
            MatMul matMul = new MatMul(KERNELS, pool, Optional.of(products));
            for (int rows : new int[] {n, n - 1}) {
                matMul.input(x, rows, inputs).into(w, out).run();
                for (int i = 0; i < rows * 10; i++) {
                    assertThat(Float.isNaN(out[i])).isEqualTo(i / 10 == 3);
                }
            }
        }
    }

    @Test
    void readsWeightsOnTheHeapInJava() {
        Weight w = RandomWeight.of(WeightFormat.BF16, 4, 8, random);
        MemorySegment heap = MemorySegment.ofArray(w.data().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
        try (ManyRowProducts products = new OneDnn().open(KERNELS, 1)) {
            assertThat(products.takes(w, 100)).isTrue();
            assertThat(products.takes(new Weight(WeightFormat.BF16, heap, MemorySegment.NULL, 4, 8), 100))
                    .isFalse();
        }
    }

    @Test
    void refusesWeightsThatAreGoneAndUseAfterItsEnd() {
        try (WorkerPool pool = new WorkerPool(1)) {
            ManyRowProducts products = new OneDnn().open(KERNELS, 1);
            MatMul matMul = new MatMul(KERNELS, pool, Optional.of(products));
            float[] x = new float[32 * 8];
            float[] out = new float[32 * 4];
            Weight gone;
            try (Arena arena = Arena.ofShared()) {
                gone = new Weight(WeightFormat.BF16, arena.allocate(2 * 4 * 8), MemorySegment.NULL, 4, 8);
                matMul.input(x, 32, 8).into(gone, out).run();
            }
            assertThatThrownBy(() -> matMul.input(x, 32, 8).into(gone, out).run())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("no longer there");
            products.close();
            products.close();
            Weight there = RandomWeight.of(WeightFormat.BF16, 4, 8, random);
            assertThatThrownBy(() -> matMul.input(x, 32, 8).into(there, out).run())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
            assertThatThrownBy(() -> products.prepack(there, pool))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
        }
    }

    @Test
    void closingEndsEveryObjectOfTheLibrary() {
        int before = Dnnl.OBJECTS.get();
        for (int i = 0; i < 3; i++) {
            try (WorkerPool pool = new WorkerPool(2);
                    ManyRowProducts products = new OneDnn().open(KERNELS, 2)) {
                MatMul matMul = new MatMul(KERNELS, pool, Optional.of(products));
                for (int n : new int[] {8, 20, 21, 100}) {
                    multiply(matMul, products, WeightFormat.BF16, true, n, 96, 70);
                }
                Weight w = RandomWeight.of(WeightFormat.Q8, 70, 96, random);
                products.prepack(w, pool);
                multiply(matMul, products, w, RandomWeight.of(WeightFormat.Q8, 7, 96, random), 20);
                assertThat(Dnnl.OBJECTS.get()).isGreaterThan(before + 10);
            }
            assertThat(Dnnl.OBJECTS.get()).isEqualTo(before);
        }
    }

    /** Other users of OpenMP on this thread, libtorch for one, keep the threads they had. */
    @Test
    void leavesTheThreadsOpenMpSettingAsItWas() {
        Dnnl.threads(3);
        try (WorkerPool pool = new WorkerPool(1);
                ManyRowProducts products = new OneDnn().open(KERNELS, 1)) {
            multiply(new MatMul(KERNELS, pool, Optional.of(products)), products, WeightFormat.BF16, true, 9, 32, 64);
            assertThat(Dnnl.threads()).isEqualTo(3);
        }
    }

    @Tag("slow")
    @ParameterizedTest
    @EnumSource(
            value = WeightFormat.class,
            names = {"BF16", "Q8", "Q4"})
    void allocatesNothingInSteadyState(WeightFormat format) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Weight w = RandomWeight.of(format, 200, 320, random);
        float[] x = RandomWeight.floats(100 * 320, random);
        float[] out = new float[100 * 200];
        try (WorkerPool pool = new WorkerPool(1);
                ManyRowProducts products = new OneDnn().open(KERNELS, 1)) {
            MatMul matMul = new MatMul(KERNELS, pool, Optional.of(products));
            for (int i = 0; i < 20_000; i++) {
                matMul.input(x, 60 + i % 40, 320).into(w, out).addTo(w, out).run();
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 1000; i++) {
                matMul.input(x, 60 + i % 40, 320).into(w, out).addTo(w, out).run();
            }
            assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(50_000);
        }
    }
}

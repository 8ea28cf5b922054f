package io.yoco4j.engine.kernel;

import io.yoco4j.core.checkpoint.WeightFormat;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Products of matrices in bfloat16 as plain loops, in slices of 5, which note what they are asked for. */
public final class FakeProducts implements ManyRowProducts {
    private static final Kernels SCALAR = KernelSelection.SCALAR.kernels();

    final List<Integer> inputs = new ArrayList<>();
    final ConcurrentLinkedQueue<String> slices = new ConcurrentLinkedQueue<>();
    final List<Weight> prepacked = new ArrayList<>();
    long copyBytes = 1;
    public boolean closed;
    private float[] x = {};
    private int rows;

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public boolean takes(Weight w, int n) {
        return w.format() == WeightFormat.BF16 && n > 2;
    }

    @Override
    public int slice() {
        return 5;
    }

    @Override
    public long prepack(Weight w, WorkerPool pool) {
        prepacked.add(w);
        return copyBytes;
    }

    @Override
    public void input(float[] values, int n, int width, WorkerPool pool) {
        x = values;
        rows = n;
        inputs.add(n);
    }

    @Override
    public void multiply(Weight w, int first, int outputs, float[] out, boolean add, int worker) {
        slices.add(first + "+" + outputs);
        float[] row = new float[w.inputs()];
        for (int o = first; o < first + outputs; o++) {
            SCALAR.unpack(w, o, 0, w.inputs(), row, 0);
            for (int r = 0; r < rows; r++) {
                float sum = 0;
                for (int i = 0; i < w.inputs(); i++) {
                    sum += x[r * w.inputs() + i] * row[i];
                }
                int at = r * w.outputs() + o;
                out[at] = add ? out[at] + sum : sum;
            }
        }
    }

    @Override
    public void close() {
        closed = true;
    }

    /** Makes them, and remembers the last. */
    public static final class Provider implements ManyRowProducts.Provider {
        public static FakeProducts last = new FakeProducts();
        static long copyBytes = 1;

        public Provider() {}

        @Override
        public String name() {
            return "fake";
        }

        @Override
        public Set<WeightFormat> formats() {
            return EnumSet.of(WeightFormat.BF16);
        }

        @Override
        public ManyRowProducts open(Kernels kernels, int threads) {
            last = new FakeProducts();
            last.copyBytes = copyBytes;
            return last;
        }
    }

    /** Is there, but does not run. */
    public static final class Refusing implements ManyRowProducts.Provider {
        public Refusing() {}

        @Override
        public String name() {
            return "refusing";
        }

        @Override
        public Set<WeightFormat> formats() {
            return EnumSet.of(WeightFormat.BF16, WeightFormat.Q8);
        }

        @Override
        public ManyRowProducts open(Kernels kernels, int threads) {
            throw new UnsupportedOperationException("the moon is not full");
        }
    }
}

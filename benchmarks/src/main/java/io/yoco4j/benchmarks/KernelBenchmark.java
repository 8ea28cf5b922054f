package io.yoco4j.benchmarks;

import io.yoco4j.engine.kernel.KernelSelection;
import io.yoco4j.engine.kernel.Kernels;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Kernels that are called by turns: vector ones and their scalar twins. Each benchmark returns what it computed; what is
 * computed in place must keep normal values however often it runs.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public abstract class KernelBenchmark {
    static final int PANEL = Kernels.PANEL;

    private final Random random = new Random(1);

    @Param({"SCALAR", "VECTOR"})
    KernelSelection selection = KernelSelection.AUTO;

    Kernels kernels = KernelSelection.SCALAR.kernels();

    @Setup
    public void select() {
        kernels = selection.kernels();
    }

    /** Normally distributed. */
    final float[] floats(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    /** Upper halves of floats. */
    final short[] bfloats(int n) {
        float[] x = floats(n);
        short[] out = new short[n];
        for (int i = 0; i < n; i++) {
            out[i] = (short) (Float.floatToRawIntBits(x[i]) >>> 16);
        }
        return out;
    }

    final byte[] bytes(int n) {
        byte[] out = new byte[n];
        random.nextBytes(out);
        return out;
    }
}

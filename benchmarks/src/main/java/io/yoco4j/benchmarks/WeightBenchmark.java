package io.yoco4j.benchmarks;

import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.engine.kernel.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Stored matrices in every format, 2048 wide, read in order from memory that no cache holds. */
public class WeightBenchmark extends KernelBenchmark {
    static final int INPUTS = 2048;
    /** Rows of a task of a product with few rows. */
    static final int ROWS = 32;

    private static final long BYTES = 128L << 20;

    /** Rows of x of a product with a few. */
    private static final int WIDE = 8;

    private static final int PAIR = 2;

    private final float[] x = floats(WIDE * INPUTS);
    private final float[] wide = new float[INPUTS];

    @Param
    WeightFormat format = WeightFormat.F32;

    private Weight weight = new Weight(WeightFormat.F32, MemorySegment.NULL, MemorySegment.NULL, 0, INPUTS);
    private float[] scratch = {};
    private float[] y = {};
    private MemorySegment one = MemorySegment.NULL;
    private MemorySegment two = MemorySegment.NULL;
    private MemorySegment eight = MemorySegment.NULL;
    private int next;

    @Setup(Level.Trial)
    public void fill() {
        fill((int) (BYTES / format.rowBytes(INPUTS)) / ROWS * ROWS);
    }

    void fill(int outputs) {
        weight = random(outputs);
        scratch = new float[weight.dotScratch()];
        y = new float[WIDE * outputs];
        one = arranged(1);
        two = arranged(PAIR);
        eight = arranged(WIDE);
    }

    private MemorySegment arranged(int n) {
        MemorySegment out = Arena.ofAuto().allocate(kernels.arranged(format, INPUTS, n), 64);
        kernels.arrange(format, x, 0, INPUTS, n, out, 0);
        return out;
    }

    private Weight random(int outputs) {
        int groups = WeightFormat.groups(INPUTS);
        SplittableRandom random = new SplittableRandom(1);
        MemorySegment scales = MemorySegment.NULL;
        if (format.quantized()) {
            scales = Arena.ofAuto().allocate(2L * outputs * groups, 64);
            for (long i = 0; i < (long) outputs * groups; i++) {
                scales.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(0x1p-7f) >>> 16));
            }
        }
        long bytes = format.rowBytes(INPUTS) * outputs - scales.byteSize();
        MemorySegment data = Arena.ofAuto().allocate(bytes, 64);
        for (long at = 0; at < bytes; at += 8) {
            data.set(ValueLayout.JAVA_LONG, at, value(random));
        }
        return new Weight(format, data, scales, outputs, INPUTS);
    }

    /** Eight bytes of values between -1 and 1; of bytes and nibbles, any. */
    private long value(SplittableRandom random) {
        return switch (format) {
            case F32 -> pack(Float.floatToRawIntBits(signed(random)), Float.floatToRawIntBits(signed(random)));
            case BF16 -> halves(Float.floatToRawIntBits(signed(random)) >>> 16);
            case F16 -> halves(Float.floatToFloat16(signed(random)) & 0xffff);
            case Q8, Q4 -> random.nextLong();
        };
    }

    private static float signed(SplittableRandom random) {
        return (float) random.nextDouble(-1, 1);
    }

    private static long halves(int half) {
        return pack(half << 16 | half, half << 16 | half);
    }

    private static long pack(int low, int high) {
        return (long) high << 32 | Integer.toUnsignedLong(low);
    }

    /** Of as many rows, the first of those that come next. */
    private int advance(int rows) {
        int first = next;
        next = next + 2 * rows <= weight.outputs() ? next + rows : 0;
        return first;
    }

    @Benchmark
    @Work(flops = 2L * ROWS * INPUTS, weights = (long) ROWS * INPUTS)
    public float[] dotRows() {
        kernels.dotRows(weight, advance(ROWS), ROWS, 1, x, 0, one, 0, y, 0, false, scratch);
        return y;
    }

    @Benchmark
    @Work(flops = 2L * PAIR * ROWS * INPUTS, weights = (long) ROWS * INPUTS)
    public float[] dotRowsPair() {
        kernels.dotRows(weight, advance(ROWS), ROWS, PAIR, x, 0, two, 0, y, 0, false, scratch);
        return y;
    }

    @Benchmark
    @Work(flops = 2L * WIDE * ROWS * INPUTS, weights = (long) ROWS * INPUTS)
    public float[] dotRowsWide() {
        kernels.dotRows(weight, advance(ROWS), ROWS, WIDE, x, 0, eight, 0, y, 0, false, scratch);
        return y;
    }

    @Benchmark
    @Work(weights = INPUTS)
    public float[] unpack() {
        kernels.unpack(weight, advance(1), 0, INPUTS, wide, 0);
        return wide;
    }
}

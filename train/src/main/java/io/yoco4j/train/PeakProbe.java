package io.yoco4j.train;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The rate at which libtorch multiplies large matrices here and now: what a training step's share is a share of. */
public final class PeakProbe {
    private static final int SIZE = 1024;
    /** A product that takes little even where it is slow. */
    private static final int SMALL = 256;

    private static final long NANOS = 300_000_000;

    private PeakProbe() {}

    /**
     * Whether libtorch multiplies faster in bfloat16 than in float32 here: without instructions for it, bfloat16 is a hundred
     * times slower.
     */
    public static boolean bf16Pays() {
        return flops(true, SMALL) > flops(false, SMALL);
    }

    /** FLOP/s of the fastest of many products of 1024 x 1024 matrices, within about 0.3 s. */
    static double flops(boolean bf16) {
        return flops(bf16, SIZE);
    }

    private static double flops(boolean bf16, int size) {
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            ScalarType type = bf16 ? ScalarType.BFloat16 : ScalarType.Float;
            Tensor a = torch.ones(new long[] {size, size}, new TensorOptions(type));
            Tensor out = torch.empty(new long[] {size, size}, new TensorOptions(type), null);
            long best = Long.MAX_VALUE;
            long end = System.nanoTime() + NANOS;
            while (System.nanoTime() < end) {
                long start = System.nanoTime();
                torch.matmul_out(out, a, a);
                best = Math.min(best, System.nanoTime() - start);
            }
            return 2.0 * size * size * size / best * 1e9;
        }
    }
}

package io.yoco4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.train.model.Torch;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class AdamWTest {
    /** As many of one size as make a single float32 accumulator stand still. */
    @Test
    void theNormOfMillionsIsThatOfTheirSquares() {
        float value = 0.1f;
        for (long n : new long[] {1, 1000, 1 << 16, (1 << 16) + 1, (1 << 24) + 77}) {
            try (PointerScope _ = new PointerScope()) {
                Tensor flat = torch.full(new long[] {n}, new Scalar(value));
                double expected = value * Math.sqrt(n);
                assertThat(AdamW.norm(flat)).as("%d values", n).isCloseTo(expected, within(1e-5 * expected));
            }
        }
    }

    @Test
    void valuesThatAreNoNumbersShow() {
        try (PointerScope _ = new PointerScope()) {
            Tensor flat = Torch.floats(new float[] {1, Float.NaN, 2}, 3);
            assertThat(AdamW.norm(flat)).isNaN();
            assertThat(AdamW.norm(Torch.floats(new float[] {Float.POSITIVE_INFINITY}, 1)))
                    .isInfinite();
        }
    }
}

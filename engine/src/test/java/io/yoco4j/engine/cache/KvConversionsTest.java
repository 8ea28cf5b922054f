package io.yoco4j.engine.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.engine.kernel.ScalarKernels;
import java.math.BigDecimal;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

/** The numbers that narrow formats store, against their definitions. */
class KvConversionsTest {

    @Property
    void bf16IsTheNearest(@ForAll float x) {
        float rounded = Bf16.widen(Bf16.round(x));
        short bits = Bf16.round(x);
        if (Float.isInfinite(rounded)) {
            assertThat(Math.abs(x)).isGreaterThan(0x1.fep127f);
            return;
        }
        double error = Math.abs((double) rounded - x);
        for (int step : new int[] {-1, 1}) {
            float neighbour = Bf16.widen((short) (bits + step));
            if (Float.isFinite(neighbour)) {
                double other = Math.abs((double) neighbour - x);
                assertThat(error).isLessThanOrEqualTo(other);
                assertThat(error < other || (bits & 1) == 0)
                        .as("ties go to even")
                        .isTrue();
            }
        }
    }

    @Example
    void bf16KeepsWhatHasNoNumber() {
        for (float x : new float[] {0f, -0f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 1.5f, -1.5f}) {
            assertThat(Bf16.widen(Bf16.round(x))).isEqualTo(x);
        }
        for (int nan : new int[] {0x7fffffff, 0xffffffff, 0x7f800001, 0x7fc00000}) {
            assertThat(Bf16.widen(Bf16.round(Float.intBitsToFloat(nan)))).isNaN();
        }
        // Halfway between two: to the even one, up and down.
        assertThat(Bf16.round(0x1.01p0f)).isEqualTo((short) 0x3f80);
        assertThat(Bf16.round(0x1.03p0f)).isEqualTo((short) 0x3f82);
    }

    @Example
    void aRunUnpacksByShiftAndMask() {
        float[] columns = new float[32];
        for (int c = 0; c < 32; c++) {
            columns[c] = c - 7;
        }
        short[] run = new short[40];
        Bf16.pack(columns, 0, 32, run, 8);
        float[] out = new float[70];
        new ScalarKernels().widen(run, 8, 1, out, 5);
        for (int i = 0; i < 16; i++) {
            int pair = run[8 + 2 * i] & 0xffff | run[8 + 2 * i + 1] << 16;
            assertThat(Float.intBitsToFloat(pair << 16)).isEqualTo(columns[i]).isEqualTo(out[5 + i]);
            assertThat(Float.intBitsToFloat(pair & 0xffff0000))
                    .isEqualTo(columns[16 + i])
                    .isEqualTo(out[5 + 16 + i]);
        }
    }

    @Property
    void q8IsWithinHalfAScaleAndCutsNothingOff(@ForAll @Size(min = 1, max = 32) float[] x) {
        short stored = Q8.scale(x, 0, x.length);
        float scale = Bf16.widen(stored);
        float max = 0;
        for (float v : x) {
            max = Math.max(max, Math.abs(v));
        }
        assertThat(new BigDecimal(scale)).isGreaterThanOrEqualTo(new BigDecimal(max / 127));
        assertThat(scale == 0 || Bf16.widen((short) (stored - 1)) < max / 127)
                .as("the smallest such scale")
                .isTrue();
        for (float v : x) {
            byte q = Q8.quantize(v, scale);
            assertThat(q).isBetween((byte) -127, (byte) 127);
            // The quotient is rounded to float32 before it is rounded to an integer.
            assertThat(Math.abs((double) scale * q - v)).isLessThanOrEqualTo(scale * 0.50001 + (scale == 0 ? max : 0));
        }
    }

    @Example
    void q8OfZerosIsZeroAndWhatIsNotFiniteStaysSo() {
        assertThat(Q8.scale(new float[32], 0, 32)).isZero();
        assertThat(Q8.quantize(0, 0)).isZero();
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float scale = Bf16.widen(Q8.scale(new float[] {1, bad, 2}, 0, 3));
            assertThat(Float.isFinite(scale * Q8.quantize(bad, scale))).isFalse();
        }
    }
}

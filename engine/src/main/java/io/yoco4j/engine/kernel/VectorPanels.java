package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.I;
import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.LINE;
import static io.yoco4j.engine.kernel.RawMemory.ALL;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Panels [k][32] from 32 stored rows on the Vector API. Whole words of 4 bytes are put in their columns first, then widened
 * 32 at a time: so what has to be moved one by one is 2, 4 or 8 times less than the values.
 */
final class VectorPanels {
    private static final int PANEL = Kernels.PANEL;
    private static final int GROUP = VectorWeights.GROUP;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(Lanes.LITTLE);

    private VectorPanels() {}

    /** As {@link WeightKernels#unpackPanel}. */
    static void unpack(Weight w, int first, int rows, int from, int k, float[] panel, int[] words, float[] scales) {
        int whole = k / GROUP * GROUP;
        switch (w.format()) {
            case F32 -> transposeFloats(w, first, rows, from, whole, panel);
            case BF16 -> {
                transposeWords(w, first, rows, 2L * from, whole / 2, words);
                widenBf16(words, whole / 2, panel);
            }
            case F16 -> {
                transposeWords(w, first, rows, 2L * from, whole / 2, words);
                widenF16(words, whole / 2, panel);
            }
            case Q8 -> {
                transposeWords(w, first, rows, from, whole / 4, words);
                transposeScales(w, first, rows, from / GROUP, whole / GROUP, scales);
                widenQ8(words, whole / 4, scales, panel);
            }
            case Q4 -> {
                transposeWords(w, first, rows, from / 2, whole / 8, words);
                transposeScales(w, first, rows, from / GROUP, whole / GROUP, scales);
                widenQ4(words, whole / 8, scales, panel);
            }
        }
        for (int i = whole; i < k; i++) {
            for (int r = 0; r < PANEL; r++) {
                panel[i * PANEL + r] = r < rows ? ScalarWeights.value(w, first + r, from + i) : 0;
            }
        }
    }

    private static void transposeFloats(Weight w, int first, int rows, int from, int k, float[] panel) {
        if (rows < PANEL) {
            Arrays.fill(panel, 0, k * PANEL, 0);
        }
        long data = rows(w, first, rows);
        for (int i = 0; i < k; i += LINE) {
            int end = Math.min(k, i + LINE);
            for (int r = 0; r < rows; r++) {
                long at = data + r * w.rowBytes() + 4L * from;
                for (int j = i; j < end; j++) {
                    panel[j * PANEL + r] = Float.intBitsToFloat(ALL.get(INT, at + 4L * j));
                }
            }
        }
    }

    /** Where rows begin. */
    private static long rows(Weight w, int first, int rows) {
        return RawMemory.address(w.data(), first * w.rowBytes(), rows * w.rowBytes());
    }

    /** {@code words[32 j + r]} = word j of row {@code first + r} from byte {@code from} of the row on; 0 for missing rows. */
    private static void transposeWords(Weight w, int first, int rows, long from, int count, int[] words) {
        if (rows < PANEL) {
            Arrays.fill(words, 0, count * PANEL, 0);
        }
        long data = rows(w, first, rows);
        for (int i = 0; i < count; i += LINE) {
            int end = Math.min(count, i + LINE);
            for (int r = 0; r < rows; r++) {
                long at = data + r * w.rowBytes() + from;
                for (int j = i; j < end; j++) {
                    words[j * PANEL + r] = ALL.get(INT, at + 4L * j);
                }
            }
        }
    }

    /** {@code scales[32 g + r]} of the groups from {@code firstGroup} on; 0 for missing rows. */
    private static void transposeScales(Weight w, int first, int rows, int firstGroup, int groups, float[] scales) {
        if (rows < PANEL) {
            Arrays.fill(scales, 0, groups * PANEL, 0);
        }
        long data = VectorWeights.scalesOf(w, first, rows);
        for (int r = 0; r < rows; r++) {
            long at = data + 2L * (r * w.groups() + firstGroup);
            for (int g = 0; g < groups; g++) {
                scales[g * PANEL + r] = Float.intBitsToFloat(ALL.get(VectorWeights.SCALE, at + 2L * g) << 16);
            }
        }
    }

    private static void widenBf16(int[] words, int count, float[] panel) {
        for (int i = 0; i < count * PANEL; i += LANES) {
            int to = i / PANEL * (2 * PANEL) + i % PANEL;
            IntVector v = IntVector.fromArray(I, words, i);
            VectorFormats.lowHalf(v).intoArray(panel, to);
            VectorFormats.highHalf(v).intoArray(panel, to + PANEL);
        }
    }

    private static void widenF16(int[] words, int count, float[] panel) {
        for (int i = 0; i < count * PANEL; i += LANES) {
            int to = i / PANEL * (2 * PANEL) + i % PANEL;
            IntVector v = IntVector.fromArray(I, words, i);
            VectorFormats.f16(v.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16))
                    .intoArray(panel, to);
            VectorFormats.f16(v.lanewise(VectorOperators.ASHR, 16)).intoArray(panel, to + PANEL);
        }
    }

    private static void widenQ8(int[] words, int count, float[] scales, float[] panel) {
        for (int j = 0; j < count; j++) {
            for (int lane = 0; lane < PANEL; lane += LANES) {
                IntVector v = IntVector.fromArray(I, words, j * PANEL + lane);
                FloatVector scale = FloatVector.fromArray(F, scales, j / 8 * PANEL + lane);
                int to = j * (4 * PANEL) + lane;
                signedByte(v.lanewise(VectorOperators.LSHL, 24)).mul(scale).intoArray(panel, to);
                signedByte(v.lanewise(VectorOperators.LSHL, 16)).mul(scale).intoArray(panel, to + PANEL);
                signedByte(v.lanewise(VectorOperators.LSHL, 8)).mul(scale).intoArray(panel, to + 2 * PANEL);
                signedByte(v).mul(scale).intoArray(panel, to + 3 * PANEL);
            }
        }
    }

    private static FloatVector signedByte(IntVector top) {
        return (FloatVector) top.lanewise(VectorOperators.ASHR, 24).convert(VectorOperators.I2F, 0);
    }

    /** Word j of a row's nibbles holds, of group j / 4, elements 4 (j % 4) .. in the low ones and those 16 further on. */
    private static void widenQ4(int[] words, int count, float[] scales, float[] panel) {
        for (int j = 0; j < count; j++) {
            for (int lane = 0; lane < PANEL; lane += LANES) {
                int to = (j / 4 * GROUP + j % 4 * 4) * PANEL + lane;
                IntVector v = IntVector.fromArray(I, words, j * PANEL + lane);
                FloatVector scale = FloatVector.fromArray(F, scales, j / 4 * PANEL + lane);
                for (int b = 0; b < 4; b++) {
                    VectorFormats.low(v).mul(scale).intoArray(panel, to + b * PANEL);
                    v = v.lanewise(VectorOperators.LSHR, 4);
                    VectorFormats.low(v).mul(scale).intoArray(panel, to + (GROUP / 2 + b) * PANEL);
                    v = v.lanewise(VectorOperators.LSHR, 4);
                }
            }
        }
    }
}

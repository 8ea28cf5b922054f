package io.yoco4j.engine.kernel;

import io.yoco4j.core.checkpoint.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Plain loops: the reference that vector kernels are tested against, and what runs without the Vector API. */
public final class ScalarKernels implements Kernels {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @Override
    public String name() {
        return "scalar";
    }

    /** One element of a floating-point type, widened. */
    static float element(MemorySegment data, DType dtype, long i) {
        return switch (dtype) {
            case F32 -> data.get(FLOAT, 4 * i);
            case BF16 -> Float.intBitsToFloat(data.get(SHORT, 2 * i) << 16);
            case F16 -> Float.float16ToFloat(data.get(SHORT, 2 * i));
            case I64, I32, U8, I8 -> throw new IllegalArgumentException("weights are floating-point, not " + dtype);
        };
    }

    @Override
    public void unpack(MemorySegment data, DType dtype, long element, int n, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = element(data, dtype, element + i);
        }
    }

    @Override
    public void dotRows(
            MemorySegment data,
            DType dtype,
            long element,
            int k,
            int outputs,
            float[] x,
            int xOffset,
            float[] y,
            int yOffset,
            boolean add) {
        for (int o = 0; o < outputs; o++) {
            float sum = dot(data, dtype, element + (long) o * k, k, x, xOffset);
            y[yOffset + o] = add ? y[yOffset + o] + sum : sum;
        }
    }

    private static float dot(MemorySegment data, DType dtype, long element, int k, float[] x, int xOffset) {
        float even = 0;
        float odd = 0;
        int i = 0;
        for (; i + 1 < k; i += 2) {
            even += element(data, dtype, element + i) * x[xOffset + i];
            odd += element(data, dtype, element + i + 1) * x[xOffset + i + 1];
        }
        if (i < k) {
            even += element(data, dtype, element + i) * x[xOffset + i];
        }
        return even + odd;
    }

    @Override
    public void tile(
            int k, float[] a, int aOffset, float[] b, int bOffset, float[] c, int cOffset, int cStride, boolean add) {
        for (int r = 0; r < ROWS; r++) {
            int to = cOffset + r * cStride;
            if (!add) {
                Arrays.fill(c, to, to + PANEL, 0);
            }
            for (int i = 0; i < k; i++) {
                float factor = a[aOffset + i * PANEL + r];
                int from = bOffset + i * PANEL;
                for (int j = 0; j < PANEL; j++) {
                    c[to + j] += factor * b[from + j];
                }
            }
        }
    }

    @Override
    public void transpose(
            float[] rows, int rowsOffset, int rowStride, int columns, int k, float[] panel, int panelOffset) {
        for (int i = 0; i < k; i++) {
            int to = panelOffset + i * PANEL;
            for (int c = 0; c < columns; c++) {
                panel[to + c] = rows[rowsOffset + c * rowStride + i];
            }
            for (int c = columns; c < PANEL; c++) {
                panel[to + c] = 0;
            }
        }
    }

    @Override
    public void rmsNorm(float[] x, int xOffset, int n, float eps, float[] weight, float[] y, int yOffset) {
        float squares = 0;
        for (int i = 0; i < n; i++) {
            squares += x[xOffset + i] * x[xOffset + i];
        }
        float inverse = (float) (1 / Math.sqrt(squares / n + eps));
        for (int i = 0; i < n; i++) {
            y[yOffset + i] = x[xOffset + i] * inverse * weight[i];
        }
    }

    @Override
    public void rotate(float[] x, int xOffset, int half, float[] cos, float[] sin, int angleOffset) {
        for (int j = 0; j < half; j++) {
            float a = x[xOffset + j];
            float b = x[xOffset + half + j];
            float c = cos[angleOffset + j];
            float s = sin[angleOffset + j];
            x[xOffset + j] = a * c - b * s;
            x[xOffset + half + j] = b * c + a * s;
        }
    }

    @Override
    public void siluMultiply(float[] gate, int gateOffset, float[] up, int upOffset, int n) {
        for (int i = 0; i < n; i++) {
            float x = gate[gateOffset + i];
            gate[gateOffset + i] = (float) (x / (1 + Math.exp(-x))) * up[upOffset + i];
        }
    }

    @Override
    public void add(float[] x, int xOffset, float[] y, int yOffset, int n) {
        for (int i = 0; i < n; i++) {
            x[xOffset + i] += y[yOffset + i];
        }
    }

    @Override
    public void scale(float[] x, int xOffset, int n, float factor) {
        for (int i = 0; i < n; i++) {
            x[xOffset + i] *= factor;
        }
    }

    @Override
    public float max(float[] x, int xOffset, int n) {
        float max = x[xOffset];
        for (int i = 1; i < n; i++) {
            max = Math.max(max, x[xOffset + i]);
        }
        return max;
    }

    @Override
    public float expSum(float[] x, int xOffset, int n, float max) {
        float sum = 0;
        for (int i = 0; i < n; i++) {
            float e = (float) Math.exp(x[xOffset + i] - max);
            x[xOffset + i] = e;
            sum += e;
        }
        return sum;
    }

    @Override
    public void scores(
            float[] q, int qOffset, int headDim, float[] panel, int panelOffset, float[] out, int outOffset) {
        Arrays.fill(out, outOffset, outOffset + PANEL, 0);
        for (int j = 0; j < headDim; j++) {
            float factor = q[qOffset + j];
            for (int c = 0; c < PANEL; c++) {
                out[outOffset + c] += factor * panel[panelOffset + j * PANEL + c];
            }
        }
    }

    @Override
    public void weightedSum(
            float[] p, int pOffset, int rows, float[] panel, int panelOffset, float[] out, int outOffset) {
        for (int r = 0; r < rows; r++) {
            float factor = p[pOffset + r];
            for (int j = 0; j < PANEL; j++) {
                out[outOffset + j] += factor * panel[panelOffset + r * PANEL + j];
            }
        }
    }

    @Override
    public void laneMask(float[] s, int sOffset, int rows, int firstPosition, int[] queryPositions, int window) {
        for (int r = 0; r < rows; r++) {
            for (int lane = 0; lane < PANEL; lane++) {
                int distance = queryPositions[lane] - (firstPosition + r);
                if (distance < 0 || distance >= window) {
                    s[sOffset + r * PANEL + lane] = Float.NEGATIVE_INFINITY;
                }
            }
        }
    }

    @Override
    public void laneSoftmax(float[] s, int sOffset, int rows, float[] max, float[] sum, float[] correction) {
        for (int lane = 0; lane < PANEL; lane++) {
            float newMax = max[lane];
            for (int r = 0; r < rows; r++) {
                newMax = Math.max(newMax, s[sOffset + r * PANEL + lane]);
            }
            float added = 0;
            for (int r = 0; r < rows; r++) {
                int i = sOffset + r * PANEL + lane;
                s[i] = (float) Math.exp(s[i] - newMax);
                added += s[i];
            }
            correction[lane] = (float) Math.exp(max[lane] - newMax);
            sum[lane] = sum[lane] * correction[lane] + added;
            max[lane] = newMax;
        }
    }

    @Override
    public void retention(
            float[] state,
            int stateOffset,
            int headDim,
            float decay,
            float scale,
            float[] q,
            float[] k,
            float[] v,
            int offset,
            float[] out,
            int outOffset) {
        Arrays.fill(out, outOffset, outOffset + headDim, 0);
        for (int i = 0; i < headDim; i++) {
            float key = k[offset + i] * scale;
            float query = q[offset + i];
            int row = stateOffset + i * headDim;
            for (int j = 0; j < headDim; j++) {
                float updated = decay * state[row + j] + key * v[offset + j];
                state[row + j] = updated;
                out[outOffset + j] += query * updated;
            }
        }
    }
}

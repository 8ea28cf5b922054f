package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.sum;

import jdk.incubator.vector.FloatVector;

/** Gated retention on the Vector API. */
interface VectorRetention extends RetentionKernels {
    @Override
    default void retention(
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
        int bound = F.loopBound(headDim);
        int j = 0;
        for (; j < bound; j += LANES) {
            FloatVector value = FloatVector.fromArray(F, v, offset + j).mul(scale);
            FloatVector even = FloatVector.zero(F);
            FloatVector odd = FloatVector.zero(F);
            int i = 0;
            for (; i < headDim - 1; i += 2) {
                int row = stateOffset + i * headDim + j;
                FloatVector s0 = value.fma(
                        FloatVector.broadcast(F, k[offset + i]),
                        FloatVector.fromArray(F, state, row).mul(decay));
                FloatVector s1 = value.fma(
                        FloatVector.broadcast(F, k[offset + i + 1]),
                        FloatVector.fromArray(F, state, row + headDim).mul(decay));
                s0.intoArray(state, row);
                s1.intoArray(state, row + headDim);
                even = s0.fma(FloatVector.broadcast(F, q[offset + i]), even);
                odd = s1.fma(FloatVector.broadcast(F, q[offset + i + 1]), odd);
            }
            for (; i < headDim; i++) {
                int row = stateOffset + i * headDim + j;
                FloatVector s0 = value.fma(
                        FloatVector.broadcast(F, k[offset + i]),
                        FloatVector.fromArray(F, state, row).mul(decay));
                s0.intoArray(state, row);
                even = s0.fma(FloatVector.broadcast(F, q[offset + i]), even);
            }
            even.add(odd).intoArray(out, outOffset + j);
        }
        for (; j < headDim; j++) {
            float value = v[offset + j] * scale;
            float sum = 0;
            for (int i = 0; i < headDim; i++) {
                int at = stateOffset + i * headDim + j;
                state[at] = decay * state[at] + k[offset + i] * value;
                sum += q[offset + i] * state[at];
            }
            out[outOffset + j] = sum;
        }
    }
}

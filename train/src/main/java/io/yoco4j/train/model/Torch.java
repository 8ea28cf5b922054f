package io.yoco4j.train.model;

import io.yoco4j.train.kernel.RowMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** The few idioms of libtorch that every class here needs: scopes of native memory, copies in and out. */
public final class Torch {
    private Torch() {}

    /**
     * Sets how many threads compute an operation. The number holds for the process; OpenMP wants to hear it on each thread
     * that computes, so a thread calls this before it does. OpenBLAS has threads of its own, which only one caller at a time
     * can use: callers that share them spend most of their time waiting.
     */
    public static void threads(int count) {
        torch.set_num_threads(count);
        openblas_nolapack.blas_set_num_threads(count);
    }

    /**
     * Runs {@code body} in a scope of its own: every native object it makes is freed at its end except the result, which
     * passes to the caller's scope. Without this, each intermediate tensor would live until the step ends.
     */
    public static Tensor scoped(Supplier<Tensor> body) {
        Tensor result;
        try (PointerScope _ = new PointerScope()) {
            result = body.get();
            result.retainReference();
        }
        PointerScope outer = PointerScope.getInnerScope();
        if (outer != null) {
            outer.attach(result);
            result.releaseReference();
        }
        return result;
    }

    /** Takes a tensor out of all scopes; it lives until {@link Tensor#close}. */
    public static Tensor keep(Tensor tensor) {
        tensor.retainReference();
        return tensor;
    }

    /** A float32 tensor with a copy of {@code values}. */
    public static Tensor floats(float[] values, long... shape) {
        Tensor t = torch.empty(shape, new TensorOptions(ScalarType.Float), null);
        MemorySegment.copy(values, 0, memory(t), ValueLayout.JAVA_FLOAT, 0, values.length);
        return t;
    }

    /** An int64 tensor with a copy of {@code values}. */
    public static Tensor longs(long[] values, long... shape) {
        Tensor t = torch.empty(shape, new TensorOptions(ScalarType.Long), null);
        MemorySegment.copy(values, 0, memory(t), ValueLayout.JAVA_LONG, 0, values.length);
        return t;
    }

    /** The values of a tensor of any floating-point type. */
    public static float[] toFloats(Tensor tensor) {
        try (PointerScope _ = new PointerScope()) {
            Tensor t = tensor.detach().to(ScalarType.Float).contiguous();
            float[] out = new float[Math.toIntExact(t.numel())];
            MemorySegment.copy(memory(t), ValueLayout.JAVA_FLOAT, 0, out, 0, out.length);
            return out;
        }
    }

    /** The memory of a contiguous CPU tensor; valid as long as the tensor. */
    public static MemorySegment memory(Tensor contiguous) {
        return MemorySegment.ofAddress(contiguous.data_ptr().address()).reinterpret(contiguous.nbytes());
    }

    /** The memory of a contiguous tensor of float32 or bfloat16. */
    static RowMemory rows(Tensor contiguous) {
        return new RowMemory(memory(contiguous), contiguous.scalar_type().intern() == ScalarType.BFloat16);
    }

    /** A contiguous tensor of the same shape and type, whose values are to be filled in. */
    static Tensor emptyLike(Tensor t) {
        return torch.empty(t.shape(), new TensorOptions(t.scalar_type()), null);
    }

    static Tensor cat(long dim, Tensor... tensors) {
        return torch.cat(new TensorVector(tensors), dim);
    }

    static Tensor times(Tensor t, double factor) {
        return t.mul(new Scalar(factor));
    }

    /** The last {@code count} entries of a dimension. */
    static Tensor last(Tensor t, long dim, long count) {
        return t.narrow(dim, t.size(dim) - count, count);
    }
}

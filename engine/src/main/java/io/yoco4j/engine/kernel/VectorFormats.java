package io.yoco4j.engine.kernel;

import static io.yoco4j.engine.kernel.Lanes.F;
import static io.yoco4j.engine.kernel.Lanes.I;
import static io.yoco4j.engine.kernel.Lanes.LANES;
import static io.yoco4j.engine.kernel.Lanes.LITTLE;
import static io.yoco4j.engine.kernel.Lanes.S;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** One vector of stored values as float32, by format. */
final class VectorFormats {
    /** As many bytes as there are lanes; with 4 lanes there is no such vector, and bytes are read as one int. */
    private static final VectorSpecies<Byte> B =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, F.vectorBitSize() / 4)));

    private static final VectorSpecies<Short> WIDE_S = VectorSpecies.of(short.class, F.vectorShape());
    private static final boolean BYTES = LANES >= 8;
    private static final VarHandle ARRAY_INT = MethodHandles.byteArrayViewVarHandle(int[].class, LITTLE);
    private static final int HIGH_HALF = 0xffff_0000;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE);
    private static final IntVector BYTE_SHIFTS =
            (IntVector) I.fromArray(new int[] {24, 16, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0);
    /** Exponent and significand of a float16, moved to where those of a float32 end. */
    static final int F16_MAGNITUDE = 0x7fff << 13;

    /** What they are then too small by. */
    static final float F16_SCALE = 0x1p112f;

    private VectorFormats() {}

    static FloatVector f32(MemorySegment data, long at) {
        return FloatVector.fromMemorySegment(F, data, at, LITTLE);
    }

    static FloatVector bf16(MemorySegment data, long at) {
        return ((IntVector) ShortVector.fromMemorySegment(S, data, at, LITTLE)
                        .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
                .lanewise(VectorOperators.LSHL, 16)
                .reinterpretAsFloats();
    }

    static FloatVector f16(MemorySegment data, long at) {
        return f16(
                (IntVector) ShortVector.fromMemorySegment(S, data, at, LITTLE).convertShape(VectorOperators.S2I, I, 0));
    }

    /**
     * From float16 bits with their sign extended. Exponent and significand shifted into place are the value times 2^-112,
     * subnormals included.
     */
    static FloatVector f16(IntVector bits) {
        FloatVector magnitude = bits.and(0x7fff)
                .lanewise(VectorOperators.LSHL, 13)
                .reinterpretAsFloats()
                .mul(F16_SCALE);
        return magnitude.reinterpretAsInts().or(bits.and(0x8000_0000)).reinterpretAsFloats();
    }

    /** Signed bytes, without their scale. */
    static FloatVector i8(MemorySegment data, long at) {
        if (BYTES) {
            return (FloatVector)
                    ByteVector.fromMemorySegment(B, data, at, LITTLE).convertShape(VectorOperators.B2F, F, 0);
        }
        return (FloatVector) IntVector.broadcast(I, data.get(INT, at))
                .lanewise(VectorOperators.LSHL, BYTE_SHIFTS)
                .lanewise(VectorOperators.ASHR, 24)
                .convert(VectorOperators.I2F, 0);
    }

    /** Unsigned bytes as integers. */
    static IntVector u8(MemorySegment data, long at) {
        if (BYTES) {
            return (IntVector) ByteVector.fromMemorySegment(B, data, at, LITTLE)
                    .convertShape(VectorOperators.ZERO_EXTEND_B2I, I, 0);
        }
        return IntVector.broadcast(I, data.get(INT, at))
                .lanewise(VectorOperators.LSHL, BYTE_SHIFTS)
                .lanewise(VectorOperators.LSHR, 24);
    }

    /** Low nibbles of bytes, less 8. */
    static FloatVector low(IntVector bytes) {
        return (FloatVector) bytes.and(15).sub(8).convert(VectorOperators.I2F, 0);
    }

    /** High nibbles of bytes, less 8. */
    static FloatVector high(IntVector bytes) {
        return (FloatVector) bytes.lanewise(VectorOperators.LSHR, 4).sub(8).convert(VectorOperators.I2F, 0);
    }

    /** Signed bytes of an array, without their scale. */
    static FloatVector i8(byte[] data, int at) {
        if (BYTES) {
            return (FloatVector) ByteVector.fromArray(B, data, at).convertShape(VectorOperators.B2F, F, 0);
        }
        return (FloatVector) IntVector.broadcast(I, (int) ARRAY_INT.get(data, at))
                .lanewise(VectorOperators.LSHL, BYTE_SHIFTS)
                .lanewise(VectorOperators.ASHR, 24)
                .convert(VectorOperators.I2F, 0);
    }

    static FloatVector bf16(short[] data, int at) {
        return ((IntVector) ShortVector.fromArray(S, data, at).convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0))
                .lanewise(VectorOperators.LSHL, 16)
                .reinterpretAsFloats();
    }

    /** Rounded to bfloat16 as {@link ScalarRows#bf16(float)} does. */
    static ShortVector bf16(FloatVector x) {
        IntVector bits = x.reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        IntVector rounded = bits.add(0x7fff).add(odd).lanewise(VectorOperators.LSHR, 16);
        return (ShortVector) rounded.blend(
                        ScalarRows.BF16_NAN, x.test(VectorOperators.IS_NAN).cast(I))
                .convertShape(VectorOperators.I2S, S, 0);
    }

    /** Two bfloat16 values in each lane. */
    static IntVector pairs(short[] data, int at) {
        return ShortVector.fromArray(WIDE_S, data, at).reinterpretAsInts();
    }

    static FloatVector lowHalf(IntVector pairs) {
        return pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    static FloatVector highHalf(IntVector pairs) {
        return pairs.and(HIGH_HALF).reinterpretAsFloats();
    }
}

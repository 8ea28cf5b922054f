package io.yoco4j.onednn;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The functions of oneDNN's C API (oneapi/dnnl/dnnl.h, version 3) that products take, and those of OpenMP. Objects of
 * oneDNN are addresses, 0 for none.
 */
final class Dnnl {
    static final int BF16 = 2;
    static final int F32 = 3;

    private static final long CPU = 1;
    private static final long IN_ORDER = 1;
    private static final long BY_USER = 1;
    private static final long ANY_LAYOUT = 1;
    private static final long WEIGHTS_DESCRIPTOR = 131;
    private static final long SCRATCHPAD_DESCRIPTOR = 136;
    /** dnnl_cpu_isa_avx512_core_bf16, a set of bits that later instruction sets contain. */
    private static final int ISA_BF16 = 0xe7;

    /**
     * One handle for all: each costs tens of milliseconds at the start. In the calling convention of Linux on x86-64, the
     * only platform here, a function finds its integers and addresses in the same places however many follow, and ignores
     * the upper half of what it takes as an int.
     */
    @SuppressWarnings("restricted") // native code is what this module is for
    private static final MethodHandle CALL = Linker.nativeLinker()
            .downcallHandle(FunctionDescriptor.of(
                    JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));

    private static final MemorySegment SET_DATA = function("dnnl_memory_set_data_handle");
    private static final MemorySegment EXECUTE = function("dnnl_primitive_execute");
    private static final MemorySegment WAIT = function("dnnl_stream_wait");
    // Looked up behind oneDNN: another library may have brought an OpenMP of its own.
    private static final MemorySegment GET_THREADS = function("omp_get_max_threads");
    private static final MemorySegment SET_THREADS = function("omp_set_num_threads");

    /** Objects made and not yet destroyed. */
    static final AtomicInteger OBJECTS = new AtomicInteger();

    private Dnnl() {}

    private static MemorySegment function(String name) {
        return OneDnnLibrary.lookup().findOrThrow(name);
    }

    static boolean multipliesBf16() {
        int isa = (int) call(function("dnnl_get_effective_cpu_isa"), 0, 0, 0, 0, 0, 0, 0);
        return (isa & ISA_BF16) == ISA_BF16;
    }

    static long engine() {
        return create("dnnl_engine_create", CPU, 0, 0, 0, 0, 0);
    }

    static long stream(long engine) {
        return create("dnnl_stream_create", engine, IN_ORDER, 0, 0, 0, 0);
    }

    /** Describes a matrix of {@link #BF16} or {@link #F32}; strides are in elements. */
    static long matrix(int type, int rows, int columns, int rowStride, int columnStride) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sizes = arena.allocateFrom(JAVA_LONG, rows, columns);
            MemorySegment strides = arena.allocateFrom(JAVA_LONG, rowStride, columnStride);
            return create("dnnl_memory_desc_create_with_strides", 2, sizes.address(), type, strides.address(), 0, 0);
        }
    }

    /** Describes a matrix whose layout oneDNN is to choose. */
    static long anyMatrix(int type, int rows, int columns) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sizes = arena.allocateFrom(JAVA_LONG, rows, columns);
            return create("dnnl_memory_desc_create_with_tag", 2, sizes.address(), type, ANY_LAYOUT, 0, 0);
        }
    }

    /** Another description of the same memory, with an end of its own. */
    static long copy(long memoryDescriptor) {
        return create("dnnl_memory_desc_clone", memoryDescriptor, 0, 0, 0, 0, 0);
    }

    /** Describes a product whose scratch memory the caller gives. */
    static long productDescriptor(long engine, long src, long weights, long dst) {
        long attributes = attributes();
        long bias = 0;
        long product = create("dnnl_matmul_primitive_desc_create", engine, src, weights, bias, dst, attributes);
        destroy("primitive_attr", attributes);
        return product;
    }

    /** Describes a copy into another layout, whose scratch memory the caller gives. */
    static long reorderDescriptor(long engine, long from, long to) {
        long attributes = attributes();
        long reorder = create("dnnl_reorder_primitive_desc_create", from, engine, to, engine, attributes, 0);
        destroy("primitive_attr", attributes);
        return reorder;
    }

    private static long attributes() {
        long attributes = create("dnnl_primitive_attr_create", 0, 0, 0, 0, 0, 0);
        require(
                "attributes",
                call(function("dnnl_primitive_attr_set_scratchpad_mode"), attributes, BY_USER, 0, 0, 0, 0, 0));
        return attributes;
    }

    /** Describes how a product has its weights lie. */
    static long weights(long productDescriptor) {
        return copy(
                call(function("dnnl_primitive_desc_query_md"), productDescriptor, WEIGHTS_DESCRIPTOR, 0, 0, 0, 0, 0));
    }

    /** Describes the scratch memory of a product; not to be destroyed. */
    static long scratchpad(long productDescriptor) {
        return call(function("dnnl_primitive_desc_query_md"), productDescriptor, SCRATCHPAD_DESCRIPTOR, 0, 0, 0, 0, 0);
    }

    /** Bytes of what a descriptor of memory describes. */
    static long size(long memoryDescriptor) {
        return call(function("dnnl_memory_desc_get_size"), memoryDescriptor, 0, 0, 0, 0, 0, 0);
    }

    static long primitive(long descriptor) {
        return create("dnnl_primitive_create", descriptor, 0, 0, 0, 0, 0);
    }

    /** Memory that is described, but not there yet. */
    static long memory(long descriptor, long engine) {
        return create("dnnl_memory_create", descriptor, engine, 0, 0, 0, 0);
    }

    static void setData(long memory, long address) {
        require("a memory object", call(SET_DATA, memory, address, 0, 0, 0, 0, 0));
    }

    /**
     * Runs a primitive and waits for its end.
     *
     * @param arguments address of {@code count} pairs of an int, an argument's number, and a memory object
     */
    static void execute(long primitive, long stream, int count, long arguments) {
        require("a product", call(EXECUTE, primitive, stream, count, arguments, 0, 0, 0));
        require("a stream", call(WAIT, stream, 0, 0, 0, 0, 0, 0));
    }

    /** Threads that oneDNN would use when called by this thread. */
    static int threads() {
        return (int) call(GET_THREADS, 0, 0, 0, 0, 0, 0, 0);
    }

    /** Sets them, for this thread alone. */
    static void threads(int count) {
        var _ = call(SET_THREADS, count, 0, 0, 0, 0, 0, 0);
    }

    /** Ends an object; {@code kind} is as its function's name has it. */
    static void destroy(String kind, long object) {
        require(kind, call(function("dnnl_" + kind + "_destroy"), object, 0, 0, 0, 0, 0, 0));
        OBJECTS.decrementAndGet();
    }

    /** Functions that make an object store its address through their first argument. */
    private static long create(String function, long a, long b, long c, long d, long e, long f) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment object = arena.allocate(JAVA_LONG);
            require(function, call(function(function), object.address(), a, b, c, d, e, f));
            OBJECTS.incrementAndGet();
            return object.get(JAVA_LONG, 0);
        }
    }

    private static long call(MemorySegment function, long a, long b, long c, long d, long e, long f, long g) {
        try {
            return (long) CALL.invokeExact(function, a, b, c, d, e, f, g);
        } catch (RuntimeException | Error thrown) {
            throw thrown;
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static void require(String what, long status) {
        if ((int) status != 0) {
            throw new IllegalStateException("oneDNN failed: " + what + " gave status " + (int) status);
        }
    }
}

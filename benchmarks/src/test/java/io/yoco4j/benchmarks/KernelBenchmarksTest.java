package io.yoco4j.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.engine.kernel.KernelSelection;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jmh.annotations.Benchmark;

/** What is timed computes the same on both kinds of kernels, once and over and over. */
class KernelBenchmarksTest {

    static Stream<Method> benchmarks() {
        return KernelBenchmarks.ALL.stream()
                .flatMap(c -> Arrays.stream(c.getDeclaredMethods()))
                .filter(m -> m.isAnnotationPresent(Benchmark.class));
    }

    @ParameterizedTest
    @MethodSource("benchmarks")
    void twinsAgree(Method method) throws ReflectiveOperationException {
        Work work = method.getAnnotation(Work.class);
        assertThat(work).isNotNull();
        assertThat(work.flops() + work.bytes() + work.weights()).isPositive();
        boolean stored = method.getDeclaringClass() == WeightBenchmark.class;
        for (WeightFormat format : stored ? List.of(WeightFormat.values()) : List.of(WeightFormat.F32)) {
            float[] scalar = run(method, KernelSelection.SCALAR, format);
            float[] vector = run(method, KernelSelection.VECTOR, format);
            assertThat(vector).hasSameSizeAs(scalar);
            for (int i = 0; i < scalar.length; i++) {
                // Infinities, of masked scores, are equal or not.
                if (Float.compare(vector[i], scalar[i]) != 0) {
                    float tolerance = 1e-3f * Math.max(1, Math.abs(scalar[i]));
                    assertThat(vector[i]).as("%s at %d", format, i).isCloseTo(scalar[i], within(tolerance));
                }
            }
        }
    }

    private static float[] run(Method method, KernelSelection kernels, WeightFormat format)
            throws ReflectiveOperationException {
        KernelBenchmark benchmark = (KernelBenchmark)
                method.getDeclaringClass().getDeclaredConstructor().newInstance();
        benchmark.selection = kernels;
        benchmark.select();
        if (benchmark instanceof WeightBenchmark weights) {
            weights.format = format;
            weights.fill(64);
        }
        float[] out = {};
        for (int i = 0; i < 5; i++) {
            out = (float[]) method.invoke(benchmark);
        }
        return method.getName().equals("block") ? totals(out) : out;
    }

    /** Which of a product's 16 partial sums has what is each kernel's own affair. */
    private static float[] totals(float[] sums) {
        float[] totals = new float[sums.length / 16];
        for (int i = 0; i < sums.length; i++) {
            totals[i / 16] += sums[i];
        }
        return totals;
    }
}

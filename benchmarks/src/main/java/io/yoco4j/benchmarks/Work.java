package io.yoco4j.benchmarks;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What one call of a benchmark does, to hold against what the machine can do. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface Work {
    /** Floating-point operations; an exponential counts as one. */
    long flops() default 0;

    /** Bytes of the operand that is large where the kernel is used: cached rows, panels. */
    long bytes() default 0;

    /** Stored weights read, of the benchmark's format. */
    long weights() default 0;
}

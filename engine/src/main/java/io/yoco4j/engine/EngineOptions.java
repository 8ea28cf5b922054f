package io.yoco4j.engine;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.engine.kernel.KernelSelection;
import io.yoco4j.engine.kernel.ProductSelection;
import java.util.Objects;

/**
 * How a model runs.
 *
 * {@snippet class="io.yoco4j.engine.EngineSnippets" region="engine"}
 *
 * @param threads of the worker pool, the caller's included; 1 to the machine's cores, all of them by default
 * @param kernels {@link KernelSelection#AUTO} takes vector kernels where the JVM has them
 * @param prefillChunk tokens of a prompt that go through the model at once: bounds the memory of activations
 * @param kv how contexts store keys and values: narrower formats take less memory and give less exact results
 * @param products what multiplies many rows with a matrix: {@link ProductSelection#AUTO} takes what the class path has,
 *     {@link ProductSelection#JAVA} nothing but this engine, another name that provider
 * @param prepack whether those products keep a copy of the weights as they read them fastest: 2 bytes per weight of memory
 *     outside of the heap, made when the model opens, for faster steps of 8 tokens and more: batches, chunks of prompts
 */
public record EngineOptions(
        int threads, KernelSelection kernels, int prefillChunk, KvFormat kv, String products, boolean prepack) {
    /** Default of {@link #prefillChunk}. */
    public static final int DEFAULT_CHUNK = 512;

    static final int MAX_CHUNK = 1 << 16;

    /**
     * Checks the values.
     *
     * @throws InvalidInputException naming the option that is out of range
     */
    public EngineOptions {
        Objects.requireNonNull(kernels, "kernels");
        Objects.requireNonNull(kv, "kv");
        Objects.requireNonNull(products, "products");
        int cores = Runtime.getRuntime().availableProcessors();
        if (threads < 1 || threads > cores) {
            throw new InvalidInputException(
                    "threads is " + threads + ", but must lie in 1.." + cores + ", the cores of this machine");
        }
        requireChunk(prefillChunk);
    }

    static void requireChunk(int chunk) {
        if (chunk < 1 || chunk > MAX_CHUNK) {
            throw new InvalidInputException("prefill chunk is " + chunk + ", but must lie in 1.." + MAX_CHUNK);
        }
    }

    /** All cores, automatic kernels and products, chunks of 512, float32 keys and values, no copies. */
    public static EngineOptions defaults() {
        return builder().build();
    }

    /** The defaults, to change some. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds options from the defaults. */
    public static final class Builder {
        private int threads = Runtime.getRuntime().availableProcessors();
        private KernelSelection kernels = KernelSelection.AUTO;
        private int prefillChunk = DEFAULT_CHUNK;
        private KvFormat kv = KvFormat.F32;
        private String products = ProductSelection.AUTO;
        private boolean prepack;

        private Builder() {}

        /** 1 to the machine's cores; by default all of them. */
        public Builder threads(int value) {
            threads = value;
            return this;
        }

        /** By default {@link KernelSelection#AUTO}. */
        public Builder kernels(KernelSelection value) {
            kernels = value;
            return this;
        }

        /** Tokens, 1..65536; by default {@link #DEFAULT_CHUNK}. */
        public Builder prefillChunk(int value) {
            prefillChunk = value;
            return this;
        }

        /** By default float32. */
        public Builder kv(KvFormat value) {
            kv = value;
            return this;
        }

        /** By default {@link ProductSelection#AUTO}. */
        public Builder products(String value) {
            products = value;
            return this;
        }

        /** By default false. */
        public Builder prepack(boolean value) {
            prepack = value;
            return this;
        }

        /**
         * Checks the values and builds the options.
         *
         * @throws InvalidInputException when a value is out of range
         */
        public EngineOptions build() {
            return new EngineOptions(threads, kernels, prefillChunk, kv, products, prepack);
        }
    }
}

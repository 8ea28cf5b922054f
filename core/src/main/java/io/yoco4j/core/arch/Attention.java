package io.yoco4j.core.arch;

import io.yoco4j.core.InvalidInputException;

/**
 * The token mixer of a layer: how a token reads from the tokens before it.
 *
 * <p>Each executor switches over this type in one place; a new mixer is a new case here and one there.
 */
public sealed interface Attention {

    /** Its name in config.json. */
    String name();

    /** Grouped-query causal softmax attention over all earlier tokens (Vaswani et al. 2017, section 3.2). */
    record Full() implements Attention {
        @Override
        public String name() {
            return "full";
        }
    }

    /**
     * Causal softmax attention over a band: a token attends to itself and the {@code window - 1} tokens before it
     * (Child et al. 2019, "Sparse Transformers"; Jiang et al. 2023, "Mistral 7B", section 2).
     *
     * @param window tokens seen, the current one included; at least 1
     */
    record SlidingWindow(int window) implements Attention {
        /** The largest window a config may name. */
        public static final int MAX_WINDOW = 1 << 30;

        public SlidingWindow {
            if (window < 1 || window > MAX_WINDOW) {
                throw new InvalidInputException("window is " + window + ", but must lie in 1.." + MAX_WINDOW);
            }
        }

        @Override
        public String name() {
            return "sliding_window";
        }
    }

    /**
     * Linear attention with a data-dependent decay per head, a state of {@code head_dim x head_dim} per head
     * (Sun et al. 2024, "You Only Cache Once", section 3.1, gated retention).
     */
    record GatedRetention() implements Attention {
        @Override
        public String name() {
            return "gated_retention";
        }
    }

    /** Causal softmax attention to the model's one global cache (Sun et al. 2024, "You Only Cache Once", section 2.2). */
    record Cross() implements Attention {
        @Override
        public String name() {
            return "cross";
        }
    }
}

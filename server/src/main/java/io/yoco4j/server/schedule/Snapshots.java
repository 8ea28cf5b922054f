package io.yoco4j.server.schedule;

import java.util.stream.IntStream;

/** Where on its way through a prompt a context is kept. */
final class Snapshots {
    /** Fewer tokens are computed again as quickly as they are found. */
    private static final int LEAST = 32;

    private Snapshots() {}

    /** Whether a context of so many tokens is worth keeping. */
    static boolean worth(int tokens) {
        return tokens >= LEAST;
    }

    /**
     * After how many tokens: at multiples of {@code every}, for prompts that share a beginning of any length; where the
     * prompt parts ways with a kept one, since a third may part ways there as well; and before the last token, for the same
     * prompt.
     *
     * @param taken tokens that are known
     * @param common tokens in common with a kept context
     * @param every 0 for nowhere at all
     */
    static int[] places(int prompt, int taken, int common, int every) {
        if (every == 0) {
            return new int[0];
        }
        IntStream multiples = IntStream.iterate((taken / every + 1) * every, at -> at < prompt - 1, at -> at + every);
        return IntStream.concat(multiples, IntStream.of(common, prompt - 1))
                .filter(at -> at > taken && at < prompt && worth(at) && at - taken >= LEAST)
                .sorted()
                .distinct()
                .toArray();
    }
}

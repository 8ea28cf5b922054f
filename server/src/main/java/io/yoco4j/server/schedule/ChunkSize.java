package io.yoco4j.server.schedule;

import java.util.Arrays;

/**
 * How many tokens of prompts a step takes in. Alone they come in large chunks; where texts wait for their next token, in
 * as many as let the step take {@code stretch} times as long as without, by what steps have taken so far ("chunked prefill",
 * Agrawal et al. 2024, Sarathi-Serve, with the token budget measured instead of set); in no fewer than are worth a step where
 * most wait for their first token.
 */
final class ChunkSize {
    /** Fewer are not worth reading the weights for; also the first guess. */
    private static final int LEAST = 8;

    /**
     * Tokens at least where more requests wait for their first token than texts for their next one. Weights are read, and
     * unpacked, for eight as for a hundred: by a few at a time all would wait several times as long.
     */
    private static final int WORTHWHILE = 128;

    /** How much a new measurement counts: at once where it is the careful one, little where it would make steps longer. */
    private static final double CAREFUL = 0.5;

    private static final double BOLD = 0.2;

    /** After so many steps with prompts one goes without, since contexts grow and machines get busy. */
    private static final int PROBE_EVERY = 64;

    private final int most;
    private final double stretch;
    /** Seconds of a step with so many rows to decode and nothing else; 0 where not known. */
    private double[] decode = new double[4];

    private double perToken;
    private int sinceProbe;

    ChunkSize(int most, double stretch) {
        this.most = most;
        this.stretch = stretch;
    }

    /**
     * Tokens of the next step; 0 where it is to show what steps take without.
     *
     * @param decodeRows texts that wait for their next token in it
     * @param prompts requests that wait for their first
     */
    int budget(int decodeRows, int prompts) {
        if (decodeRows == 0) {
            return most;
        }
        double alone = alone(decodeRows);
        if (alone == 0 || sinceProbe >= PROBE_EVERY) {
            return 0;
        }
        if (perToken == 0) {
            return Math.min(LEAST, most);
        }
        int least = prompts > decodeRows ? WORTHWHILE : LEAST;
        double tokens = (stretch - 1) * alone / perToken;
        return (int) Math.clamp(tokens, Math.min(least, most), most);
    }

    /** A step has run. */
    void ran(int decodeRows, int promptTokens, double seconds) {
        if (promptTokens == 0) {
            if (decodeRows >= decode.length) {
                decode = Arrays.copyOf(decode, 2 * decodeRows);
            }
            decode[decodeRows] = -mixed(-decode[decodeRows], -seconds);
            sinceProbe = 0;
            return;
        }
        sinceProbe++;
        if (decodeRows > 0 && alone(decodeRows) > 0) {
            if (decodeRows < decode.length && seconds < decode[decodeRows]) {
                // With prompts it took less than without is believed to take.
                decode[decodeRows] = seconds;
            }
            perToken = mixed(perToken, Math.max(0, seconds - alone(decodeRows)) / promptTokens);
        } else if (perToken == 0) {
            perToken = seconds / promptTokens;
        }
    }

    /** What a step without prompts takes: as last measured with as many rows, or else with the nearest number of them. */
    private double alone(int rows) {
        for (int distance = 0; distance < decode.length + rows; distance++) {
            if (rows - distance > 0 && rows - distance < decode.length && decode[rows - distance] > 0) {
                return decode[rows - distance];
            }
            if (rows + distance < decode.length && decode[rows + distance] > 0) {
                return decode[rows + distance];
            }
        }
        return 0;
    }

    /**
     * What is believed after a measurement, where more is the careful side. One that is less than half or more than twice of
     * what was believed counts as that: a step now and then waits for a collection or a compiler.
     */
    private static double mixed(double before, double now) {
        if (before == 0) {
            return now;
        }
        double weight = now > before ? CAREFUL : BOLD;
        double low = Math.min(before / 2, before * 2);
        double high = Math.max(before / 2, before * 2);
        return (1 - weight) * before + weight * Math.clamp(now, low, high);
    }
}

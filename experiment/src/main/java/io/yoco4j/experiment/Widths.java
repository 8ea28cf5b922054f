package io.yoco4j.experiment;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import java.util.List;
import java.util.Locale;

/** Equal parameters: the width of the gated MLP, F, is what evens out what systems differ in. */
final class Widths {
    /** How far apart counts may be and still be called equal. */
    static final double TOLERANCE = 0.01;

    /** Multiples that computing likes, where they come close enough. */
    private static final List<Integer> MULTIPLES = List.of(16, 8, 4, 2, 1);

    private Widths() {}

    /**
     * An architecture with another F, so that its parameters outside embeddings are within 1% of {@code parameters}.
     *
     * @param path of the system, for messages
     * @throws InvalidInputException when no F gives that
     */
    static Architecture matched(Architecture a, long parameters, String path) {
        long perUnit = count(a, 2) - count(a, 1);
        long rest = count(a, 1) - perUnit;
        double exact = (double) (parameters - rest) / perUnit;
        for (int multiple : MULTIPLES) {
            long f = Math.max(1, Math.round(exact / multiple)) * multiple;
            double tolerance = multiple == 1 ? TOLERANCE : TOLERANCE / 2;
            if (f < Integer.MAX_VALUE && Math.abs(rest + f * perUnit - parameters) <= tolerance * parameters) {
                return withF(a, (int) f);
            }
        }
        throw new InvalidInputException(String.format(
                Locale.ROOT,
                "%s cannot have the %,d parameters of match_parameters: without its MLPs it has %,d, and %,d for each"
                        + " unit of intermediate; change its shape, or give it match_parameters: false",
                path,
                parameters,
                rest,
                perUnit));
    }

    private static long count(Architecture a, int f) {
        return new Accounting(withF(a, f)).nonEmbeddingParameters();
    }

    private static Architecture withF(Architecture a, int f) {
        return a.toBuilder().intermediateSize(f).build();
    }
}

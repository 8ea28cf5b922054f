package io.yoco4j.eval.synthetic;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.KeyValues;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;

/** Generators by name, with options: {@code hop}, {@code mqar:pairs=4,max_length=64}. */
public final class Generators {
    private static final Map<String, BiFunction<KeyValues, Long, SequenceGenerator>> MAKERS = new LinkedHashMap<>();

    static {
        MAKERS.put(KHop.NAME, KHop::of);
        MAKERS.put(Mqar.NAME, Mqar::of);
        MAKERS.put(NoiseNeedle.NAME, NoiseNeedle::of);
        MAKERS.put(FarPairs.NAME, FarPairs::of);
    }

    private Generators() {}

    /** The names that are known. */
    public static Set<String> names() {
        return Collections.unmodifiableSet(MAKERS.keySet());
    }

    /** Whether a text begins with the name of a generator, whatever its options. */
    public static boolean named(String spec) {
        return MAKERS.containsKey(name(spec));
    }

    /**
     * The generator of a text {@code NAME[:KEY=VALUE,...]}. All have the option {@code seed}, 1 where it is not given.
     *
     * @throws InvalidInputException when the name or an option is unknown, or options do not go together
     */
    public static SequenceGenerator of(String spec) {
        BiFunction<KeyValues, Long, SequenceGenerator> maker = MAKERS.get(name(spec));
        if (maker == null) {
            throw new InvalidInputException(
                    "generator \"" + name(spec) + "\" is unknown: take one of " + String.join(", ", MAKERS.keySet()));
        }
        int colon = spec.indexOf(':');
        KeyValues options = KeyValues.parse(name(spec), colon < 0 ? "" : spec.substring(colon + 1));
        long seed = options.integer("seed", 1, 0, Integer.MAX_VALUE);
        SequenceGenerator generator = maker.apply(options, seed);
        options.requireKnown();
        return generator;
    }

    private static String name(String spec) {
        int colon = spec.indexOf(':');
        return colon < 0 ? spec : spec.substring(0, colon);
    }
}

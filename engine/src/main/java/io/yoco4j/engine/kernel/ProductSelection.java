package io.yoco4j.engine.kernel;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.checkpoint.WeightFormat;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Which {@link ManyRowProducts} run, by name. */
public final class ProductSelection {
    /** Those on the class path, where they run on this machine; {@code -Dyoco.products=NAME} names others. */
    public static final String AUTO = "auto";
    /** None: every product is this engine's. */
    public static final String JAVA = "java";

    private static final System.Logger LOG = System.getLogger(ProductSelection.class.getName());
    private static final Set<String> WARNED = ConcurrentHashMap.newKeySet();

    private ProductSelection() {}

    /**
     * Makes the products of a model.
     *
     * @param name {@link #AUTO}, {@link #JAVA} or a provider's
     * @param formats of the model's weights; where they take none of them, there is nothing to open
     * @throws InvalidInputException when a provider is asked for by name and is not there, or does not run here
     */
    public static Optional<ManyRowProducts> open(String name, Set<WeightFormat> formats, Kernels kernels, int threads) {
        String wanted = name.equals(AUTO) ? System.getProperty("yoco.products", AUTO) : name;
        return switch (wanted) {
            case JAVA -> Optional.empty();
            case AUTO -> firstThatRuns(formats, kernels, threads);
            default -> named(wanted, formats, kernels, threads);
        };
    }

    private static List<ManyRowProducts.Provider> providers() {
        return ServiceLoader.load(ManyRowProducts.Provider.class).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
    }

    private static Optional<ManyRowProducts> firstThatRuns(Set<WeightFormat> formats, Kernels kernels, int threads) {
        for (ManyRowProducts.Provider provider : providers()) {
            if (Collections.disjoint(provider.formats(), formats)) {
                continue;
            }
            try {
                return Optional.of(provider.open(kernels, threads));
            } catch (UnsupportedOperationException e) {
                warnOnce(reason(provider, e) + ". -Dyoco.products=" + JAVA + " spares you this line.");
            }
        }
        return Optional.empty();
    }

    private static Optional<ManyRowProducts> named(
            String name, Set<WeightFormat> formats, Kernels kernels, int threads) {
        List<ManyRowProducts.Provider> all = providers();
        ManyRowProducts.Provider provider = all.stream()
                .filter(p -> p.name().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new InvalidInputException("products by " + name + " were asked for, but the class path has "
                                + (all.isEmpty()
                                        ? "no others than " + JAVA
                                        : all.stream()
                                                .map(ManyRowProducts.Provider::name)
                                                .toList())
                                + ": put the module of that name there, or ask for " + JAVA));
        try {
            return Collections.disjoint(provider.formats(), formats)
                    ? Optional.empty()
                    : Optional.of(provider.open(kernels, threads));
        } catch (UnsupportedOperationException e) {
            throw new InvalidInputException(
                    "products by " + name + " were asked for, but " + reason(provider, e) + ": ask for " + JAVA, e);
        }
    }

    private static String reason(ManyRowProducts.Provider provider, UnsupportedOperationException e) {
        return provider.name() + " does not run here: " + e.getMessage();
    }

    private static void warnOnce(String message) {
        if (WARNED.add(message)) {
            LOG.log(System.Logger.Level.WARNING, message);
        }
    }
}

package io.yoco4j.engine.kernel;

import io.yoco4j.core.InvalidInputException;
import java.lang.reflect.InvocationTargetException;
import java.util.concurrent.atomic.AtomicBoolean;

/** Which {@link Kernels} run: those on the Vector API where its module is there, else the scalar ones. */
public enum KernelSelection {
    /** Vector kernels where possible; {@code -Dyoco.kernels=scalar} forbids them. */
    AUTO,
    /** Plain loops. */
    SCALAR,
    /** Vector kernels or an error. */
    VECTOR;

    /** The incubating module's name, as {@code --add-modules} wants it. */
    public static final String MODULE = "jdk.incubator.vector";

    private static final System.Logger LOG = System.getLogger(KernelSelection.class.getName());
    private static final AtomicBoolean WARNED = new AtomicBoolean();

    /**
     * The kernels this selection stands for.
     *
     * @throws InvalidInputException when vector kernels are asked for and the module is missing
     */
    public Kernels kernels() {
        return switch (this) {
            case SCALAR -> new ScalarKernels();
            case VECTOR -> {
                if (!vectorModule()) {
                    throw new InvalidInputException(
                            "vector kernels were asked for, but this JVM runs without them: add --add-modules " + MODULE
                                    + " to the java command");
                }
                yield vector();
            }
            case AUTO -> {
                if ("scalar".equals(System.getProperty("yoco.kernels"))) {
                    yield new ScalarKernels();
                }
                if (!vectorModule()) {
                    warnOnce("Running on scalar kernels, many times slower: add --add-modules " + MODULE
                            + " to the java command.");
                    yield new ScalarKernels();
                }
                yield vectorOrScalar();
            }
        };
    }

    private static boolean vectorModule() {
        return ModuleLayer.boot().findModule(MODULE).isPresent();
    }

    private static Kernels vectorOrScalar() {
        try {
            return vector();
        } catch (InvalidInputException e) {
            warnOnce("Running on scalar kernels, many times slower: " + e.getMessage());
            return new ScalarKernels();
        }
    }

    /** By name, so that no other class links to the incubating module. */
    private static Kernels vector() {
        try {
            var constructor =
                    Class.forName("io.yoco4j.engine.kernel.VectorKernels").getDeclaredConstructor();
            return (Kernels) constructor.newInstance();
        } catch (InvocationTargetException e) {
            Throwable cause = e.getTargetException();
            if (cause instanceof ExceptionInInitializerError && cause.getCause() != null) {
                cause = cause.getCause();
            }
            throw new InvalidInputException("vector kernels do not run here: " + cause.getMessage(), cause);
        } catch (ReflectiveOperationException | LinkageError e) {
            throw new InvalidInputException("vector kernels could not be loaded: " + e, e);
        }
    }

    private static void warnOnce(String message) {
        if (!WARNED.getAndSet(true)) {
            LOG.log(System.Logger.Level.WARNING, message);
        }
    }
}

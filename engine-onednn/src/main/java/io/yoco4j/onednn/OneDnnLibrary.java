package io.yoco4j.onednn;

import io.yoco4j.core.checkpoint.AtomicFiles;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Loads oneDNN, once and for good: OpenMP's threads would not outlive an unloading. Libraries in a jar must be files first;
 * they are kept in the user's cache folder.
 */
final class OneDnnLibrary {
    private static final String PLATFORM = "Linux amd64";
    private static final String RESOURCES = "/org/bytedeco/dnnl/linux-x86_64/";
    /** The first is found by the second, in the same folder. */
    static final NativeFile OPENMP = new NativeFile(RESOURCES + "libgomp.so.1", 298_776, 0xcb2a97caL);

    static final NativeFile ONEDNN = new NativeFile(RESOURCES + "libdnnl.so.3", 89_662_848, 0xb06a1ecaL);

    private static @Nullable SymbolLookup loaded;
    private static @Nullable String refusal;

    private OneDnnLibrary() {}

    /**
     * Loads the library unless it is loaded.
     *
     * @throws UnsupportedOperationException when it does not run here, or not in bfloat16
     */
    static synchronized void require() {
        if (refusal != null) {
            throw new UnsupportedOperationException(refusal);
        }
        if (loaded != null) {
            return;
        }
        try {
            loaded = load();
            if (!Dnnl.multipliesBf16()) {
                throw new UnsupportedOperationException("the processor has no instructions that multiply bfloat16");
            }
        } catch (UnsupportedOperationException e) {
            refusal = e.getMessage();
            throw e;
        }
    }

    static synchronized SymbolLookup lookup() {
        if (loaded == null) {
            throw new IllegalStateException("the library is not loaded");
        }
        return loaded;
    }

    private static SymbolLookup load() {
        String platform = System.getProperty("os.name") + " " + System.getProperty("os.arch");
        if (!platform.equals(PLATFORM)) {
            throw new UnsupportedOperationException("its library is for " + PLATFORM + " and this is " + platform);
        }
        Path cache = cache();
        try {
            if (cache.isAbsolute()) {
                return open(cache);
            }
        } catch (IOException | IllegalArgumentException _) {
            // A home that cannot be written, or from which nothing may be run.
        }
        try {
            Path folder = Files.createTempDirectory("yoco4j-onednn");
            try {
                return open(folder);
            } finally {
                // What is mapped needs no name.
                AtomicFiles.deleteRecursively(folder);
            }
        } catch (IOException | IllegalArgumentException | IllegalCallerException e) {
            throw new UnsupportedOperationException("its library could not be loaded (" + e.getMessage() + ")", e);
        }
    }

    /** A folder of this build alone. */
    private static Path cache() {
        String named = System.getenv("XDG_CACHE_HOME");
        Path root = named == null || named.isEmpty()
                ? Path.of(System.getProperty("user.home", ""), ".cache")
                : Path.of(named);
        return root.resolve("yoco4j").resolve("dnnl-" + Long.toHexString(ONEDNN.crc32()));
    }

    @SuppressWarnings("restricted") // native code is what this module is for
    private static SymbolLookup open(Path folder) throws IOException {
        OPENMP.in(folder);
        return SymbolLookup.libraryLookup(ONEDNN.in(folder), Arena.global());
    }
}

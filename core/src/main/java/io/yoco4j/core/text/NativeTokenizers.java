package io.yoco4j.core.text;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Loads the native library of {@code ai.djl.huggingface:tokenizers}, once and without network. DJL unpacks it from its jar to
 * {@code ~/.djl.ai} (system property or environment variable {@code DJL_CACHE_DIR} for another folder; the temporary folder if the
 * home folder is read-only). On a machine with CUDA it would first look for a CUDA build and download that; the property
 * {@code ai.djl.offline}, set while it loads, makes it take the CPU build of the jar and forbids every connection.
 */
final class NativeTokenizers {
    private static final String OFFLINE = "ai.djl.offline";

    private static boolean loaded;

    private NativeTokenizers() {}

    /** @throws UncheckedIOException if the library cannot be unpacked or does not run here */
    static synchronized TokenizersLibrary library() {
        if (!loaded) {
            load();
            loaded = true;
        }
        return TokenizersLibrary.LIB;
    }

    private static void load() {
        // Only for the time of loading: the property is DJL's for the whole JVM, and other parts of it may want the
        // network.
        String before = System.getProperty(OFFLINE);
        System.setProperty(OFFLINE, "true");
        try {
            LibUtils.checkStatus();
        } catch (RuntimeException | LinkageError e) {
            Throwable root = e;
            while (root.getCause() != null) {
                root = root.getCause();
            }
            throw new UncheckedIOException(new IOException(
                    "The tokenizer's native library cannot be loaded on " + System.getProperty("os.name") + " "
                            + System.getProperty("os.arch") + " (" + root.getMessage()
                            + "): set DJL_CACHE_DIR to a writable folder, or use a platform that"
                            + " ai.djl.huggingface:tokenizers has a build for",
                    e));
        } finally {
            if (before == null) {
                System.clearProperty(OFFLINE);
            } else {
                System.setProperty(OFFLINE, before);
            }
        }
    }
}

package io.yoco4j.server;

import java.util.Optional;
import java.util.Set;

/** Paths of the server. */
final class Routes {
    static final String COMPLETIONS = "/v1/completions";
    static final String CHAT = "/v1/chat/completions";
    static final String MODELS = "/v1/models";
    static final String MODEL = "/v1/models/{+model}";
    static final String TOKENIZE = "/tokenize";
    static final String DETOKENIZE = "/detokenize";
    static final String TOKENIZER_INFO = "/tokenizer_info";
    static final String HEALTH = "/health";
    static final String METRICS = "/metrics";
    static final String PLAYGROUND = "/";
    static final String MEMORY = "/playground/memory";

    private static final Set<String> OPEN = Set.of(HEALTH, PLAYGROUND);
    private static final Set<String> POLLED = Set.of(HEALTH, METRICS, MEMORY);
    private static final Set<String> POSTED = Set.of(COMPLETIONS, CHAT, TOKENIZE, DETOKENIZE);
    private static final Set<String> KNOWN = Set.of(
            COMPLETIONS, CHAT, MODELS, TOKENIZE, DETOKENIZE, TOKENIZER_INFO, HEALTH, METRICS, PLAYGROUND, MEMORY);

    private Routes() {}

    /** Whether a key is needed, where there are any. */
    static boolean guarded(String path) {
        return !OPEN.contains(path);
    }

    /** Whether it is asked every few seconds or more often by machines, so that a line for each would bury the others. */
    static boolean polled(String path) {
        return POLLED.contains(path);
    }

    /** The method that a path takes; empty where there is no such path. */
    static Optional<String> method(String path) {
        if (known(path).equals("other")) {
            return Optional.empty();
        }
        return Optional.of(POSTED.contains(path) ? "POST" : "GET");
    }

    /** A path as a label of metrics, of which there must not be more than there are routes. */
    static String known(String path) {
        if (path.startsWith(MODELS + "/")) {
            return MODEL;
        }
        return KNOWN.contains(path) ? path : "other";
    }
}

package io.yoco4j.onednn;

import org.junit.jupiter.api.Assumptions;

/** Whether this machine runs oneDNN in bfloat16. */
final class Here {
    private Here() {}

    static void assumeOneDnn() {
        try {
            OneDnnLibrary.require();
        } catch (UnsupportedOperationException e) {
            Assumptions.abort("oneDNN does not run here: " + e.getMessage());
        }
    }
}

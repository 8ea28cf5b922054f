package io.yoco4j.cli;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Presets;
import java.util.Iterator;
import picocli.CommandLine.Option;

/** {@code --system} and {@code --size}: an architecture by name. */
final class SystemOptions {
    /** Names that help and completion show. */
    static final class Systems implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Presets.systems().iterator();
        }
    }

    /** Names that help and completion show. */
    static final class Sizes implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Presets.sizes().iterator();
        }
    }

    @Option(
            names = "--system",
            paramLabel = "S",
            completionCandidates = Systems.class,
            description = "One of ${COMPLETION-CANDIDATES}.")
    private String system = "";

    @Option(
            names = "--size",
            paramLabel = "Z",
            completionCandidates = Sizes.class,
            description = "One of ${COMPLETION-CANDIDATES}.")
    private String size = "";

    boolean given() {
        return !system.isEmpty() || !size.isEmpty();
    }

    String system() {
        return system.isEmpty() ? "yoco-u" : system;
    }

    String size() {
        return size.isEmpty() ? "tiny" : size;
    }

    Architecture architecture() {
        return Presets.architecture(system(), size());
    }
}

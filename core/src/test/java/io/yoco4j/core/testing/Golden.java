package io.yoco4j.core.testing;

import io.yoco4j.core.checkpoint.Safetensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A folder of golden vectors: a model and what an independent float64 implementation computed from it (docs/format.md,
 * "Golden vectors").
 *
 * @param folder with config.json, model.safetensors, expected.safetensors
 * @param ids the input
 * @param vocabulary V
 * @param logits by name ({@code logits}, {@code logits.loops1}, {@code logits.loops4}), each n x V, row-major
 * @param loss mean next-token cross-entropy
 * @param gradientNorms L2 norm of the loss's gradient by tensor
 */
public record Golden(
        Path folder,
        int[] ids,
        int vocabulary,
        Map<String, float[]> logits,
        float loss,
        Map<String, Float> gradientNorms) {

    /** Largest absolute difference of a logit that float32 execution may show. */
    public static final float LOGIT_TOLERANCE = 2e-3f;

    /** Largest relative difference of a gradient norm. */
    public static final float GRADIENT_TOLERANCE = 1e-3f;

    /** Every folder of golden vectors: those of the repository, or those in the folder that -Dyoco.golden names. */
    public static Stream<Golden> all() {
        String named = System.getProperty("yoco.golden", "");
        Path root = named.isEmpty()
                ? Path.of("..", "core", "src", "test", "resources", "golden")
                        .toAbsolutePath()
                        .normalize()
                : Path.of(named);
        try (Stream<Path> folders = Files.list(root)) {
            List<Golden> all = folders.filter(Files::isDirectory)
                    .sorted()
                    .map(Golden::read)
                    .toList();
            if (all.isEmpty()) {
                throw new IllegalStateException("no golden vectors in " + root);
            }
            return all.stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Golden read(Path folder) {
        try (Arena arena = Arena.ofConfined()) {
            Safetensors file = Safetensors.open(folder.resolve("expected.safetensors"), arena);
            long[] ids = file.tensor("input_ids").toLongs();
            Map<String, float[]> logits = new TreeMap<>();
            Map<String, Float> norms = new TreeMap<>();
            file.tensors().forEach((name, tensor) -> {
                if (name.startsWith("logits")) {
                    logits.put(name, tensor.toFloats());
                } else if (name.startsWith("grad_norm.")) {
                    norms.put(name.substring("grad_norm.".length()), tensor.toFloats()[0]);
                }
            });
            int[] narrow = new int[ids.length];
            for (int i = 0; i < ids.length; i++) {
                narrow[i] = Math.toIntExact(ids[i]);
            }
            return new Golden(
                    folder,
                    narrow,
                    (int) file.tensor("logits").shape()[1],
                    logits,
                    file.tensor("loss").toFloats()[0],
                    norms);
        }
    }

    /** The loop count that a name of {@link #logits} asks for, or 0 for the configured one. */
    public static int loops(String logitsName) {
        return logitsName.equals("logits") ? 0 : Integer.parseInt(logitsName.substring("logits.loops".length()));
    }

    @Override
    public String toString() {
        return folder.getFileName().toString();
    }
}

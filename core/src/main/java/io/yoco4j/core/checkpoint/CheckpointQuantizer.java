package io.yoco4j.core.checkpoint;

import io.yoco4j.core.InvalidInputException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Writes a model folder anew with its matrices quantized, one of them in memory at a time. */
public final class CheckpointQuantizer {
    private CheckpointQuantizer() {}

    /**
     * Quantizes the matrices of a model; norms stay as they are, and tokenizer.json, generation_config.json, README.md
     * and what a chat template stands in are taken over.
     *
     * @param format Q8 or Q4
     * @param out must not exist, or be empty; it appears whole or not at all
     * @throws InvalidInputException naming file and field or tensor, or when the model is quantized already
     * @throws UncheckedIOException when reading or writing fails
     */
    public static void run(Path folder, WeightFormat format, Path out) {
        CheckpointWriter.requireFree(out);
        requireFloatingPoint(folder);
        try (Arena source = Arena.ofShared();
                MatrixMemory memory = new MatrixMemory()) {
            Checkpoint checkpoint = Checkpoint.open(folder, source);
            SafetensorsWriter weights = new SafetensorsWriter();
            for (StoredTensor tensor : checkpoint.tensors().values()) {
                if (tensor.shape().length == 2) {
                    add(weights, tensor, format.forMatrix(tensor.name()), memory);
                } else {
                    weights.add(tensor);
                }
            }
            CheckpointWriter writer = new CheckpointWriter(checkpoint.architecture(), weights).quantization(format);
            for (String file : List.of(Checkpoint.TOKENIZER, Checkpoint.GENERATION_CONFIG, Checkpoint.MODEL_CARD)) {
                writer.copy(folder, file);
            }
            Checkpoint.CHAT_FILES.forEach(file -> writer.copy(folder, file));
            writer.create(out);
        }
    }

    /**
     * Refuses a model that is quantized already: rounded twice, it would lose more than once.
     *
     * @throws InvalidInputException when it is, or config.json is wrong
     */
    public static void requireFloatingPoint(Path folder) {
        Optional<WeightFormat> quantization = Checkpoint.readConfig(folder).quantization();
        if (quantization.isPresent()) {
            throw new InvalidInputException(folder + " is quantized already, to "
                    + quantization.get().label() + ": quantize the model that it was made from, or take it as it is");
        }
    }

    /** The writer asks for the values and next for the scales, which are made together. */
    private static void add(SafetensorsWriter weights, StoredTensor matrix, WeightFormat format, MatrixMemory memory) {
        MemorySegment[] scales = {MemorySegment.NULL};
        weights.add(matrix.name(), format.dtype(), format.valuesShape(matrix.shape()), () -> {
            Quantizer.Quantized quantized = Quantizer.quantize(matrix, format, memory.next());
            scales[0] = quantized.scales().data();
            return quantized.values().data();
        });
        weights.add(
                WeightFormat.scalesName(matrix.name()),
                DType.BF16,
                WeightFormat.scalesShape(matrix.shape()),
                () -> scales[0]);
    }

    /** What the matrix that is being written lies in. */
    private static final class MatrixMemory implements AutoCloseable {
        private @Nullable Arena current;

        /** For the next matrix; the memory of the last is given back. */
        @SuppressWarnings("MustBeClosedChecker") // closed by the next call, or by close()
        Arena next() {
            close();
            current = Arena.ofShared();
            return current;
        }

        @Override
        public void close() {
            if (current != null) {
                current.close();
                current = null;
            }
        }
    }
}

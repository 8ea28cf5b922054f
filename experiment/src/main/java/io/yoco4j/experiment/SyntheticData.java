package io.yoco4j.experiment;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.core.text.Tokenizer;
import io.yoco4j.core.text.WordVocabulary;
import io.yoco4j.eval.synthetic.Example;
import io.yoco4j.eval.synthetic.Generators;
import io.yoco4j.eval.synthetic.SequenceGenerator;
import io.yoco4j.train.Dataset;
import io.yoco4j.train.TrainingOptions;
import io.yoco4j.train.data.Sequences;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.LongFunction;

/** A generator's examples as training data: labels are targets, and what is shorter than a sequence is filled with blanks. */
public final class SyntheticData implements Dataset {
    private static final String FILE = "synthetic.txt";

    /** Examples of a seed, more than a run takes. All seeds' lie below 2^62, from where test examples come. */
    private static final long PER_SEED = 1L << 40;

    private static final long SEEDS = 1L << 22;

    private final String spec;
    private final SequenceGenerator generator;
    private final Tokenizer tokenizer;

    /**
     * Data of {@code NAME[:KEY=VALUE,...]}.
     *
     * @throws InvalidInputException when that is no generator
     */
    public SyntheticData(String spec) {
        this.spec = spec;
        generator = Generators.of(spec);
        tokenizer = Tokenizer.parse(new WordVocabulary(generator.words()).json());
    }

    /** The data of a run that trains on a generator, if the folder's does. */
    public static Optional<SyntheticData> in(Path folder) {
        Path file = folder.resolve(FILE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(new SyntheticData(Files.readString(file).strip()));
        } catch (InvalidInputException e) {
            throw e.in(file + ": ");
        } catch (IOException e) {
            throw new UncheckedIOException(file + " could not be read: " + e.getMessage(), e);
        }
    }

    /** Says in a model folder what its run trains on. */
    public void writeTo(Path folder) {
        AtomicFiles.writeString(folder.resolve(FILE), spec + "\n");
    }

    /** Forgets what {@link #writeTo} said, in a folder whose run never began. */
    public static void removeFrom(Path folder) throws IOException {
        Files.deleteIfExists(folder.resolve(FILE));
    }

    /** What it was made from. */
    public String spec() {
        return spec;
    }

    /** The most tokens of an example. */
    public int maxLength() {
        return generator.maxLength();
    }

    @Override
    public int vocabularySize() {
        return tokenizer.vocabularySize();
    }

    @Override
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    @Override
    public OptionalInt endOfText() {
        return OptionalInt.empty();
    }

    /** Examples of the options' seed; seeds that differ by a multiple of 2^22 have the same. */
    @Override
    public Sequences training(TrainingOptions options) {
        long first = Math.floorMod(options.seed() - 1, SEEDS) * PER_SEED;
        return new Padded(i -> generator.example(first + i), sequenceLength(options));
    }

    @Override
    public Sequences heldOut(TrainingOptions options) {
        return new Padded(generator::test, sequenceLength(options));
    }

    /**
     * The options' sequence length.
     *
     * @throws InvalidInputException when the longest example does not fit
     */
    public int sequenceLength(TrainingOptions options) {
        if (options.sequenceLength() < maxLength()) {
            throw new InvalidInputException("the sequence length is " + options.sequenceLength() + ", but " + spec
                    + " has examples of " + maxLength() + " tokens: leave --sequence-length out");
        }
        return options.sequenceLength();
    }

    @Override
    public OptionalDouble bytesPerToken(TrainingOptions options) {
        return OptionalDouble.empty();
    }

    @Override
    public void close() {
        tokenizer.close();
    }

    private record Padded(LongFunction<Example> examples, int length) implements Sequences {
        @Override
        public long count() {
            return Long.MAX_VALUE;
        }

        @Override
        public void read(long first, int rows, long[] ids, long[] targets) {
            for (int r = 0; r < rows; r++) {
                Example example = examples.apply(first + r);
                int from = r * length;
                Arrays.fill(ids, from, from + length, SequenceGenerator.BLANK);
                Arrays.fill(targets, from, from + length, IGNORED);
                for (int i = 0; i < example.ids().length; i++) {
                    int label = example.labels()[i];
                    ids[from + i] = example.ids()[i];
                    targets[from + i] = label == Example.NONE ? IGNORED : label;
                }
            }
        }
    }
}

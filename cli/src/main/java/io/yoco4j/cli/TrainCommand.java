package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.checkpoint.AtomicFiles;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.core.checkpoint.FolderLock;
import io.yoco4j.experiment.SyntheticData;
import io.yoco4j.train.Dataset;
import io.yoco4j.train.Trainer;
import io.yoco4j.train.TrainingData;
import io.yoco4j.train.TrainingOptions;
import io.yoco4j.train.data.Sources;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "train",
        description = "Train a model on text, or on sequences made by a program.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "SRC is [WEIGHT*]LOCATION[!GLOB,..][=~PATTERN]; a LOCATION is a folder, a zip or jar, a .txt, .jsonl (field \"text\"), each"
                    + " also .gz, a .parquet, jdk (the running JDK's sources) or maven:GROUP:ARTIFACT:VERSION (its sources;"
                    + " with :jar behind it, the artifact itself). A regular expression keeps what it finds, a line for each find.",
            "",
            "  yoco train --system yoco-u --size tiny --data 'jdk!java.base/java/**' --minutes 10 --out runs/first",
            "",
            "NAME is hop (k-hop induction; length, letters, min_hops, max_hops), mqar (associative recall; vocabulary, min_length,"
                    + " max_length, pairs), niah_small (needles; haystack=noise|text, distractors, min_length, max_length) or"
                    + " far_pairs (pairs, min_distance, max_distance); all take seed. The model has nano's size unless told"
                    + " otherwise. yoco eval --tasks has the same names.",
            "",
            "  yoco train --system yoco-u --shape layers=2,window=16 --synthetic hop:max_hops=4 --steps 5000 --out runs/hop"
        })
final class TrainCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Mixin
    private SystemOptions preset = new SystemOptions();

    @Option(
            names = "--data",
            paramLabel = "SRC",
            arity = "1..*",
            description = "Where text comes from; may be repeated.")
    private List<String> data = List.of();

    @Option(
            names = "--synthetic",
            paramLabel = "NAME[:K=V,...]",
            description = "Train on a generator's sequences, instead of --data.")
    private @Nullable String synthetic;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "The model folder.")
    private Path out;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "A JSON file of options, named as in a run's training.json; those given here win.")
    private @Nullable Path config;

    @Option(names = "--resume", description = "Go on from the state in --out.")
    private boolean resume;

    @Option(
            names = "--until",
            paramLabel = "STEP",
            description = "Save and end at this step; --resume goes on from it.")
    private long until = Long.MAX_VALUE;

    @Option(
            names = "--tokenizer",
            paramLabel = "FILE",
            description = "A tokenizer.json (default: one is trained on the data).")
    private @Nullable Path tokenizer;

    @Option(names = "--max-bytes", paramLabel = "N", description = "Text to tokenize, at most (default: all).")
    private long maxBytes = Long.MAX_VALUE;

    @Mixin
    private ThreadsOption threads = new ThreadsOption();

    @Mixin
    private TrainingFlags flags = new TrainingFlags();

    @Mixin
    private JsonOption json = new JsonOption();

    @SuppressWarnings("NullAway.Init") // picocli sets them
    TrainCommand() {}

    @Override
    public void run() {
        threads.training();
        if (until < 1) {
            throw new InvalidInputException("--until is " + until + ", but must be at least 1");
        }
        PrintWriter progress =
                json.wanted() ? spec.commandLine().getErr() : spec.commandLine().getOut();
        if (resume) {
            requireRun();
        } else {
            requireNew();
        }
        try (FolderLock _ = FolderLock.take(out);
                TrainingReporter reporter =
                        new TrainingReporter(progress, TrainingReporter.onTerminal() && !json.wanted());
                Dataset dataset = resume ? resumed(progress) : prepare(progress)) {
            Architecture a = resume ? Checkpoint.readArchitecture(out) : architecture(dataset);
            TrainingOptions options = resume ? resumedOptions() : options(dataset);
            Trainer trainer = new Trainer(a, options, dataset, out, reporter);
            TrainingRun.run(trainer, resume, until, threads.count(), result -> report(result, dataset));
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
    }

    /** Before any work, and before anything is written: a mistake should not show after minutes. */
    private void requireNew() {
        requireNoModel();
        if (maxBytes < 1) {
            throw new InvalidInputException("--max-bytes is " + maxBytes + ", but must be at least 1");
        }
        if (synthetic == null) {
            Trainer.requireLoops(looped(preset.architecture()), flags.options(TrainingOptions.builder(), config));
            List<?> _ = Sources.parse(data);
            return;
        }
        if (!data.isEmpty() || tokenizer != null || maxBytes != Long.MAX_VALUE) {
            throw new InvalidInputException(
                    "--synthetic takes the place of text: leave --data, --tokenizer and --max-bytes out");
        }
        try (SyntheticData made = new SyntheticData(synthetic)) {
            int _ = made.sequenceLength(options(made));
        }
    }

    private void requireNoModel() {
        boolean begun = Files.exists(out.resolve(Trainer.OPTIONS));
        for (String file :
                List.of("state.safetensors", Checkpoint.WEIGHTS, Checkpoint.WEIGHTS_INDEX, Checkpoint.CONFIG)) {
            // A run that ended before its first checkpoint leaves a description, which may go.
            if (Files.exists(out.resolve(file)) && !(begun && file.equals(Checkpoint.CONFIG))) {
                throw new InvalidInputException(
                        out + " holds a model already: add --resume to go on with it, or name another --out");
            }
        }
    }

    private Dataset prepare(PrintWriter progress) throws IOException {
        requireNoModel(); // another run may have ended before the folder was ours
        if (synthetic != null) {
            return synthetic(synthetic, progress);
        }
        SyntheticData.removeFrom(out);
        progress.println("collecting text");
        progress.flush();
        TrainingData text = TrainingData.prepare(
                Sources.parse(data),
                out,
                new TrainingData.Options(
                        Presets.size(preset.size()).vocabulary(),
                        Optional.ofNullable(tokenizer),
                        32 << 20,
                        maxBytes,
                        threads.count(),
                        new CollectingProgress(progress)));
        return announced(text, progress);
    }

    private static Dataset announced(TrainingData text, PrintWriter progress) {
        progress.printf(
                "%,d tokens to train on, %,d held out, %.2f bytes per token%n",
                text.shards().train().tokens(),
                text.shards().validation().tokens(),
                text.shards().validation().bytesPerToken());
        return text;
    }

    private Dataset synthetic(String generator, PrintWriter progress) {
        SyntheticData made = new SyntheticData(generator);
        try {
            made.writeTo(out);
            return announced(made, progress);
        } catch (RuntimeException e) {
            made.close();
            throw e;
        }
    }

    private static Dataset announced(SyntheticData made, PrintWriter progress) {
        progress.printf(
                "sequences of %s, up to %,d of %,d tokens%n", made.spec(), made.maxLength(), made.vocabularySize());
        return made;
    }

    private Dataset resumed(PrintWriter progress) throws IOException {
        Optional<SyntheticData> made = SyntheticData.in(out);
        return made.isPresent() ? announced(made.get(), progress) : announced(TrainingData.open(out), progress);
    }

    private TrainingOptions options(Dataset dataset) {
        TrainingOptions.Builder defaults = TrainingOptions.builder();
        if (dataset instanceof SyntheticData made) {
            defaults.sequenceLength(made.maxLength());
        }
        return flags.options(defaults, config);
    }

    /** The preset, with the loops that were asked for and a vocabulary that fits the tokenizer. */
    private Architecture architecture(Dataset dataset) {
        boolean exact = dataset instanceof SyntheticData || tokenizer != null;
        Architecture a = dataset instanceof SyntheticData ? preset.architecture("nano") : preset.architecture();
        a = looped(a);
        int vocabulary = dataset.tokenizer().vocabularySize();
        return vocabulary > a.vocabSize() || exact
                ? a.toBuilder().vocabSize(vocabulary).build()
                : a;
    }

    private Architecture looped(Architecture a) {
        return flags.fixedLoops() > 0 ? a.withLoops(flags.fixedLoops()) : a;
    }

    private void requireRun() {
        if (!Files.exists(out.resolve(Trainer.OPTIONS)) || !Files.exists(out.resolve("state.safetensors"))) {
            throw new InvalidInputException(out + " has no run to resume: leave --resume out to start one");
        }
        if (!data.isEmpty()
                || synthetic != null
                || tokenizer != null
                || maxBytes != Long.MAX_VALUE
                || preset.given()
                || config != null) {
            throw new InvalidInputException(
                    "a resumed run keeps its model, data and recipe: give --resume with --out and"
                            + " what bounds the run (--steps, --tokens or --minutes) alone");
        }
    }

    private TrainingOptions resumedOptions() throws IOException {
        Path file = out.resolve(Trainer.OPTIONS);
        String json;
        try {
            json = Files.readString(file);
        } catch (IOException e) {
            throw new IOException(file + " could not be read: " + AtomicFiles.reason(e), e);
        }
        try {
            return flags.resumed(TrainingOptions.read(json));
        } catch (InvalidInputException e) {
            throw e.in(file + ": ");
        }
    }

    private void report(Trainer.Result result, Dataset dataset) {
        PrintWriter answer = spec.commandLine().getOut();
        if (json.wanted()) {
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("out", out.toString());
            facts.put("step", result.step());
            facts.put("stopped", result.stopped());
            result.evaluation().ifPresent(e -> {
                facts.put("tokens", e.tokens());
                facts.put("validation_loss", e.loss());
                if (!Double.isNaN(e.bitsPerByte())) {
                    facts.put("bits_per_byte", e.bitsPerByte());
                }
                facts.put("accuracy", e.accuracy());
            });
            answer.println(Json.line(facts));
        } else if (result.stopped()) {
            answer.println("Stopped and saved at step " + result.step() + ". Go on with: " + Yoco.command()
                    + " train --resume --out " + out);
        } else if (result.evaluation().isEmpty()) {
            answer.println("Nothing was left to do: the run in " + out + " is at step " + result.step()
                    + ", where its budget ends or beyond; give more --steps, --tokens or --minutes to go on");
        } else {
            answer.println("Done: model, metrics.jsonl and loss.png are in " + out);
            answer.println("Try: " + Yoco.command()
                    + (dataset instanceof SyntheticData made
                            ? " eval " + out + " --tasks " + made.spec()
                            : " generate " + out + " \"public static\""));
        }
        answer.flush();
    }
}

package io.yoco4j.eval.task;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.eval.EvalOptions;
import io.yoco4j.eval.Task;
import io.yoco4j.eval.data.EvalRecord;
import io.yoco4j.eval.data.RecordReader;
import io.yoco4j.eval.synthetic.Generators;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Tasks by name, over a folder of evaluation files. A task reads {@code NAME.jsonl}, {@code .csv} or {@code .parquet} there, or
 * a file whose name begins with one of its other names; examples come from {@code NAME.train} with the same endings, or else
 * from the file's own first records, which are not scored then. Synthetic tasks ({@link Generators}) read no file.
 */
public final class Tasks {
    private static final List<Integer> NEEDLE_LENGTHS = List.of(512, 1024, 2048, 4096, 8192, 16_384);
    private static final int NEEDLES = 20;
    private static final int EXAMPLES = 500;

    /** How a task of a name is made. */
    private interface Maker {
        Task make(String name, Path data, EvalOptions options);
    }

    /** Names the files that a task of a name reads, none twice, always in the same order. */
    private interface Reader {
        List<Path> files(String name, Path data);
    }

    private record Kind(Maker maker, Reader reader, boolean takesExamples) {}

    private static final Map<String, Kind> KINDS = new LinkedHashMap<>();

    static {
        KINDS.put("hellaswag", new Kind(choices(ChoiceFormat.HELLASWAG, true), Tasks::fileAndExamples, true));
        KINDS.put("piqa", new Kind(choices(ChoiceFormat.PIQA, true), Tasks::fileAndExamples, true));
        KINDS.put("arc_easy", new Kind(choices(ChoiceFormat.ARC, true), Tasks::fileAndExamples, true));
        KINDS.put("arc_challenge", new Kind(choices(ChoiceFormat.ARC, true), Tasks::fileAndExamples, true));
        KINDS.put("openbookqa", new Kind(choices(ChoiceFormat.OPENBOOKQA, true), Tasks::fileAndExamples, true));
        KINDS.put("winogrande", new Kind(choices(ChoiceFormat.WINOGRANDE, false), Tasks::fileAndExamples, true));
        KINDS.put("lambada", new Kind(Tasks::lambada, Tasks::file, false));
        KINDS.put("mmlu", new Kind(Tasks::mmlu, Tasks::mmluFiles, true));
        KINDS.put("perplexity", new Kind(Tasks::perplexity, (_, data) -> files(data.resolve("perplexity"), ""), false));
        KINDS.put(
                "niah",
                new Kind(Tasks::needles, (_, data) -> haystack(data).stream().toList(), false));
        KINDS.put("qa_f1", new Kind(answers(TextMetric.F1), Tasks::file, false));
        KINDS.put("qa_exact", new Kind(answers(TextMetric.EXACT), Tasks::file, false));
        KINDS.put("qa_rouge_l", new Kind(answers(TextMetric.ROUGE_L), Tasks::file, false));
        KINDS.put("qa_accuracy", new Kind(answers(TextMetric.CONTAINS), Tasks::file, false));
        Generators.names()
                .forEach(name -> KINDS.put(
                        name, new Kind((spec, _, options) -> synthetic(spec, options), (_, _) -> List.of(), false)));
    }

    private static final Map<String, List<String>> OTHER_NAMES =
            Map.of("openbookqa", List.of("openbook_qa"), "lambada", List.of("lambada_openai"));

    private Tasks() {}

    /** The names that are known. */
    public static Set<String> names() {
        return Collections.unmodifiableSet(KINDS.keySet());
    }

    /**
     * The task of a name, or a synthetic one with options, as {@code hop:max_hops=4}.
     *
     * @param data the folder of evaluation files
     * @throws InvalidInputException when there is no such task, its file is missing or a record of it is broken
     */
    public static Task of(String name, Path data, EvalOptions options) {
        return kind(name).maker().make(name, data, options);
    }

    /**
     * The task of a name, where it needs no files.
     *
     * @throws InvalidInputException when there is no such task, its options are wrong or it reads files
     */
    public static Task of(String name, EvalOptions options) {
        kind(name);
        if (name.equals("niah")) {
            return new NeedleTask(name + "_1", NEEDLE_LENGTHS, Math.min(NEEDLES, options.limit()), "");
        }
        if (!Generators.named(name)) {
            throw new InvalidInputException("task " + name + " reads evaluation files: name their folder with --data");
        }
        return synthetic(name, options);
    }

    /**
     * Whether a task puts solved examples in front of its items where some are asked for; others go without.
     *
     * @throws InvalidInputException when there is no such task
     */
    public static boolean takesExamples(String name) {
        return kind(name).takesExamples();
    }

    /**
     * The files that a task reads, always in the same order; none where it is synthetic.
     *
     * @param data the folder of evaluation files
     * @throws InvalidInputException when there is no such task or a file that it needs is missing
     */
    public static List<Path> files(String name, Path data) {
        return kind(name).reader().files(name, data);
    }

    private static Kind kind(String name) {
        Kind kind = KINDS.get(name.replaceFirst(":.*", ""));
        if (kind == null || name.contains(":") && !Generators.named(name)) {
            throw new InvalidInputException(
                    "task \"" + name + "\" is unknown: choose from " + String.join(", ", KINDS.keySet()));
        }
        return kind;
    }

    private static Task synthetic(String spec, EvalOptions options) {
        return new SyntheticTask(spec, Generators.of(spec), Math.min(EXAMPLES, options.limit()));
    }

    private static Maker choices(ChoiceFormat format, boolean normalized) {
        return (name, data, options) -> {
            List<ChoiceItem> items = items(format, RecordReader.read(require(name, data)));
            Optional<Path> train = find(name, ".train", data);
            if (train.isPresent()) {
                List<ChoiceItem> examples = items(format, RecordReader.read(train.get()));
                return new ChoiceTask(name, limited(items, options), "", shots(name, examples, options), normalized);
            }
            List<ChoiceItem> examples = shots(name, items, options);
            List<ChoiceItem> rest = items.subList(examples.size(), items.size());
            if (rest.isEmpty()) {
                throw new InvalidInputException("all " + items.size() + " records of task " + name
                        + " are examples, so none is left to score: ask for fewer with --shots");
            }
            return new ChoiceTask(name, limited(rest, options), "", examples, normalized);
        };
    }

    private static List<ChoiceItem> items(ChoiceFormat format, List<EvalRecord> records) {
        return records.stream().map(format::item).toList();
    }

    private static <T> List<T> limited(List<T> items, EvalOptions options) {
        return items.subList(0, Math.min(items.size(), options.limit()));
    }

    private static List<ChoiceItem> shots(String name, List<ChoiceItem> examples, EvalOptions options) {
        if (examples.size() < options.shots()) {
            throw new InvalidInputException("task " + name + " has " + examples.size() + " examples, but --shots is "
                    + options.shots() + ": ask for fewer, or add records");
        }
        return examples.subList(0, options.shots());
    }

    private static Task lambada(String name, Path data, EvalOptions options) {
        List<LastWordTask.Passage> passages = limited(RecordReader.read(require(name, data)), options).stream()
                .map(LastWordTask.Passage::of)
                .toList();
        return new LastWordTask(name, passages);
    }

    private static Maker answers(TextMetric metric) {
        return (name, data, options) -> new GenerationTask(
                name,
                limited(RecordReader.read(require(name, data)), options).stream()
                        .map(record -> GenerationTask.Question.of(record, metric == TextMetric.ROUGE_L))
                        .toList(),
                metric);
    }

    /** A subject for each file of {@code mmlu/test}; its examples are the first of {@code mmlu/dev}. */
    private static Task mmlu(String name, Path data, EvalOptions options) {
        List<Task> subjects = new ArrayList<>();
        for (Path file : files(data.resolve("mmlu/test"), "_test")) {
            String subject = stem(file).replaceFirst("_test$", "");
            List<ChoiceItem> examples = options.shots() == 0 ? List.of() : mmlu(dev(data, subject));
            subjects.add(new ChoiceTask(
                    subject,
                    limited(mmlu(file), options),
                    "The following are multiple choice questions (with answers) about " + subject.replace('_', ' ')
                            + ".\n\n",
                    shots(subject, examples, options),
                    false));
        }
        return new GroupedTask(name, subjects);
    }

    private static List<ChoiceItem> mmlu(Path file) {
        return items(ChoiceFormat.MMLU, RecordReader.read(file, ChoiceFormat.MMLU_COLUMNS));
    }

    private static Path dev(Path data, String subject) {
        for (String ending : RecordReader.ENDINGS) {
            Path file = data.resolve("mmlu/dev").resolve(subject + "_dev" + ending);
            if (Files.isRegularFile(file)) {
                return file;
            }
        }
        throw new InvalidInputException(data.resolve("mmlu/dev") + " has no examples of subject " + subject + ": add "
                + subject + "_dev.csv, or set --shots 0");
    }

    /** Each file of {@code perplexity} is a document. */
    private static Task perplexity(String name, Path data, EvalOptions options) {
        List<PerplexityTask.Document> documents = limited(files(data.resolve("perplexity"), ""), options).stream()
                .map(file -> new PerplexityTask.Document(text(file), file.toString()))
                .filter(d -> !d.text().isBlank())
                .toList();
        if (documents.isEmpty()) {
            throw new InvalidInputException(data.resolve("perplexity") + " has no document with text: add one");
        }
        return new PerplexityTask(name, documents);
    }

    /** In noise, and in the running text of {@code haystack.txt} where there is one. */
    private static Task needles(String name, Path data, EvalOptions options) {
        int count = Math.min(NEEDLES, options.limit());
        Task noise = new NeedleTask(name + "_1", NEEDLE_LENGTHS, count, "");
        Optional<Path> haystack = haystack(data);
        return haystack.isEmpty()
                ? noise
                : new GroupedTask(
                        name, List.of(noise, new NeedleTask(name + "_2", NEEDLE_LENGTHS, count, text(haystack.get()))));
    }

    private static Optional<Path> haystack(Path data) {
        return Optional.of(data.resolve("haystack.txt"))
                .filter(Files::isRegularFile)
                .filter(file -> !text(file).isBlank());
    }

    private static List<Path> files(Path folder, String suffix) {
        if (!Files.isDirectory(folder)) {
            throw new InvalidInputException(folder + " is missing or no folder: add it, or leave the task out");
        }
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> found = files.filter(Files::isRegularFile)
                    .filter(f -> stem(f).endsWith(suffix)
                            && !f.getFileName().toString().startsWith("."))
                    .sorted()
                    .toList();
            requireOnce(found);
            if (found.isEmpty()) {
                throw new InvalidInputException(folder + " has no file to score: add one, or leave the task out");
            }
            return found;
        } catch (IOException e) {
            throw new InvalidInputException(folder + " could not be listed: " + e.getMessage(), e);
        }
    }

    /** The same records in two formats would count twice. */
    private static void requireOnce(List<Path> files) {
        Map<String, Path> stems = new HashMap<>();
        for (Path file : files) {
            Path other = stems.putIfAbsent(stem(file), file);
            if (other != null && RecordReader.ENDINGS.stream().anyMatch(file.toString()::endsWith)) {
                throw new InvalidInputException(
                        file + " and " + other + " have the same name: leave one of them out, or each would count");
            }
        }
    }

    private static String stem(Path file) {
        String name = file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        return dot < 0 ? name : name.substring(0, dot);
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new InvalidInputException(file + " is not UTF-8: convert it", e);
        } catch (IOException e) {
            throw new InvalidInputException(file + " could not be read: " + e.getMessage(), e);
        }
    }

    private static List<Path> file(String name, Path data) {
        return List.of(require(name, data));
    }

    private static List<Path> fileAndExamples(String name, Path data) {
        return Stream.concat(Stream.of(require(name, data)), find(name, ".train", data).stream())
                .toList();
    }

    private static List<Path> mmluFiles(String name, Path data) {
        Path dev = data.resolve("mmlu/dev");
        List<Path> examples = Files.isDirectory(dev) ? files(dev, "_dev") : List.of();
        return Stream.concat(files(data.resolve("mmlu/test"), "_test").stream(), examples.stream())
                .toList();
    }

    private static Path require(String name, Path data) {
        return find(name, "", data)
                .orElseThrow(() -> new InvalidInputException(data + " has no file for task " + name + " (" + name
                        + String.join(", " + name, RecordReader.ENDINGS)
                        + "): add it, or name its folder (--data; evaluate.task_data of an experiment)"));
    }

    private static Optional<Path> find(String name, String suffix, Path data) {
        List<String> names = new ArrayList<>(List.of(name));
        names.addAll(OTHER_NAMES.getOrDefault(name, List.of()));
        return names.stream()
                .flatMap(n -> RecordReader.ENDINGS.stream().map(ending -> data.resolve(n + suffix + ending)))
                .filter(Files::isRegularFile)
                .findFirst();
    }
}

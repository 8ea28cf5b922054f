package io.yoco4j.eval.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.eval.EvalOptions;
import io.yoco4j.eval.FakeModel;
import io.yoco4j.eval.Metric;
import io.yoco4j.eval.Task;
import io.yoco4j.eval.TaskResult;
import io.yoco4j.eval.data.SmallParquet;
import io.yoco4j.eval.data.SmallParquet.Field;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scores of whole tasks on a fake model, computed by hand. */
class TasksTest {
    @TempDir
    private Path data;

    private Path write(String name, String text) throws IOException {
        Path file = data.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text.replace('\'', '"'));
    }

    private TaskResult run(String name, EvalOptions options, FakeModel model) {
        return Tasks.of(name, data, options).run(model, options, Task.Progress.NONE);
    }

    private static double value(TaskResult result, String metric) {
        return result.metrics().stream()
                .filter(m -> m.name().equals(metric))
                .mapToDouble(Metric::value)
                .findFirst()
                .orElseThrow();
    }

    /** Every character costs 1, so the shortest sum wins acc; by characters all are about equal. */
    @Test
    void accCountsSumsAndAccNormSumsByLength() throws IOException {
        write("piqa.jsonl", """
                {'query': 'q', 'choices': ['ab', 'abcd'], 'gold': 0}
                {'query': 'q', 'choices': ['zz', 'abcd'], 'gold': 1}
                """);
        FakeModel model = new FakeModel(100).character('z', -4);
        TaskResult result = run("piqa", EvalOptions.defaults(), model);
        // " ab" -3, " abcd" -5: the first, which is right; " zz" -9, " abcd" -5: the second, right.
        assertThat(value(result, "acc")).isEqualTo(1);
        // -3 / 2 against -5 / 4: the second, wrong; -9 / 2 against -5 / 4: the second, right. Blanks do not count.
        assertThat(value(result, "acc_norm")).isEqualTo(0.5);
        // Of two samples 0 and 1: deviation sqrt(1/2), error 1/2.
        assertThat(result.metrics().get(1).standardError()).isCloseTo(0.5, within(1e-12));
        assertThat(model.requests).containsExactly("Question: q\nAnswer:| ab| abcd", "Question: q\nAnswer:| zz| abcd");
    }

    @Test
    void batchesChangeNothing() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 7; i++) {
            lines.append("{'query': 'q")
                    .append(i)
                    .append("', 'choices': ['a', 'b', 'cc'], 'gold': ")
                    .append(i % 3)
                    .append("}\n");
        }
        write("openbook_qa.jsonl", lines.toString());
        FakeModel one = new FakeModel(100).character('b', -0.5);
        FakeModel many = new FakeModel(100).character('b', -0.5);
        assertThat(run("openbookqa", new EvalOptions(7, 0, 3), many))
                .isEqualTo(run("openbookqa", new EvalOptions(7, 0, 1), one));
        assertThat(many.requests).isEqualTo(one.requests);
    }

    @Test
    void parquetFilesAreScoredAsJsonLines() throws IOException {
        List<FakeModel> models = new ArrayList<>();
        List<TaskResult> results = new ArrayList<>();
        for (boolean parquet : new boolean[] {false, true}) {
            if (parquet) {
                Files.delete(data.resolve("arc_challenge.jsonl"));
                new SmallParquet(
                                Field.text("question"),
                                Field.struct("choices", Field.texts("text"), Field.texts("label")),
                                Field.text("answerKey"))
                        .group(List.of(Map.of(
                                "question", "Which?",
                                "choices", Map.of("text", List.of("a", "bb", "cc"), "label", List.of("A", "B", "C")),
                                "answerKey", "B")))
                        .write(data.resolve("arc_challenge.parquet"));
            } else {
                write(
                        "arc_challenge.jsonl",
                        "{'question': 'Which?', 'answerKey': 'B',"
                                + " 'choices': {'text': ['a', 'bb', 'cc'], 'label': ['A', 'B', 'C']}}\n");
            }
            FakeModel model = new FakeModel(100).character('b', -0.1);
            results.add(run("arc_challenge", EvalOptions.defaults(), model));
            models.add(model);
        }
        assertThat(models.get(1).requests).containsExactly("Question: Which?\nAnswer:| a| bb| cc");
        assertThat(models.get(1).requests).isEqualTo(models.get(0).requests);
        assertThat(value(results.get(1), "acc")).isEqualTo(1);
        assertThat(results.get(1)).isEqualTo(results.get(0));
    }

    @Test
    void examplesComeFirstAndAreNotScored() throws IOException {
        write("openbookqa.jsonl", """
                {'query': 'one', 'choices': ['a', 'b'], 'gold': 1}
                {'query': 'two', 'choices': ['c', 'd'], 'gold': 0}
                {'query': 'three', 'choices': ['e', 'f'], 'gold': 0}
                """);
        FakeModel model = new FakeModel(100);
        assertThat(run("openbookqa", new EvalOptions(1, 2, 1), model).items()).isEqualTo(1);
        assertThat(model.requests).containsExactly("one b\n\ntwo c\n\nthree| e| f");
        assertThatThrownBy(() -> run("openbookqa", new EvalOptions(9, 3, 1), model))
                .hasMessageContaining("none is left");
        assertThatThrownBy(() -> run("openbookqa", new EvalOptions(9, 4, 1), model))
                .hasMessageContaining("--shots is 4");
    }

    @Test
    void longContextsLoseTheirBeginning() throws IOException {
        write("openbookqa.jsonl", "{'query': '0123456789', 'choices': ['a', 'b'], 'gold': 1}\n");
        FakeModel model = new FakeModel(6);
        TaskResult result = run("openbookqa", EvalOptions.defaults(), model);
        // " a" are two tokens, whose last needs no room: five of the context remain.
        assertThat(model.requests).containsExactly("56789| a| b");
        assertThat(result.truncated()).as("one context of two choices").isEqualTo(1);
        write("winogrande.jsonl", """
                {'context_options': ['0123456', '01234567'], 'continuation': 'ab', 'gold': 0}
                {'context_options': ['01', '0123456'], 'continuation': 'ab', 'gold': 0}
                {'context_options': ['01', '02'], 'continuation': 'ab', 'gold': 0}
                """);
        assertThat(run("winogrande", EvalOptions.defaults(), model).truncated())
                .as("items with a context of a choice")
                .isEqualTo(2);
        write(
                "lambada.jsonl",
                "{'context': '0123456789', 'continuation': 'ab'}\n{'context': '0', 'continuation': 'ab'}\n");
        assertThat(run("lambada", EvalOptions.defaults(), model).truncated()).isEqualTo(1);
        write("piqa.jsonl", "{'query': 'q', 'choices': ['much too long', 'b'], 'gold': 1}\n");
        assertThatThrownBy(() -> run("piqa", EvalOptions.defaults(), model))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("piqa.jsonl line 1")
                .hasMessageContaining("14 tokens, but the model takes 6");
    }

    @Test
    void emptyContextsAreTheStartToken() throws IOException {
        write("openbookqa.jsonl", "{'query': ' ', 'choices': ['a', 'b'], 'gold': 1}\n");
        FakeModel model = new FakeModel(9);
        run("openbookqa", EvalOptions.defaults(), model);
        // The context's blank is part of what is scored.
        assertThat(model.requests).containsExactly((char) FakeModel.START + "|  a|  b");
    }

    @Test
    void lambadaWantsTheLikeliestWordAndItsPerplexity() throws IOException {
        write("lambada.jsonl", """
                {'text': 'He said good bye'}
                {'context': 'the dog', 'continuation': 'ran'}
                """);
        FakeModel model = new FakeModel(100).continuation(" bye", -0.5).continuation(" ran", -3.5);
        TaskResult result = run("lambada", EvalOptions.defaults(), model);
        assertThat(model.requests).containsExactly("He said good| bye", "the dog| ran");
        assertThat(value(result, "acc")).isEqualTo(0.5);
        assertThat(value(result, "perplexity")).isCloseTo(Math.exp(2), within(1e-9));
        // Error of the mean of -0.5 and -3.5 is 1.5.
        assertThat(result.metrics().get(1).standardError()).isCloseTo(1.5 * Math.exp(2), within(1e-9));
    }

    @Test
    void mmluHasSubjectsWithExamplesOfTheirOwn() throws IOException {
        String header = "question,choice0,choice1,choice2,choice3,answer\n";
        write("mmlu/dev/high_physics_dev.csv", header + "d1,a,b,c,d,0\nd2,a,b,c,d,1\n");
        write("mmlu/test/high_physics_test.csv", header + "t1,a,b,c,d,3\n");
        write("mmlu/dev/art_dev.csv", header + "d3,a,b,c,d,2\n");
        write("mmlu/test/art_test.csv", header + "'t2,\nwith a line',a,b,c,d,0\nt3,a,b,c,d,3\nt4,a,b,c,d,3\n");
        FakeModel model = new FakeModel(1000).character('D', -0.1);
        TaskResult result = run("mmlu", new EvalOptions(100, 1, 2), model);
        assertThat(model.requests.getLast()).isEqualTo("""
                The following are multiple choice questions (with answers) about high physics.

                d1
                A. a
                B. b
                C. c
                D. d
                Answer: A

                t1
                A. a
                B. b
                C. c
                D. d
                Answer:| A| B| C| D""");
        assertThat(model.requests.getFirst()).contains("t2,\nwith a line\nA. a");
        assertThat(result.groups()).extracting(TaskResult::task).containsExactly("art", "high_physics");
        assertThat(value(result.groups().get(0), "acc")).isCloseTo(2 / 3.0, within(1e-12));
        assertThat(value(result, "acc")).isCloseTo(3 / 4.0, within(1e-12));
        // Art's 0, 1, 1 have the variance 1/3, with two degrees of freedom; physics' single item has none.
        assertThat(result.metrics().getFirst().standardError()).isCloseTo(Math.sqrt(1 / 3.0 / 4), within(1e-12));
    }

    @Test
    void mmlusOwnFilesHaveNoLineOfNames() throws IOException {
        write("mmlu/dev/art_dev.csv", "'d1, or so?',a,b,c,d,C\n");
        write("mmlu/test/art_test.csv", "'t1,\n''two'' lines',a,b,c,d,D\nt2,a,b,c,d,A\n");
        FakeModel model = new FakeModel(1000).character('D', -0.1);
        TaskResult result = run("mmlu", new EvalOptions(100, 1, 2), model);
        assertThat(result.items()).isEqualTo(2);
        assertThat(value(result, "acc")).isEqualTo(0.5);
        assertThat(model.requests.getFirst())
                .contains("d1, or so?\nA. a\nB. b\nC. c\nD. d\nAnswer: C\n\nt1,\n\"two\" lines\nA. a\n");
        write("mmlu/test/art_test.csv", "t1,a,b,c,d,D\nt2,a,b,c,d\n");
        assertThatThrownBy(() -> run("mmlu", new EvalOptions(100, 1, 2), model))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("art_test.csv row 2 is not a row of a CSV file");
        write("mmlu/test/art_test.csv", "t1,a,b,c,d,E\n");
        assertThatThrownBy(() -> run("mmlu", new EvalOptions(100, 1, 2), model))
                .hasMessageContaining("art_test.csv row 1: field \"answer\" is \"E\"");
    }

    @Test
    void errorsOfSubjectsArePooled() throws IOException {
        String header = "question,choice0,choice1,choice2,choice3,answer\n";
        write("mmlu/test/art_test.csv", header + "t1,a,b,c,d,0\nt2,a,b,c,d,3\n");
        write("mmlu/test/law_test.csv", header + "t3,a,b,c,d,0\nt4,a,b,c,d,3\nt5,a,b,c,d,3\n");
        FakeModel model = new FakeModel(1000).character('D', -0.1);
        TaskResult result = run("mmlu", EvalOptions.defaults(), model);
        // Variances 1/2 and 1/3 with one and two degrees of freedom: 7/18, over five items.
        assertThat(result.metrics().getFirst().standardError()).isCloseTo(Math.sqrt(7 / 18.0 / 5), within(1e-12));

        write("mmlu/test/art_test.csv", header + "t1,a,b,c,d,0\n");
        write("mmlu/test/law_test.csv", header + "t3,a,b,c,d,0\n");
        assertThat(run("mmlu", EvalOptions.defaults(), model)
                        .metrics()
                        .getFirst()
                        .standardError())
                .isNaN();
    }

    @Test
    void everyTokenOfADocumentIsPredictedOnce() throws IOException {
        write("perplexity/a.txt", "abcdefghij");
        FakeModel model = new FakeModel(4);
        TaskResult result = run("perplexity", EvalOptions.defaults(), model);
        // Ten characters of one byte at -1 each; the last window reaches back as far as four tokens go.
        assertThat(model.requests).containsExactly((char) FakeModel.START + "|abcd", "d|efgh", "fgh|ij");
        assertThat(value(result, "bits_per_byte")).isCloseTo(1 / Math.log(2), within(1e-12));
        assertThat(value(result, "word_perplexity")).isCloseTo(Math.exp(10), within(1e-6));
        assertThat(value(result, "token_perplexity")).isCloseTo(Math.E, within(1e-12));
    }

    /** As {@code re.split(r"\s+", page)} has them: six, of which the first and the last are empty. */
    @Test
    void wordsAreCountedAsTheHarnessCountsThem() throws IOException {
        write("perplexity/a.txt", " \n= a \u00a0b =c\n");
        TaskResult result = run("perplexity", EvalOptions.defaults(), new FakeModel(100));
        assertThat(value(result, "word_perplexity")).isCloseTo(Math.exp(12 / 6.0), within(1e-9));
    }

    @Test
    void answersInFreeWordsAreCompared() throws IOException {
        write("qa_f1.jsonl", "{'context': 'c', 'input': 'who?', 'answers': ['The red Fox!', 'dog']}\n");
        FakeModel model = new FakeModel(1000).answer(" a red cat and fox");
        // Without articles and punctuation: {red, cat, and, fox} and {red, fox}: precision 1/2, recall 1.
        assertThat(value(run("qa_f1", EvalOptions.defaults(), model), "f1")).isCloseTo(2 / 3.0, within(1e-12));
        assertThat(model.prompts).containsExactly("c\n\nwho?");
    }

    @Test
    void answersAreALineAndSummariesAreWhole() throws IOException {
        write("qa_f1.jsonl", "{'input': 'who?', 'answers': 'fox'}\n");
        write("qa_rouge_l.jsonl", "{'input': 'what?', 'answers': 'a dog ran home'}\n");
        FakeModel model = new FakeModel(2000).answer("\n\na fox\nran home");
        assertThat(value(run("qa_f1", EvalOptions.defaults(), model), "f1")).isOne();
        // "a", "ran", "home" of four words each.
        assertThat(value(run("qa_rouge_l", EvalOptions.defaults(), model), "rouge_l"))
                .isCloseTo(3 / 4.0, within(1e-12));
        assertThat(model.newTokens).containsExactly(64, 512);

        FakeModel small = new FakeModel(100).answer("dog");
        assertThat(run("qa_rouge_l", EvalOptions.defaults(), small).truncated()).isZero();
        assertThat(small.prompts).containsExactly("what?");
        assertThat(small.newTokens).containsExactly(50);
    }

    @Test
    void classesAreCounted() throws IOException {
        write("qa_accuracy.jsonl", """
                {'input': 'which?', 'answers': ['Food'], 'all_classes': ['Food', 'Animal', 'City']}
                {'input': 'which?', 'answers': ['City'], 'all_classes': ['Food', 'Animal', 'City']}
                {'input': 'which?', 'answers': ['Food'], 'all_classes': null}
                """);
        FakeModel model = new FakeModel(100).answer("Animal, or Food");
        assertThat(value(run("qa_accuracy", EvalOptions.defaults(), model), "accuracy"))
                .isCloseTo((1 / 2.0 + 0 + 1) / 3, within(1e-12));
    }

    @Test
    void needlesFitTheLengthAskedForAndAreFound() {
        FakeModel model = new FakeModel(1024);
        TaskResult missed = run("niah", new EvalOptions(3, 0, 1), model);
        assertThat(missed.groups()).extracting(TaskResult::task).containsExactly("niah_1 512", "niah_1 1024");
        assertThat(value(missed, "accuracy")).isZero();
        assertThat(model.prompts).hasSize(6).allMatch(p -> p.contains("One of the special magic numbers for "));
        assertThat(model.prompts.subList(0, 3)).allMatch(p -> p.length() <= 496 && p.length() > 300);
    }

    /** One long line, and a text without blanks, whose sentences end otherwise. */
    @Test
    void haystacksOfAnyKindReachTheLength() throws IOException {
        for (String haystack :
                List.of("word ".repeat(4000), "天下大势。".repeat(4000), "Short. ".repeat(3) + "x ".repeat(9000))) {
            write("haystack.txt", haystack);
            FakeModel model = new FakeModel(4096).begins();
            TaskResult result = run("niah", new EvalOptions(4, 0, 1), model);
            assertThat(result.groups().getLast().task()).isEqualTo("niah_2");
            // 128 of the tokens are the answer's.
            assertThat(model.prompts.subList(model.prompts.size() - 4, model.prompts.size()))
                    .allMatch(p -> p.length() > 4096 - 128 - 90 && p.length() <= 4096 - 128)
                    .allMatch(p -> p.contains("is: "));
        }
        write("haystack.txt", " \n");
        assertThat(Tasks.files("niah", data)).isEmpty();
    }

    @Test
    void aNumberMayStandAnywhereInTheAnswer() {
        FakeModel seen = new FakeModel(512);
        Tasks.of("niah", new EvalOptions(1, 0, 1)).run(seen, new EvalOptions(1, 0, 1), Task.Progress.NONE);
        String number = seen.prompts.getFirst().replaceFirst("(?s).*is: (\\d{7})\\..*", "$1");
        FakeModel model = new FakeModel(512).answer("\n\nas told:\n" + number + ".");
        assertThat(value(run("niah", new EvalOptions(1, 0, 1), model), "accuracy"))
                .isOne();
    }

    @Test
    void textsBeginWithTheModelsToken() throws IOException {
        write("openbookqa.jsonl", "{'query': 'qq', 'choices': ['a', 'b'], 'gold': 1}");
        write("perplexity/a.txt", "abcdefgh");
        char start = (char) FakeModel.START;
        FakeModel model = new FakeModel(5).begins();
        run("openbookqa", EvalOptions.defaults(), model);
        run("perplexity", EvalOptions.defaults(), model);
        // A window that goes on with a document does not begin it.
        assertThat(model.requests).containsExactly(start + "qq| a| b", start + "|abcde", "cde|fgh");
        FakeModel shorter = new FakeModel(3).begins();
        run("openbookqa", EvalOptions.defaults(), shorter);
        assertThat(shorter.requests).as("cut from the left").containsExactly("qq| a| b");
    }

    @Test
    void filesMayHaveWhatTheTaskAddsAlready() throws IOException {
        write("piqa.jsonl", "{'query': 'Question: How?\\nAnswer:', 'choices': [' a', 'b'], 'gold': 1}");
        write("lambada.jsonl", "{'context': 'a b', 'continuation': ' c'}\n{'text': 'a b '}");
        write("arc_easy.csv", "query,choices,gold\nHow?,\"[''a'',''b'']\",0\n");
        FakeModel model = new FakeModel(99);
        for (String task : List.of("piqa", "lambada", "arc_easy")) {
            run(task, EvalOptions.defaults(), model);
        }
        assertThat(model.requests)
                .containsExactly("Question: How?\nAnswer:| a| b", "a b| c", "a| b", "Question: How?\nAnswer:| a| b");
    }

    @Test
    void whatCannotBeScoredIsNamed() throws IOException {
        write("mmlu/test/art_test.csv", "x");
        write("mmlu/test/art_test.jsonl", "x");
        assertThatThrownBy(() -> run("mmlu", new EvalOptions(1, 0, 1), new FakeModel(99)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("have the same name");
        write("qa_accuracy.jsonl", "{'input': 'q', 'answers': ['']}");
        assertThatThrownBy(() -> run("qa_accuracy", EvalOptions.defaults(), new FakeModel(99)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("qa_accuracy.jsonl line 1: field \"answers\" has no answer");
    }

    @Test
    void filesAndExamplesOfTasksAreKnown() throws IOException {
        Path piqa = write("piqa.jsonl", "{}");
        Path train = write("piqa.train.csv", "x");
        Path lambada = write("lambada_openai.jsonl", "{}");
        Path test = write("mmlu/test/art_test.csv", "x");
        Path dev = write("mmlu/dev/art_dev.csv", "x");
        assertThat(Tasks.files("piqa", data)).containsExactly(piqa, train);
        assertThat(Tasks.files("lambada", data)).containsExactly(lambada);
        assertThat(Tasks.files("mmlu", data)).containsExactly(test, dev);
        assertThat(Tasks.files("niah", data)).isEmpty();
        Path haystack = write("haystack.txt", "x");
        assertThat(Tasks.files("niah", data)).containsExactly(haystack);
        assertThat(Tasks.files("hop:max_hops=2", data)).isEmpty();
        assertThatThrownBy(() -> Tasks.files("qa_f1", data)).hasMessageContaining("has no file for task qa_f1");
        assertThat(Tasks.names().stream().filter(Tasks::takesExamples))
                .containsExactly("hellaswag", "piqa", "arc_easy", "arc_challenge", "openbookqa", "winogrande", "mmlu");
    }

    @Test
    void whatIsNotThereIsNamed() {
        assertThatThrownBy(() -> run("hops", EvalOptions.defaults(), new FakeModel(9)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("\"hops\" is unknown")
                .hasMessageContaining("hellaswag");
        assertThatThrownBy(() -> run("hellaswag", EvalOptions.defaults(), new FakeModel(9)))
                .hasMessageContaining("has no file for task hellaswag");
        assertThatThrownBy(() -> new EvalOptions(0, 0, 1)).hasMessageContaining("limit is 0");
    }

    @Test
    void progressEndsWithAllItems() throws IOException {
        write("openbookqa.jsonl", "{'query': 'q', 'choices': ['a', 'b'], 'gold': 1}\n".repeat(5));
        EvalOptions options = new EvalOptions(5, 0, 2);
        List<Integer> seen = new ArrayList<>();
        Tasks.of("openbookqa", data, options).run(new FakeModel(9), options, seen::add);
        assertThat(seen).containsExactly(2, 4, 5);
    }
}

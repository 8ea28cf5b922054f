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
import io.yoco4j.eval.synthetic.Example;
import io.yoco4j.eval.synthetic.Generators;
import io.yoco4j.eval.synthetic.SequenceGenerator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class SyntheticTaskTest {
    private static TaskResult run(String task, int limit, int batch, FakeModel model) {
        EvalOptions options = new EvalOptions(limit, 0, batch);
        return Tasks.of(task, options).run(model, options, Task.Progress.NONE);
    }

    /** A model of a generator's words. */
    private static FakeModel model(String task, int maxTokens) {
        return new FakeModel(maxTokens).words(Generators.of(task).words());
    }

    private static double value(TaskResult result, String metric) {
        return result.metrics().stream()
                .filter(m -> m.name().equals(metric))
                .mapToDouble(Metric::value)
                .findFirst()
                .orElseThrow();
    }

    /** Where the token itself is the answer, after no hop, a model that repeats is right; after one hop it never is. */
    @Test
    void repeatingIsRightWhereNoHopIsAsked() {
        TaskResult result = run("hop:max_hops=1,length=30", 40, 7, model("hop", 30));
        assertThat(result.task()).isEqualTo("hop:max_hops=1,length=30");
        assertThat(result.items()).isEqualTo(40);
        assertThat(result.groups()).extracting(TaskResult::task).containsExactly("k 0", "k 1");
        assertThat(value(result.groups().get(0), "acc")).isEqualTo(1);
        assertThat(value(result.groups().get(0), "exact")).isEqualTo(1);
        assertThat(value(result.groups().get(1), "acc")).isZero();
        double still = result.groups().get(0).items();
        assertThat(result.groups().get(1).items()).isEqualTo(40 - (int) still);
        assertThat(value(result, "acc")).isCloseTo(still / 40, within(1e-12));
        double p = still / 40;
        assertThat(result.metrics().getFirst().standardError()).isCloseTo(Math.sqrt(p * (1 - p) / 39), within(1e-12));
        assertThat(run("hop:max_hops=1,length=30", 40, 40, model("hop", 30))).isEqualTo(result);
    }

    /** With many hops most letters lead nowhere, so that accuracy alone says little. */
    @Test
    void labelsThatSayNowhereAreToldApart() {
        String spec = "hop:length=30,min_hops=6,max_hops=6";
        int nowhere = Generators.of(spec).noAnswer().orElseThrow();
        TaskResult result = run(spec, 20, 7, model("hop", 30).next((_, _) -> nowhere));
        double share = value(result, "undefined");
        assertThat(share).isBetween(0.5, 0.99);
        assertThat(value(result, "acc")).isCloseTo(share, within(1e-12));
        assertThat(value(result, "acc_defined")).isZero();

        // Of a b a c a, one hop from each is ~ ~ b ~ c: three labels of five are none.
        TaskResult fixed = new SyntheticTask("hop", new Fixed("hop:max_hops=1,length=6"), 1)
                .run(
                        model("hop", 6)
                                .next((_, i) ->
                                        i == 3 ? Generators.of("hop").words().indexOf("b") : nowhere),
                        EvalOptions.defaults(),
                        Task.Progress.NONE);
        assertThat(value(fixed, "acc")).isCloseTo(4 / 5.0, within(1e-12));
        assertThat(value(fixed, "acc_defined")).isCloseTo(1 / 2.0, within(1e-12));
        assertThat(value(fixed, "undefined")).isCloseTo(3 / 5.0, within(1e-12));
        assertThat(run("mqar", 1, 1, model("mqar", 256)).metrics())
                .extracting(Metric::name)
                .containsExactly("acc", "exact");
        assertThat(run("hop:length=2,min_hops=1,max_hops=1", 3, 1, model("hop", 2))
                        .metrics())
                .as("a single letter leads nowhere")
                .extracting(Metric::name)
                .containsExactly("acc", "exact", "undefined");
    }

    /** One hop over the string a b a c a. */
    private record Fixed(SequenceGenerator of) implements SequenceGenerator {
        Fixed(String spec) {
            this(Generators.of(spec));
        }

        @Override
        public String name() {
            return of.name();
        }

        @Override
        public List<String> words() {
            return of.words();
        }

        @Override
        public OptionalInt noAnswer() {
            return of.noAnswer();
        }

        @Override
        public int maxLength() {
            return of.maxLength();
        }

        @Override
        public Example example(long index) {
            int none = of.noAnswer().orElseThrow();
            int a = of.words().indexOf("a");
            return new Example(
                    new int[] {of.words().indexOf("1"), a, a + 1, a, a + 2, a},
                    new int[] {Example.NONE, none, none, a + 1, none, a + 2},
                    List.of());
        }
    }

    /** A model that looks a key's value up, and knows no other than the first pair's. */
    @Test
    void labelsAreCountedByExample() {
        String spec = "mqar:pairs=4,min_length=16,max_length=32";
        FakeModel first = model("mqar", 32).next((ids, i) -> ids[i] == ids[0] ? ids[1] : 0);
        TaskResult result = run(spec, 50, 8, first);
        assertThat(result.groups()).extracting(TaskResult::task).containsExactly("length 16", "length 32");
        assertThat(value(result.groups().get(0), "acc")).isEqualTo(1 / 4.0);
        assertThat(value(result.groups().get(1), "acc")).isEqualTo(1 / 8.0);
        assertThat(value(result, "exact")).isZero();

        FakeModel all = model("mqar", 32).next((ids, i) -> {
            int at = 0;
            while (ids[at] != ids[i]) {
                at++;
            }
            return ids[at + 1];
        });
        assertThat(value(run(spec, 50, 8, all), "exact")).isEqualTo(1);
    }

    @Test
    void needlesBelongToALengthAndADistance() {
        SequenceGenerator generator = Generators.of("niah_small");
        TaskResult result = run("niah_small", 60, 8, model("niah_small", 256));
        List<String> names = result.groups().stream().map(TaskResult::task).toList();
        assertThat(names).contains("length 64", "length 128", "length 256", "distance from 32", "distance from 64");
        int byLength = result.groups().stream()
                .filter(g -> g.task().startsWith("length"))
                .mapToInt(TaskResult::items)
                .sum();
        assertThat(byLength).isEqualTo(60);
        Example first = generator.test(0);
        assertThat(names)
                .contains(
                        first.groups().get(0).toString(), first.groups().get(1).toString());
    }

    @Test
    void testExamplesAreAsked() {
        List<int[]> asked = new ArrayList<>();
        FakeModel model = model("far_pairs", 600).next((ids, i) -> {
            asked.add(ids);
            return 0;
        });
        run("far_pairs", 1, 1, model);
        assertThat(asked.getFirst())
                .isEqualTo(Generators.of("far_pairs").test(0).ids());
    }

    @Test
    void anotherVocabularyIsRefused() {
        assertThatThrownBy(() -> run("hop", 3, 1, new FakeModel(100)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("task hop has \"_\" as token 0, but the model's tokenizer makes [95] of it: take a model of"
                        + " yoco train --synthetic hop, or leave the task out");
        // Keys end where values begin, so that a larger vocabulary is no longer one of a smaller task.
        assertThatThrownBy(() -> run("mqar:vocabulary=256", 3, 1, model("mqar:vocabulary=512", 256)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("has \"v128\" as token 128, but the model's tokenizer makes [0] of it");
        assertThat(run("hop:letters=3,length=9", 3, 1, model("hop", 9)).items())
                .as("letters that the model has, at their ids")
                .isEqualTo(3);
    }

    @Test
    void whatDoesNotGoTogetherIsNamed() {
        assertThatThrownBy(() -> run("hop", 3, 1, new FakeModel(99)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("task hop has examples of 100 tokens, but the model takes 99");
        assertThatThrownBy(() -> run("piqa", 3, 1, new FakeModel(99)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("task piqa reads evaluation files: name their folder with --data");
        assertThatThrownBy(() -> run("piqa:k=1", 3, 1, new FakeModel(99))).hasMessageContaining("is unknown");
        assertThatThrownBy(() -> run("hop:k=1", 3, 1, new FakeModel(99))).hasMessageContaining("k is unknown");
        EvalOptions options = new EvalOptions(2, 0, 1);
        assertThat(Tasks.of("hop", Path.of("nowhere"), options).items()).isEqualTo(2);
        assertThat(Tasks.names()).contains("piqa", "hop", "mqar", "niah_small", "far_pairs");
    }
}
